"""`/mcp`: who calls, what was sent, and how refusals are told before the protocol begins.

Cookies do not count here. There are no sessions and no streams, so POST is all there is.
https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
"""

from functools import partial
from typing import Any

import orjson
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from portal import callers, strict_json
from portal.accounts.actor import Channel
from portal.accounts.errors import ScopeMissing
from portal.bodies import drain
from portal.callers import BadToken, TooMany
from portal.errors import GatehouseError
from portal.mcp.caller import Caller
from portal.wire.problems import problem_of

PART = "/mcp"
# JSON-RPC's codes for what cannot be read and what is no request.
PARSE_ERROR, INVALID_REQUEST = -32700, -32600
JSON_TYPES = frozenset({"application/json", "application/*", "*/*"})


class Refused(GatehouseError):
    """A request that is refused before a message is read from it."""

    code = "malformed"

    def __init__(self, status: int, words: str, *, code: str = "malformed") -> None:
        super().__init__(words)
        self.status, self.code = status, code


# Nothing here is done for a session, so no other site can have it done.
@csrf_exempt
def mcp(request: HttpRequest) -> HttpResponse:
    """Answer one request of an MCP client."""
    try:
        response = _answer(request)
    except (GatehouseError, OperationalError) as error:
        drain(request)
        response = _refusal(request, error)
    # What one person may see must not stay in a shared cache.
    response["Cache-Control"] = "no-store"
    return response


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise Refused(
            405, "Send a POST: there are no streams.", code="method_not_allowed"
        )
    _check_origin(request)
    token = callers.token_of(request, _secret(request), part=PART)
    callers.count(request, token)
    _check_types(request)
    caller = Caller(
        actor=callers.program(request, token, Channel.MCP),
        count=partial(callers.count, request, token),
        conversation=callers.conversation_of(request),
    )
    message = _message(request)
    # The SDK takes a second to load: only a process that serves MCP does.
    from portal.mcp.protocol import reply

    headers = {name.lower(): value for name, value in request.headers.items()}
    told = reply(message, headers, caller)
    if told.body is None:
        return HttpResponse(status=told.status)
    return _json(told.status, told.body)


def _check_origin(request: HttpRequest) -> None:
    """Refuse other sites' pages, as the specification asks; other programs have none."""
    origin = request.headers.get("Origin", "")
    if origin.startswith(("http://", "https://")) and (
        origin not in settings.CORS_ALLOWED_ORIGINS
    ):
        raise Refused(
            403, f"Pages of {origin[:200]} may not call this desk.", code="not_allowed"
        )


def _secret(request: HttpRequest) -> str:
    if not request.headers.get("Authorization"):
        raise BadToken(
            "Connect with OAuth, or send a token as Authorization: Bearer. Make one at "
            f"{settings.PUBLIC_URL}/tokens/."
        )
    return callers.bearer_of(request)


def _check_types(request: HttpRequest) -> None:
    if (request.content_type or "").lower() != "application/json":
        raise Refused(
            415,
            "Send JSON with Content-Type: application/json.",
            code="unsupported_media_type",
        )
    accepted = {
        one.partition(";")[0].strip().lower()
        for one in request.headers.get("Accept", "*/*").split(",")
    }
    if accepted.isdisjoint(JSON_TYPES):
        raise Refused(
            406, "Answers are JSON: send Accept: application/json, text/event-stream."
        )


def _message(request: HttpRequest) -> Any:
    """Return the JSON that was sent. Raises Refused, NotStrict."""
    limit = settings.API_BODY_LIMIT
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if "HTTP_TRANSFER_ENCODING" in request.META and not length:
        raise Refused(
            411, "Send the body with a Content-Length.", code="length_required"
        )
    content = b"" if length > limit else request.read(limit + 1)
    if max(length, len(content)) > limit:
        raise Refused(
            413,
            f"The body is larger than {limit:,} bytes. Split the change into smaller ones.",
            code="too_large",
        )
    try:
        return strict_json.read_value(content.decode())
    except UnicodeDecodeError as error:
        raise Unreadable(f"The body is not UTF-8 (byte {error.start}).") from error
    except strict_json.NotStrict as error:
        raise Unreadable(str(error), field=error.field) from error


class Unreadable(GatehouseError):
    """The body is no JSON, or JSON that parsers read in different ways."""

    code = "malformed"
    status = 400


def _refusal(request: HttpRequest, error: Exception) -> HttpResponse:
    problem = problem_of(error)
    body = problem.body(
        instance=request.path, request_id=getattr(request, "request_id", "")
    )
    code = PARSE_ERROR if isinstance(error, Unreadable) else INVALID_REQUEST
    told = {"code": code, "message": body["detail"], "data": body}
    response = _json(problem.status, {"jsonrpc": "2.0", "id": None, "error": told})
    wait = error.wait if isinstance(error, TooMany) else problem.wait
    if wait:
        response["Retry-After"] = str(wait)
    if problem.status == 405:
        response["Allow"] = "POST"
    if isinstance(error, BadToken):
        came = bool(request.headers.get("Authorization"))
        response["WWW-Authenticate"] = callers.challenge(
            part=PART, error="invalid_token" if came else ""
        )
    if isinstance(error, ScopeMissing):
        response["WWW-Authenticate"] = callers.challenge(
            part=PART, error="insufficient_scope", scope=error.scope
        )
    return response


def _json(status: int, body: Any) -> HttpResponse:
    return HttpResponse(
        orjson.dumps(body), status=status, content_type="application/json"
    )
