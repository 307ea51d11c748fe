"""The Admin API: who may ask, which resource is meant, which verb answers.

What a verb does is in `resource.py`; what makes a document acceptable in `checks.py`.
"""

import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.admin_api.request import (
    PREFIX,
    Arguments,
    UnknownKind,
    address_of,
    lua_number,
    segments,
)
from gateway.router.request import arguments
from gateway.sandbox import answers, catalogue, dry_run
from gateway.sandbox.answers import Crash, Refused
from gateway.sandbox.encryption import Veil
from gateway.sandbox.faults import Faults
from gateway.sandbox.request import AdminRequest, read_body
from gateway.sandbox.resource import Resources
from gateway.sandbox.store import Store

METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"})
# What nginx makes of a conditional header once APISIX has answered 200.
PRECONDITIONS = ("If-Match", "If-Unmodified-Since")


class _AdminAPI:
    def __init__(self, store: Store, faults: Faults, admin_key: str) -> None:
        self._store = store
        self._admin_key = admin_key
        self._resources = Resources(store, faults, Veil(admin_key))

    async def answer(self, request: Request) -> Response:
        path = request.scope["path"]
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return answers.page(404)
        if request.method == "OPTIONS":
            return answers.plain(200)
        if path == PREFIX:
            return answers.plain(200) if request.method == "HEAD" else answers.page(404)
        if request.method not in METHODS:
            return answers.page(404)
        try:
            response = await self._checked_answer(request, segments(path))
        except Refused as refusal:
            response = answers.answer(refusal.status, refusal.body)
        except Crash:
            response = answers.page(500)
        return _conditional(request, response)

    async def _checked_answer(self, request: Request, parts: list[str]) -> Response:
        query = arguments(request.scope["query_string"].decode("latin-1"))
        self._authorise(request, query)
        body = await request.body()
        match parts[0], request.method, parts[1:]:
            case "plugins", method, rest:
                return catalogue.plugins(method, rest, query)
            case "schema", "POST", ["validate", path]:
                return dry_run.validate_schema(path, body)
            case "schema", method, rest:
                return catalogue.schema(method, rest, query)
            case "configs", "POST", ["validate"]:
                content_type = request.headers.get("Content-Type", "")
                return dry_run.validate_configs(body, content_type, self._store)
        return self._resources.answer(_resource_request(request, parts, query, body))

    def _authorise(self, request: Request, query: Arguments) -> None:
        given = query.get("api_key") or request.headers.get("X-API-KEY")
        if not given:
            given = _cookie(request.headers.get("Cookie", ""), "x_api_key")
        words = "failed to check token"
        if not given:
            raise Refused(words, status=401, description="missing apikey")
        if not hmac.compare_digest(str(given).encode(), self._admin_key.encode()):
            raise Refused(words, status=401, description="wrong apikey")


def _resource_request(
    request: Request, parts: list[str], query: Arguments, body: bytes
) -> AdminRequest:
    try:
        address = address_of(request.method, parts)
    except UnknownKind as error:
        raise Refused(str(error), status=404) from None
    if request.method == "HEAD":
        raise Refused("not found", status=404)
    decoded = read_body(body) if body else None
    if "ttl" in query and lua_number(query["ttl"]) is None:
        raise Refused("invalid argument ttl: should be a number")
    return AdminRequest(
        kind=address.kind,
        method=request.method,
        resource_id=address.resource_id,
        sub_path=address.sub_path,
        arguments=query,
        body=decoded,
        has_body=bool(body),
        parent=address.parent,
    )


def _conditional(request: Request, response: Response) -> Response:
    """Return what a conditional request gets: the write has been done all the same."""
    if response.status_code != 200:
        return response
    if any(request.headers.get(name, "*") != "*" for name in PRECONDITIONS):
        return answers.page(412)
    if request.headers.get("If-None-Match") == "*":
        return answers.plain(304)
    return response


def _cookie(header: str, name: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None


def admin_app(store: Store, faults: Faults, *, admin_key: str) -> ASGIApp:
    """Return the Admin API as an ASGI app that answers this key alone."""
    api = _AdminAPI(store, faults, admin_key)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await api.answer(Request(scope, receive))
            await response(scope, receive, send)

    return app
