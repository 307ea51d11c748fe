"""Where programs get, renew, give back tokens, and where they register themselves.

No cookie counts here and no bearer token: whoever asks is known by its client id, and
by its secret if it has one. Answers are JSON, as the RFCs have them.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from portal import strict_json
from portal.accounts.actor import Channel
from portal.accounts.models import Program, Scope
from portal.accounts.programs import register as register_program
from portal.accounts.redirects import BadRedirect
from portal.accounts.sign_in import Stranger
from portal.client_address import network_of
from portal.oauth import server
from portal.oauth.parameters import Malformed, Parameters, read
from portal.oauth.validator import REQUEST_ID
from portal.rate_limits import Window

BODY_LIMIT = 16_384
FORM = "application/x-www-form-urlencoded"

View = Callable[[HttpRequest], HttpResponse]


class Refused(Exception):
    """An answer that no program likes: status, RFC 6749's error and words."""

    def __init__(self, status: int, error: str, words: str, wait: float = 0) -> None:
        super().__init__(words)
        self.status, self.error, self.wait = status, error, wait


def endpoint(view: View) -> View:
    """Wrap a view for programs: POST alone, nothing kept, refusals as JSON."""

    @csrf_exempt
    @never_cache
    @require_POST
    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except Refused as refused:
            return _refusal(refused)
        except OperationalError:
            words = "The database is busy; try again."
            return _refusal(Refused(503, "temporarily_unavailable", words, wait=5))

    return answered


def _refusal(refused: Refused) -> HttpResponse:
    response = JsonResponse(
        {"error": refused.error, "error_description": str(refused)},
        status=refused.status,
    )
    if refused.wait:
        response["Retry-After"] = str(round(refused.wait))
    return response


def _body(request: HttpRequest, media_type: str, error: str) -> str:
    if request.content_type != media_type:
        raise Refused(400, error, f"Send Content-Type: {media_type}.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
        raise Refused(413, error, f"Send {BODY_LIMIT:,} bytes at most.")
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        raise Refused(400, error, "Send UTF-8.") from None


def _counted(
    request: HttpRequest,
    names: tuple[str, ...],
    ask: Callable[[Parameters, dict[str, str]], server.Answer],
) -> HttpResponse:
    """Answer a form, unless too many from this network were refused."""
    tries = Window(
        "oauth", network_of(request), limit=settings.API_RATE_FAILED, seconds=60
    )
    # Counted before, given back after: many at once are not one.
    if not tries.allows():
        raise Refused(
            429, "temporarily_unavailable", "Too many were refused.", tries.wait()
        )
    try:
        parameters = read(_body(request, FORM, "invalid_request"), names)
    except Malformed as error:
        raise Refused(400, "invalid_request", str(error)) from None
    headers = {REQUEST_ID: str(getattr(request, "request_id", ""))}
    if given := request.headers.get("Authorization", ""):
        headers["HTTP_AUTHORIZATION"] = given
    answer = ask(parameters, headers)
    if answer.status < 400:
        tries.give_back()
    return HttpResponse(
        answer.body,
        status=answer.status,
        headers=answer.headers,
        content_type="application/json",
    )


@endpoint
def token(request: HttpRequest) -> HttpResponse:
    """Give tokens for a code or a refresh token (RFC 6749, 4.1.3 and 6)."""
    return _counted(request, server.TOKEN, server.tokens)


@endpoint
def revoke(request: HttpRequest) -> HttpResponse:
    """Take a token back (RFC 7009)."""
    return _counted(request, server.REVOKE, server.revoked)


@endpoint
@sensitive_variables("secret", "content")
def register(request: HttpRequest) -> HttpResponse:
    """Let a program register itself (RFC 7591). What it may do is ours to say."""
    if not settings.OAUTH_REGISTRATION:
        raise Refused(
            403,
            "access_denied",
            "Programs cannot register themselves here. Ask an administrator.",
        )
    limit = settings.OAUTH_REGISTRATION_RATE
    made = Window("register", network_of(request), limit=limit, seconds=3600)
    if not made.allows():
        raise Refused(
            429, "temporarily_unavailable", "Too many registrations.", made.wait()
        )
    metadata = _metadata(request)
    method = metadata.get("token_endpoint_auth_method", "client_secret_basic")
    actor = Stranger(
        client=request.headers.get("User-Agent", "")[:200],
        request_id=getattr(request, "request_id", ""),
        channel=Channel.API,
    )
    try:
        program, secret = register_program(
            name=metadata.get("client_name", ""),
            redirect_uris=metadata.get("redirect_uris", []),
            has_secret=method != "none",
            source=Program.RegistrationSource.DCR,
            actor=actor,
        )
    except BadRedirect as error:
        raise Refused(400, "invalid_redirect_uri", str(error)) from None
    content = {
        "client_id": program.client_id,
        "client_id_issued_at": int(time.time()),
        "client_name": program.name,
        "redirect_uris": program.redirect_uris.split(),
        "token_endpoint_auth_method": method,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": " ".join(Scope.values),
    }
    if secret:
        content |= {"client_secret": secret, "client_secret_expires_at": 0}
    return JsonResponse(content, status=201)


def _metadata(request: HttpRequest) -> dict[str, Any]:
    """Return what the program says of itself. Raises Refused."""
    error = "invalid_client_metadata"
    try:
        metadata = strict_json.read_object(_body(request, "application/json", error))
    except strict_json.NotStrict as refused:
        raise Refused(400, error, str(refused)) from None
    if not isinstance(metadata.get("client_name", ""), str):
        raise Refused(400, error, "client_name is text.")
    method = metadata.get("token_endpoint_auth_method", "client_secret_basic")
    if method not in ("none", "client_secret_basic", "client_secret_post"):
        raise Refused(
            400,
            error,
            "token_endpoint_auth_method is none, client_secret_basic or "
            "client_secret_post.",
        )
    for name, needed in (
        ("grant_types", "authorization_code"),
        ("response_types", "code"),
    ):
        given = metadata.get(name, [needed])
        if not isinstance(given, list) or needed not in given:
            raise Refused(400, error, f"{name} is a list that holds {needed}.")
    return metadata
