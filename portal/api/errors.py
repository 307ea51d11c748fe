"""The one place where errors become answers: RFC 9457 problem+json.

GatehouseError and DRF's exceptions carry a status, a code and words; everything else
that escapes is ours: 500, logged, without details for the caller.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal import callers
from portal.accounts.errors import ScopeMissing
from portal.api.wire import BadJSON, StrictJSON
from portal.bodies import drain
from portal.wire.problems import CODES, Problem, problem_of

MEDIA_TYPE = "application/problem+json"
# A refused request's body is read to its end, or the client may miss the answer.
UNREAD = (401, 403, 404, 405, 411, 413, 415, 429)

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

# What Django raises, as it is told; the narrower first.
OF_DJANGO: dict[type[Exception], Problem] = {
    Http404: Problem(status=404, code="not_found", detail="There is nothing here."),
    RequestDataTooBig: Problem(status=413, code="too_large", detail=CODES["too_large"]),
    SuspiciousOperation: Problem(
        status=400,
        code="malformed",
        detail="The form has too many fields or files. Send those of the document.",
    ),
}


def answer(
    problem: Problem, request: Any, headers: dict[str, str] | None = None
) -> Response:
    """Return a problem+json answer."""
    told = problem.body(
        instance=request.path, request_id=getattr(request, "request_id", "")
    )
    wait = {"Retry-After": str(problem.wait)} if problem.wait else {}
    return Response(
        told,
        status=problem.status,
        headers=wait | (headers or {}),
        content_type=MEDIA_TYPE,
    )


def answer_error(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn any exception of an API view into an answer (DRF's EXCEPTION_HANDLER)."""
    request = context["request"]
    set_rollback()
    response = _answer(error, request)
    if response.status_code in UNREAD:
        drain(request._request)
    return response


def _answer(error: Exception, request: Any) -> Response:
    if isinstance(error, exceptions.APIException) and not isinstance(
        error, exceptions.ValidationError
    ):
        return _of_framework(error, request)
    for kind, told in OF_DJANGO.items():
        if isinstance(error, kind):
            return answer(told, request)
    headers = {}
    if isinstance(error, ScopeMissing) and error.scope:
        challenge = callers.challenge(error="insufficient_scope", scope=error.scope)
        headers["WWW-Authenticate"] = challenge
    return answer(problem_of(error), request, headers)


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
    told = Problem(
        status=status, code=code, detail=detail, field=getattr(error, "field", "")
    )
    return answer(told, request, headers)
