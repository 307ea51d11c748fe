"""The shapes of the Admin API's answers."""

from typing import Any

import orjson
from starlette.responses import Response

from gateway.sandbox.store import Entry

VERSION = "3.18.0"

# Every answer says what it imitates and that it is an imitation.
HEADERS = {"Server": f"APISIX/{VERSION}", "X-Sandbox": "gatehouse"}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "*",
    "Access-Control-Max-Age": "3600",
}

_REASONS = {
    304: "Not Modified",
    404: "Not Found",
    412: "Precondition Failed",
    500: "Internal Server Error",
}


class Refused(Exception):
    """The request ends here with this status and this `error_msg`."""

    def __init__(self, message: str, *, status: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error_msg": message, **more}


class KeyNotFound(Refused):
    """There is no such document."""

    def __init__(self) -> None:
        super().__init__("", status=404)
        self.body = {"message": "Key not found"}


class Crash(Exception):
    """APISIX itself fails on this request: 500 with a page of HTML."""


def plain(
    status: int, text: str = "", *, headers: dict[str, str] | None = None
) -> Response:
    """Return a text answer."""
    return Response(
        text, status, headers=HEADERS | CORS | (headers or {}), media_type="text/plain"
    )


def page(status: int) -> Response:
    """Return the page of HTML that the web server itself answers with."""
    reason = _REASONS[status]
    return Response(
        f"<html>\n<head><title>{status} {reason}</title></head>\n<body>\n"
        f"<center><h1>{status} {reason}</h1></center>\n<hr><center>sandbox</center>\n"
        "</body>\n</html>\n",
        status,
        headers=HEADERS,
        media_type="text/html",
    )


def answer(status: int, body: Any) -> Response:
    """Return a JSON answer."""
    return Response(
        orjson.dumps(body) + b"\n",
        status,
        headers=HEADERS | CORS | {"X-API-VERSION": "v3"},
        media_type="application/json",
    )


def one(path: str, entry: Entry, document: Any) -> dict[str, Any]:
    """Return the shape of one read document."""
    return {
        "key": f"/apisix{path}",
        "value": document,
        "createdIndex": entry.created,
        "modifiedIndex": entry.modified,
    }


def written(path: str, document: Any) -> dict[str, Any]:
    """Return the shape of a written document: no indexes."""
    return {"key": f"/apisix{path}", "value": document}


def deleted(path: str) -> dict[str, Any]:
    """Return the shape of a deletion."""
    return {"key": f"/apisix{path}", "deleted": "1"}
