"""The one place where errors become answers: RFC 9457 problem+json.

GatehouseError and DRF's exceptions carry a status, a code and words; everything else
that escapes is ours: 500, logged, without details for the caller.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal import callers
from portal.accounts.errors import ScopeMissing
from portal.api.wire import BadJSON, StrictJSON
from portal.bodies import drain
from portal.errors import GatehouseError
from portal.wire.answers.changes import findings
from portal.wire.answers.conflict import collisions

MEDIA_TYPE = "application/problem+json"
ERRORS_LIMIT = 20
WORDS_LIMIT, FIELD_LIMIT = 2_000, 300
# A refused request's body is read to its end, or the client may miss the answer.
UNREAD = (401, 403, 404, 405, 411, 413, 415, 429)

log = structlog.get_logger(__name__)

# What each code means; `type` of a problem leads to these words.
CODES: dict[str, str] = {
    "malformed": "The request makes no sense as sent",
    "not_authenticated": "No token, or one that is not valid",
    "not_allowed": "The role or the token's scope does not reach this",
    "person_required": "Only a person signed in to the portal can do this",
    "not_yours": "The change belongs to somebody else",
    "self_review": "Somebody who wrote none of the change must decide",
    "not_found": "It does not exist, or not for you",
    "method_not_allowed": "This address does not take this method",
    "wrong_state": "The change or drift does not allow this now",
    "stale_revision": "A newer revision of the change exists",
    "stale_drift": "The resource was changed again outside of Gatehouse",
    "already_reviewed": "This person has decided on this revision already",
    "nothing_to_change": "The gateway holds what was asked for already",
    "too_slow": "The gateway's patterns take too long on this request",
    "idempotency_key_reused": "The idempotency key was used for another request",
    "length_required": "The body's length must be sent",
    "too_large": "The body is too large",
    "unsupported_media_type": "The body must be of another type",
    "collides": "Somebody else changed the same on the gateway",
    "cannot_roll_back": "The change cannot be undone as things are now",
    "blocked": "A blocker stands in the way; findings say which",
    "too_many_requests": "Too many requests in a minute",
    "gateway_down": "The gateway cannot be asked now; nothing was stored",
    "busy": "Gatehouse is busy; nothing was stored",
    "internal": "Gatehouse failed; the request id finds the cause in its logs",
}

DRF_CODES: dict[type[Exception], str] = {
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "not_authenticated",
    exceptions.PermissionDenied: "not_allowed",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "too_many_requests",
    exceptions.ParseError: "malformed",
    exceptions.ValidationError: "malformed",
}

FieldError = dict[str, str]


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    request: Any,
    field: str = "",
    errors: list[FieldError] | None = None,
    extra: Mapping[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a problem+json answer."""
    body: dict[str, Any] = {
        "type": f"{settings.PUBLIC_URL}/api/problems/{code}",
        "title": CODES.get(code, "The request was refused"),
        "status": status,
        "detail": detail[:WORDS_LIMIT],
        "instance": request.path,
        "code": code,
        "request_id": getattr(request, "request_id", ""),
    }
    if field:
        body["field"] = field[:FIELD_LIMIT]
        errors = errors or [{"field": body["field"], "detail": body["detail"]}]
    if errors:
        body["errors"] = errors[:ERRORS_LIMIT]
    body |= extra or {}
    return Response(body, status=status, headers=headers or {}, content_type=MEDIA_TYPE)


def answer_error(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn any exception of an API view into an answer (DRF's EXCEPTION_HANDLER)."""
    request = context["request"]
    set_rollback()
    response = _answer(error, request)
    if response.status_code in UNREAD:
        drain(request._request)
    return response


def _answer(error: Exception, request: Any) -> Response:
    if isinstance(error, GatehouseError):
        return problem(
            status=error.status,
            code=error.code,
            detail=str(error),
            field=error.field,
            request=request,
            extra=_bounded(error.extra),
            headers=_headers(error),
        )
    if isinstance(error, exceptions.ValidationError):
        errors = list(field_errors(error.detail))
        first = errors[0]
        at = f"{first['field']}: " if first["field"] else ""
        return problem(
            status=400,
            code="malformed",
            detail=f"{at}{first['detail']}",
            field=first["field"],
            errors=errors,
            request=request,
        )
    if isinstance(error, exceptions.APIException):
        return _of_framework(error, request)
    if isinstance(error, Http404):
        return problem(
            status=404,
            code="not_found",
            detail="There is nothing here.",
            request=request,
        )
    if isinstance(error, RequestDataTooBig):
        return problem(
            status=413, code="too_large", detail=CODES["too_large"], request=request
        )
    if isinstance(error, SuspiciousOperation):
        return problem(
            status=400,
            code="malformed",
            detail="The form has too many fields or files. Send those of the document.",
            request=request,
        )
    if isinstance(error, OperationalError):
        log.warning("database busy", exc_info=error)
        return problem(
            status=503,
            code="busy",
            detail="The database is busy; nothing was stored. Try again.",
            request=request,
            headers={"Retry-After": "5"},
        )
    log.error("unexpected error", path=request.path, exc_info=error)
    return problem(
        status=500,
        code="internal",
        detail="Something went wrong on our side. Tell an administrator the request id.",
        request=request,
    )


def _headers(error: GatehouseError) -> dict[str, str]:
    if isinstance(error, ScopeMissing) and error.scope:
        challenge = callers.challenge(error="insufficient_scope", scope=error.scope)
        return {"WWW-Authenticate": challenge}
    return {"Retry-After": "10"} if error.status == 503 else {}


def _of_framework(error: exceptions.APIException, request: Any) -> Response:
    status = error.status_code
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    detail = str(error.detail)
    if isinstance(error, exceptions.Throttled):
        wait = max(1, round(getattr(error, "wait", None) or 1))
        headers["Retry-After"] = str(wait)
        detail = f"Too many requests. Try again in {wait} seconds."
    elif isinstance(error, exceptions.NotAuthenticated):
        detail = f"Send a token as Authorization: Bearer. Make one at {settings.PUBLIC_URL}/tokens/."
    elif isinstance(error, exceptions.UnsupportedMediaType):
        detail = (
            "Send a JSON object with Content-Type: application/json."
            if any(isinstance(parser, StrictJSON) for parser in request.parsers)
            else "Send a form with Content-Type: multipart/form-data."
        )
    elif isinstance(error, exceptions.MethodNotAllowed):
        detail = (
            f"{request.method} does nothing here. See {settings.PUBLIC_URL}/api/docs."
        )
    code = DRF_CODES.get(type(error), "") or str(error.default_code)
    if isinstance(error, BadJSON):
        code = "malformed"
    return problem(
        status=status,
        code=code,
        detail=detail,
        field=getattr(error, "field", ""),
        request=request,
        headers=headers,
    )


def field_errors(detail: Any, path: str = "") -> Iterator[FieldError]:
    """Flatten DRF's nested error lists to {field: dotted path, detail: words}."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            own = "" if key == "non_field_errors" else str(key)
            yield from field_errors(
                value, ".".join(part for part in (path, own) if part)
            )
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, Mapping | list)
            if value:
                yield from field_errors(value, f"{path}.{index}" if nested else path)
    else:
        yield {"field": path[:FIELD_LIMIT], "detail": str(detail)[:WORDS_LIMIT]}


# Of these a large change may have very many.
BOUNDED = {"findings": findings, "collisions": collisions}


def _bounded(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Keep an answer readable."""
    return {
        name: BOUNDED[name](value) if name in BOUNDED else value
        for name, value in extra.items()
    }
