"""What a test may tell a sandbox that was started with `--faults`.

    GET    /_sandbox/faults    the faults in force
    PUT    /_sandbox/faults    a list of faults (see faults.py), instead of all others
    GET    /_sandbox/requests  the Admin API requests received since the last reset
    DELETE /_sandbox/requests  forget them
    POST   /_sandbox/reset     no documents, no faults, no requests

All need the admin key.
"""

import hmac
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.sandbox.faults import BadFault, Faults
from gateway.sandbox.store import Store


class _Control:
    def __init__(self, store: Store, faults: Faults, admin_key: str) -> None:
        self._store = store
        self._faults = faults
        self._admin_key = admin_key

    async def answer(self, request: Request) -> Response:
        key = request.headers.get("X-API-KEY", "")
        if not hmac.compare_digest(key.encode(), self._admin_key.encode()):
            return JSONResponse({"error_msg": "failed to check token"}, 401)
        match request.method, request.url.path:
            case "GET", "/_sandbox/faults":
                return JSONResponse(self._faults.describe())
            case "PUT", "/_sandbox/faults":
                return self._replace(await request.json())
            case "GET", "/_sandbox/requests":
                return JSONResponse(list(self._faults.requests))
            case "DELETE", "/_sandbox/requests":
                self._faults.requests.clear()
                return JSONResponse({})
            case "POST", "/_sandbox/reset":
                self._store.clear()
                self._faults.replace([])
                self._faults.requests.clear()
                return JSONResponse({})
        return JSONResponse({"error_msg": "not found"}, 404)

    def _replace(self, specs: Any) -> Response:
        try:
            self._faults.replace(specs)
        except (BadFault, TypeError, AttributeError) as error:
            return JSONResponse({"error_msg": f"not a list of faults: {error}"}, 400)
        return JSONResponse(self._faults.describe())


def control_app(
    admin: ASGIApp, store: Store, faults: Faults, *, admin_key: str
) -> ASGIApp:
    """Put the control paths in front of the Admin API."""
    control = _Control(store, faults, admin_key)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/_sandbox/"):
            response = await control.answer(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await admin(scope, receive, send)

    return app
