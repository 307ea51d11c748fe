"""Remember who came in, who tried to, and who left."""

from dataclasses import dataclass

from django.db import transaction

from portal.accounts.actor import Actor, Channel
from portal.accounts.models import Person
from portal.audit.events import Event
from portal.audit.ledger import Subject, record


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """Somebody at the door whom we do not know yet."""

    client: str = ""
    request_id: str = ""
    label: str = "somebody not signed in"
    channel: str = Channel.PORTAL
    person_id: int | None = None
    token_id: int | None = None


@dataclass(frozen=True)
class _Unknown:
    """What a failed sign-in with an unknown name is about."""

    def audit_subject(self) -> Subject:
        # Never the text itself: people type their password into the wrong field.
        return Subject("person", "", "an unknown name")


@transaction.atomic
def signed_in(*, actor: Actor, way: str) -> None:
    """Record that the acting person signed in, and by what."""
    record(
        Event.PERSON_SIGNED_IN,
        actor=actor,
        subject=actor.require_present_person(),
        way=way,
    )


@transaction.atomic
def confirmed(*, actor: Actor, way: str) -> None:
    """Record that the acting person proved once more who they are, and by what."""
    person = actor.require_present_person()
    record(Event.PERSON_CONFIRMED, actor=actor, subject=person, way=way)


@transaction.atomic
def signed_out(*, actor: Actor) -> None:
    """Record that the acting person signed out."""
    if actor.person is not None:
        record(Event.PERSON_SIGNED_OUT, actor=actor, subject=actor.person)


@transaction.atomic
def sign_in_failed(
    name: str, *, stranger: Stranger, address: str, step: str = "password"
) -> None:
    """Record a failed sign-in, under the person's name if there is such a person."""
    person = Person.objects.filter(username=name).first()
    record(
        Event.PERSON_SIGN_IN_FAILED,
        actor=stranger,
        subject=person or _Unknown(),
        address=address,
        step=step,
    )
