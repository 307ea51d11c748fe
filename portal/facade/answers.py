"""The shapes of an Admin API's answers, and errors in them."""

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from django.db import OperationalError
from django.http import HttpResponse

from gateway.admin_api.write import Refused
from gateway.errors import GatewayError, Invalid, NotFound
from gateway.exchange import Answered
from portal import callers
from portal.callers import BadToken, TooMany
from portal.errors import GatehouseError

KEY_NOT_FOUND: Mapping[str, Any] = {"message": "Key not found"}

# Headers of the gateway's answer that a client may want to know.
KEPT = ("X-API-VERSION",)

log = structlog.get_logger(__name__)


def answer(status: int, body: Any, **headers: str) -> HttpResponse:
    """Return a JSON answer; `_` in names of headers means `-`."""
    return as_sent(
        status,
        orjson.dumps(body) + b"\n",
        "application/json",
        X_API_VERSION="v3",
        **headers,
    )


def as_sent(
    status: int, content: bytes, content_type: str, **headers: str
) -> HttpResponse:
    """Return an answer of any type."""
    response = HttpResponse(content, status=status, content_type=content_type)
    # What one person may see must not stay in a shared cache.
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def relayed(answered: Answered) -> HttpResponse:
    """Return what the gateway answered as it is, and of its headers those of an API."""
    content_type = answered.headers.get("Content-Type", "application/json")
    kept = {name: answered.headers[name] for name in KEPT if name in answered.headers}
    return as_sent(answered.status, answered.content, content_type, **kept)


def refused(error: Exception) -> HttpResponse:
    """Turn any error into an answer as an Admin API words it."""
    if isinstance(error, Refused):
        return answer(error.status, error.body)
    if isinstance(error, NotFound):
        return answer(404, KEY_NOT_FOUND)
    if isinstance(error, Invalid):
        return answer(error.status or 400, {"error_msg": error.detail})
    if isinstance(error, TooMany):
        return answer(429, {"error_msg": str(error)}, Retry_After=str(error.wait))
    if isinstance(error, BadToken):
        body = {"error_msg": "failed to check token", "description": str(error)}
        return answer(401, body, WWW_Authenticate=callers.challenge())
    if isinstance(error, GatehouseError):
        headers = {"Retry_After": "10"} if error.status == 503 else {}
        body = {"error_msg": str(error), **error.extra}
        return answer(error.status, body, **headers)
    if isinstance(error, GatewayError):
        words = f"The gateway cannot be asked now; nothing was stored: {error}"
        return answer(503, {"error_msg": words}, Retry_After="10")
    if isinstance(error, OperationalError):
        log.warning("database busy", exc_info=error)
        words = "The database is busy; nothing was stored. Try again."
        return answer(503, {"error_msg": words}, Retry_After="5")
    log.error("unexpected error", exc_info=error)
    words = "Something went wrong on our side. Tell an administrator the request id."
    return answer(500, {"error_msg": words})
