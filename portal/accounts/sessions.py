"""End sessions: of oneself, one or all others; of somebody whose access was in doubt."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.errors import NotVisible
from portal.accounts.models import Person, Session
from portal.audit.events import Event
from portal.audit.ledger import Entry, record


def sessions_of(person: Person) -> QuerySet[Session]:
    """Return where somebody is signed in now, the last used first."""
    return person.sessions.filter(expire_date__gt=timezone.now())


@transaction.atomic
def end_session(handle: str, *, actor: Actor) -> Session:
    """Sign the acting person out somewhere. Raises NotPresent, NotVisible."""
    person = actor.require_present_person()
    session = sessions_of(person).filter(handle=handle).first()
    if session is None:
        raise NotVisible(gettext("You are no longer signed in there."))
    session.delete()
    record(
        Entry(Event.SESSION_REVOKED, {"session": handle, "browser": session.browser}),
        actor=actor,
        subject=person,
    )
    return session


@transaction.atomic
def end_other_sessions(*, actor: Actor) -> int:
    """Sign the acting person out everywhere else; return of how many places.

    Raises NotPresent.
    """
    person = actor.require_present_person()
    ended = forget_sessions(person, but=actor.session)
    if ended:
        record(
            Entry(Event.SESSIONS_REVOKED, {"sessions": ended}),
            actor=actor,
            subject=person,
        )
    return ended


def forget_sessions(person: Person, *, but: str = "") -> int:
    """Delete somebody's sessions, save the one of this handle; record nothing.

    For an operation that ends them by the way. Return how many were still in force.
    """
    rows = person.sessions.exclude(handle=but)
    in_force = rows.filter(expire_date__gt=timezone.now()).count()
    rows.delete()
    return in_force


def forget_expired(now: datetime) -> None:
    """Delete the rows of sessions that are over."""
    Session.objects.filter(expire_date__lt=now).delete()
