"""The Admin API: who may ask, which resource is meant, which verb answers.

What a verb does is in `resource.py`; what makes a document acceptable in `checks.py`.
"""

import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.kinds import KINDS
from gateway.sandbox import answers
from gateway.sandbox.answers import Crash, Refused
from gateway.sandbox.faults import Faults
from gateway.sandbox.request import (
    KIND_BY_SEGMENT,
    PREFIX,
    AdminRequest,
    Arguments,
    arguments,
    lua_number,
    read_body,
    segments,
)
from gateway.sandbox.resource import Resources
from gateway.sandbox.store import Store

METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"})


class _AdminAPI:
    def __init__(self, store: Store, faults: Faults, admin_key: str) -> None:
        self._faults = faults
        self._admin_key = admin_key
        self._resources = Resources(store, faults)

    async def answer(self, request: Request) -> Response:
        path = request.scope["path"]
        if not path.startswith(PREFIX):
            return answers.page(404)
        if request.method == "OPTIONS":
            return answers.plain(200)
        if path == PREFIX:
            return answers.plain(200) if request.method == "HEAD" else answers.page(404)
        if request.method not in METHODS:
            return answers.page(404)
        try:
            query = arguments(request.scope["query_string"].decode("latin-1"))
            self._authorise(request, query)
            return self._dispatch(request, segments(path), query, await request.body())
        except Refused as refusal:
            return answers.answer(refusal.status, refusal.body)
        except Crash:
            return answers.page(500)

    def _authorise(self, request: Request, query: Arguments) -> None:
        given = query.get("api_key") or request.headers.get("X-API-KEY")
        if not given:
            given = _cookie(request.headers.get("Cookie", ""), "x_api_key")
        if not given:
            raise Refused(
                "failed to check token", status=401, description="missing apikey"
            )
        if not hmac.compare_digest(str(given).encode(), self._admin_key.encode()):
            raise Refused(
                "failed to check token", status=401, description="wrong apikey"
            )

    def _dispatch(
        self, request: Request, parts: list[str], query: Arguments, body: bytes
    ) -> Response:
        segment, resource_id, rest = parts[0], *_split(parts[1:])
        kind = KIND_BY_SEGMENT.get(segment)
        if kind is None:
            raise Refused(f"Unsupported resource type: {segment}", status=404)
        parent = None
        if kind.name == "consumer" and rest.split("/")[0] == "credentials":
            kind, parent = KINDS["credential"], resource_id
            resource_id, rest = _split(rest.split("/")[1:])
        if kind.name == "secret" and resource_id is not None:
            manager, (name, rest) = resource_id, _split(rest.split("/"))
            resource_id = f"{manager}/{name}" if name else manager
        if request.method == "HEAD":
            raise Refused("not found", status=404)
        decoded = read_body(body) if body else None
        if "ttl" in query and lua_number(query["ttl"]) is None:
            raise Refused("invalid argument ttl: should be a number")
        return self._resources.answer(
            AdminRequest(
                kind=kind,
                method=request.method,
                resource_id=resource_id,
                sub_path=rest,
                arguments=query,
                body=decoded,
                has_body=bool(body),
                parent=parent,
            )
        )


def _split(parts: list[str]) -> tuple[str | None, str]:
    return (parts[0] or None if parts else None), "/".join(parts[1:])


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
