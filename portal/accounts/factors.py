"""Second factors: who must have one, and how one is lost: taken away, or reset.

Each is added by a file of its own: `authenticator_app.py`, `passkeys.py`.
"""

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotVisible
from portal.accounts.models import Factor, Person, Vouched
from portal.accounts.recovery_codes import forget_codes, make_codes
from portal.accounts.roles import Verb
from portal.accounts.sessions import forget_sessions
from portal.accounts.vouchings import vouch
from portal.audit.events import Event
from portal.audit.ledger import Entry, record

EVERYBODY = "everybody"
# SECOND_FACTOR_REQUIRED: whoever may do this, somewhere, must have one.
REQUIRED_OF = {
    "author": Verb.ASK,
    "reviewer": Verb.DECIDE,
    "operator": Verb.OPERATE,
    "administrator": Verb.ADMINISTER,
}


def must_have_factor(person: Person) -> bool:
    """Say whether the setting asks this person for a second factor. One query."""
    wanted = settings.SECOND_FACTOR_REQUIRED
    if not wanted or not person.is_active:
        return False
    return wanted == EVERYBODY or person.may_anywhere(REQUIRED_OF[wanted])


def has_factor(person: Person) -> bool:
    return person.factors.exists()


def added(factor: Factor, *, actor: Actor) -> list[str]:
    """Save a factor (an unsaved row) of the acting person, and record it.

    Return the recovery codes that come with somebody's first, else none. Part of the
    operations that add one: a transaction is open.
    """
    Person.objects.select_for_update(no_key=True).get(pk=factor.person_id)
    is_first = not has_factor(factor.person)
    factor.save(force_insert=True)
    codes = make_codes(factor.person) if is_first else []
    entries: list[Event | Entry] = [
        Entry(
            Event.SECOND_FACTOR_ADDED, {"kind": str(factor.kind), "name": factor.name}
        )
    ]
    if codes:
        entries.append(Event.RECOVERY_CODES_MADE)
    record(*entries, actor=actor, subject=factor.person)
    return codes


@transaction.atomic
def remove_factor(factor_id: int, *, actor: Actor) -> Factor:
    """Take away one of the acting person's second factors.

    Raises NotPresent, ConfirmationNeeded, NotVisible, NotAllowed for the last one of
    somebody who must have one.
    """
    person = actor.require_present_person()
    actor.require_fresh()
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    factor = person.factors.filter(pk=factor_id).first()
    if factor is None:
        raise NotVisible("You have no such second factor.")
    is_last = not person.factors.exclude(pk=factor.pk).exists()
    if is_last and must_have_factor(person):
        raise NotAllowed(
            "Your role needs a second factor, and this is your last. Add another first."
        )
    factor.delete()
    if is_last:
        forget_codes(person)
    record(
        Entry(
            Event.SECOND_FACTOR_REMOVED, {"kind": str(factor.kind), "name": factor.name}
        ),
        actor=actor,
        subject=person,
    )
    return factor


@transaction.atomic
def reset_factors(person: Person, *, actor: Actor) -> None:
    """Take all second factors from somebody who lost them, and sign them out.

    They are told by mail. Whoever can reset this and read somebody's mail can act as
    them: so nobody does it for themselves, only superusers do it to superusers, and
    only those who have a second factor of their own. Raises NotPresent, NotAllowed,
    ConfirmationNeeded.
    """
    administrator = actor.require_administrator()
    if administrator.pk == person.pk:
        raise NotAllowed("You cannot reset your own. Ask another administrator.")
    if person.is_superuser and not administrator.is_superuser:
        raise NotAllowed("Only a superuser resets the second factor of a superuser.")
    if not has_factor(administrator):
        raise NotAllowed(
            "Set up a second factor of your own first: else a password alone would open "
            "every account."
        )
    actor.require_fresh()
    vouch(administrator, [person], Vouched.SECOND_FACTOR)
    forget_factors(person, actor=actor)


@transaction.atomic
def forget_factors(person: Person, *, actor: Actor) -> None:
    """Do what `reset_factors` does, for whoever may: a command on the desk's machine."""
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    had, _ = person.factors.all().delete()
    forget_codes(person)
    forget_sessions(person)
    if person.email:
        mail = EmailMessage(
            subject="Your second factor for Gatehouse was reset",
            body=(
                f"The second factor of your account {person.username} was taken away by "
                f"{actor.label}. Sign in with your password and set up a new one. If that "
                "was not agreed with you, tell an administrator now.\n"
            ),
            to=[person.email],
        )
        transaction.on_commit(mail.send, robust=True)
    record(
        Entry(Event.SECOND_FACTOR_RESET, {"factors": had}), actor=actor, subject=person
    )


def note_use(factor: Factor, counter: int) -> bool:
    """Move a factor's counter forward; False when it has gone as far already."""
    return bool(
        Factor.objects.filter(pk=factor.pk, counter__lt=counter).update(
            counter=counter, last_used_at=timezone.now()
        )
    )
