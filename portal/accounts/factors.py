"""Second factors: who must have one, and how one is lost: taken away, or reset.

Each is added by a file of its own: `authenticator_app.py`, `passkeys.py`.
"""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.account_policy import person_of
from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed, NotAllowed, NotVisible
from portal.accounts.holders import has_power
from portal.accounts.models import Factor, Person, PolicyChange, Vouched
from portal.accounts.policy.deciding import lock_policy, propose_policy
from portal.accounts.policy.kinds import Document, PolicyKind
from portal.accounts.recovery_codes import forget_codes, make_codes
from portal.accounts.roles import Verb
from portal.accounts.sessions import forget_sessions
from portal.accounts.vouchings import vouch, vouch_together
from portal.audit.events import Event
from portal.audit.ledger import Entry, Recordable, record

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


def lock_factors(person: Person) -> None:
    """Let nobody else add or take this person's factors until the transaction ends."""
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)


def added(factor: Factor, *, actor: Actor) -> list[str]:
    """Save a factor (an unsaved row) of the acting person, and record it.

    Return the recovery codes that come with somebody's first, else none. Part of the
    operations that add one, which have locked what the person has.
    """
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
    lock_factors(person)
    factor = person.factors.filter(pk=factor_id).first()
    if factor is None:
        raise NotVisible(gettext("You have no such second factor."))
    is_last = not person.factors.exclude(pk=factor.pk).exists()
    if is_last and must_have_factor(person):
        raise NotAllowed(
            gettext(
                "Your role needs a second factor, and this is your last. Add another first."
            )
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
def reset_factors(
    person: Person, *, reason: str = "", actor: Actor
) -> PolicyChange | None:
    """Take all second factors from somebody who lost them, and sign them out.

    They are told by mail. Whoever can reset this and read somebody's mail can act as
    them: so of an account that holds something two people do it, and the change of
    policy is returned; nobody does it for themselves, only superusers do it to
    superusers, and only those who have a second factor of their own. Raises NotPresent,
    NotAllowed, ConfirmationNeeded, and as `propose_policy`.
    """
    administrator = actor.require_administrator()
    if administrator.pk == person.pk:
        raise NotAllowed(
            gettext("You cannot reset your own. Ask another administrator.")
        )
    if person.is_superuser and not administrator.is_superuser:
        raise NotAllowed(
            gettext("Only a superuser resets the second factor of a superuser.")
        )
    if not has_factor(administrator):
        raise NotAllowed(
            gettext(
                "Set up a second factor of your own first: else a password alone would open "
                "every account."
            )
        )
    actor.require_fresh()
    # Nobody gives the account something while it is judged by what it holds.
    lock_policy()
    if has_power(person):
        return propose_policy(
            SecondFactors.name,
            {"person": person.pk, "factors": []},
            scope=None,
            reason=reason,
            actor=actor,
        )
    vouch(administrator, [person], Vouched.SECOND_FACTOR)
    forget_factors(person, actor=actor)
    return None


@transaction.atomic
def forget_factors(person: Person, *, actor: Actor) -> None:
    """Do what `reset_factors` does, for whoever may: a command on the desk's machine."""
    record(_forget(person, actor), actor=actor, subject=person)


def _forget(person: Person, by: Recordable) -> Entry:
    lock_factors(person)
    had, _ = person.factors.all().delete()
    forget_codes(person)
    forget_sessions(person)
    if person.email:
        mail = EmailMessage(
            subject="Your second factor for Gatehouse was reset",
            body=(
                f"The second factor of your account {person.username} was taken away by "
                f"{by.label}. Sign in with your password and set up a new one. If that "
                "was not agreed with you, tell an administrator now.\n"
            ),
            to=[person.email],
        )
        transaction.on_commit(mail.send, robust=True)
    return Entry(Event.SECOND_FACTOR_RESET, {"factors": had}, person)


class SecondFactors(PolicyKind):
    """`{"person": 7, "name": "riley", "factors": []}`: theirs, by id, shall be none."""

    name = "second_factors"
    title = "Reset of a second factor"
    about = ("person",)

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        if wanted.get("factors") != []:
            raise Malformed(
                gettext("They are taken, and never given."), field="factors"
            )
        person = person_of(wanted)
        return {"person": person.pk, "name": person.username, "factors": []}

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        held = person_of(wanted).factors.order_by("pk").values_list("pk", flat=True)
        return {**wanted, "factors": list(held)}

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        return [
            f"{wanted['name']} signs in with a password alone, once: all "
            f"{len(base['factors'])} second factors are taken away, and sessions end."
        ]

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        person = person_of(change.wanted)
        vouch_together(change, [person], Vouched.SECOND_FACTOR)
        return [_forget(person, actor)]


def note_use(factor: Factor, counter: int) -> bool:
    """Move a factor's counter forward; False when it has gone as far already."""
    return bool(
        Factor.objects.filter(pk=factor.pk, counter__lt=counter).update(
            counter=counter, last_used_at=timezone.now()
        )
    )
