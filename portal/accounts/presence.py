"""The one place that says a person is present: a session cookie and no token.

Used by the two doors for people, the portal's pages and the Django admin. A request
that carries `Authorization` or `X-API-KEY` is a program's, whatever cookies it has.
"""

from datetime import UTC, datetime

from django.http import HttpRequest
from django.utils.translation import gettext

from portal.accounts.actor import Actor, Channel
from portal.accounts.errors import NotPresent
from portal.accounts.models import Person
from portal.accounts.session_store import CONFIRMED_AT, SIGNED_IN_AT, handle_of

TOKEN_HEADERS = ("Authorization", "X-API-KEY")


def carries_token(request: HttpRequest) -> bool:
    """Say whether the request brings a credential of a program."""
    return any(header in request.headers for header in TOKEN_HEADERS)


def present_actor(request: HttpRequest) -> Actor:
    """Return the signed-in person as an Actor. Raises NotPresent otherwise."""
    person = request.user
    if carries_token(request) or not isinstance(person, Person):
        raise NotPresent(gettext("Sign in to the portal; a token does not open it."))
    key = request.session.session_key or ""
    return Actor(
        person=person,
        channel=Channel.PORTAL,
        client=request.headers.get("User-Agent", "")[:200],
        session=handle_of(key) if key else "",
        signed_in_at=_moment(request.session.get(SIGNED_IN_AT)),
        confirmed_at=_moment(request.session.get(CONFIRMED_AT)),
        request_id=getattr(request, "request_id", ""),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
