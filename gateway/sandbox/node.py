"""The Control API of a node: what it holds in memory of routes, services, upstreams.

    GET /v1/routes    GET /v1/route/ID    and the same of services and upstreams

A subset: what else a node tells (schemas, health checks, plugin metadata) is no path
here. Values are as stored; a real node also fills in defaults and what it resolved.
Facts: https://apisix.apache.org/docs/apisix/control-api/ and a running 3.18.0.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.kinds import KINDS
from gateway.sandbox.faults import Faults
from gateway.sandbox.store import Entry, Store

TOLD = ("route", "service", "upstream")
NO_SUCH_PATH = "<html><head><title>404 Not Found</title></head></html>"


def node_app(store: Store, faults: Faults) -> ASGIApp:
    """Return the Control API over this store, as late as `faults.lag` says."""

    def answer(request: Request) -> Response:
        _, _, path = request.url.path.partition("/v1/")
        name, _, resource_id = path.partition("/")
        for kind in TOLD if request.method == "GET" else ():
            rows = dict(store.entries_as_of(kind, faults.lag))
            if path == KINDS[kind].path:
                return JSONResponse([_told(kind, *row) for row in rows.items()])
            if name == kind and resource_id in rows:
                return JSONResponse(_told(kind, resource_id, rows[resource_id]))
            if name == kind:
                words = f"{kind}[{resource_id}] not found"
                return JSONResponse({"error_msg": words}, 404)
        return HTMLResponse(NO_SUCH_PATH, 404)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answer(Request(scope, receive))(scope, receive, send)

    return app


def _told(kind: str, key: str, entry: Entry) -> dict[str, Any]:
    return {
        "key": f"/apisix/{KINDS[kind].path}/{key}",
        "value": {"id": key, **entry.document},
        "createdIndex": entry.created,
        "modifiedIndex": entry.modified,
        "orig_modifiedIndex": entry.modified,
    }
