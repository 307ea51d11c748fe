"""Why a request was refused, in the words of RFC 9457, whichever door tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError
from rest_framework.exceptions import ValidationError

from portal.errors import GatehouseError
from portal.wire.answers.changes import findings
from portal.wire.answers.conflict import collisions

ERRORS_LIMIT = 20
WORDS_LIMIT, FIELD_LIMIT = 2_000, 300

log = structlog.get_logger(__name__)

# What each code means; `type` of a problem leads to these words.
CODES: dict[str, str] = {
    "malformed": "The request makes no sense as sent",
    "not_authenticated": "No token, or one that is not valid",
    "not_allowed": "The role or the token's scope does not reach this",
    "person_required": "Only a person signed in to the portal can do this",
    "not_yours": "The change belongs to somebody else",
    "not_owned": "It is another team's part of the gateway",
    "self_review": "Somebody who wrote none of the change must decide",
    "not_found": "It does not exist, or not for you",
    "method_not_allowed": "This address does not take this method",
    "wrong_state": "The change or drift does not allow this now",
    "stale_revision": "A newer revision of the change exists",
    "stale_drift": "The resource was changed again outside of Gatehouse",
    "already_reviewed": "This person has decided on this revision already",
    "not_harmless": "It holds more than what is approved with others at once",
    "would_not_count": "No rule asks for an approval of this person",
    "nothing_to_change": "The gateway holds what was asked for already",
    "recipe_does_not_fit": "The route as it is does not allow the recipe",
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

FieldError = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A refusal. `field` is the dotted path of the input at fault, where one is;
    `wait` the seconds after which to try again, 0: not worth it.
    """

    status: int
    code: str
    detail: str
    field: str = ""
    errors: tuple[FieldError, ...] = ()
    extra: Mapping[str, Any] | None = None
    wait: int = 0

    def body(self, *, instance: str, request_id: str) -> dict[str, Any]:
        """Return what is told; `instance` is the address that was asked."""
        told: dict[str, Any] = {
            "type": f"{settings.PUBLIC_URL}/api/problems/{self.code}",
            "title": CODES.get(self.code, "The request was refused"),
            "status": self.status,
            "detail": self.detail[:WORDS_LIMIT],
            "instance": instance,
            "code": self.code,
            "request_id": request_id,
        }
        errors = list(self.errors[:ERRORS_LIMIT])
        if self.field:
            told["field"] = self.field[:FIELD_LIMIT]
            errors = errors or [{"field": told["field"], "detail": told["detail"]}]
        if errors:
            told["errors"] = errors
        return told | _bounded(self.extra or {})


def problem_of(error: Exception) -> Problem:
    """Return what to tell of an error; one that nobody expected is logged, not told."""
    if isinstance(error, GatehouseError):
        return Problem(
            status=error.status,
            code=error.code,
            detail=str(error),
            field=error.field,
            extra=error.extra,
            wait=10 if error.status == 503 else 0,
        )
    if isinstance(error, ValidationError):
        errors = tuple(field_errors(error.detail))
        first = errors[0]
        at = f"{first['field']}: " if first["field"] else ""
        return Problem(
            status=400,
            code="malformed",
            detail=f"{at}{first['detail']}",
            field=first["field"],
            errors=errors,
        )
    if isinstance(error, OperationalError):
        log.warning("database busy", exc_info=error)
        return Problem(
            status=503,
            code="busy",
            detail="The database is busy; nothing was stored. Try again.",
            wait=5,
        )
    log.error("unexpected error", exc_info=error)
    return Problem(
        status=500,
        code="internal",
        detail="Something went wrong on our side. Tell an administrator the request id.",
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
