"""Ask for a change of policy, accept, refuse and withdraw it.

Locks: the policy lock, the rows that a kind locks (gateways first), the ledger's head.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import (
    Malformed,
    NotAllowed,
    OwnProposal,
    PolicyMoved,
    PolicySettled,
    SecondPersonNeeded,
)
from portal.accounts.models import Person, PolicyChange, PolicyLock, PolicyState
from portal.accounts.policy.deciders import others, why_alone, why_not_accept
from portal.accounts.policy.kinds import kind_of
from portal.accounts.policy.waiting import OUTDATED, rivals_of
from portal.accounts.roles import Verb
from portal.accounts.vouchings import may_be_one
from portal.audit.events import Event
from portal.audit.ledger import Entry, record

REASON_LIMIT = 2_000
AT_CONSOLE = "somebody accepted it on the desk's machine"


@transaction.atomic
def propose_policy(
    kind: str,
    wanted: dict[str, Any],
    *,
    scope: Gateway | None,
    reason: str,
    actor: Actor,
) -> PolicyChange:
    """Ask for a change of policy; where nobody else could accept it, it counts at once.

    Where somebody asked for the same and it waits, that is returned instead. Raises
    NotPresent for programs, NotAllowed or NotVisible for all but administrators
    of the scope, Malformed, PolicyMoved when it counts already, SecondPersonNeeded, and
    what the kind raises.
    """
    actor.require_present_person()
    words = _words(reason, "reason", "Say why: whoever accepts it will ask.")
    _lock_for(actor)
    owner, change = kind_of(kind), drafted(kind, wanted, scope=scope, actor=actor)
    change.reason, alone = words, why_alone(change)
    if not alone and (same := _asked_already(change)):
        return same
    change.save()
    asked = Entry(Event.POLICY_PROPOSED, {"reason": words, "points": _points(change)})
    if not alone:
        record(asked, *owner.meanwhile(change), actor=actor, subject=change)
        return change
    change.settle(PolicyState.ACCEPTED, change.author, alone=alone)
    details = {"alone": alone, "points": _points(change)}
    done = Entry(Event.POLICY_TAKEN_ALONE, details)
    applied = owner.apply(change, actor)
    record(asked, done, *applied, actor=actor, subject=change)
    return change


def drafted(
    kind: str, wanted: dict[str, Any], *, scope: Gateway | None, actor: Actor
) -> PolicyChange:
    """Return it as it would be asked for, unsaved and without a reason.

    Raises as `propose_policy`, but for the reason.
    """
    author = actor.require_administrator(scope)
    owner = kind_of(kind)
    wanted = owner.check(wanted, scope)
    base = owner.in_force(wanted, scope)
    if base == wanted:
        raise PolicyMoved(gettext("Nothing would be different: it counts already."))
    if owner.needs_two(base, wanted) and not others(author, scope).exists():
        raise SecondPersonNeeded(
            gettext(
                "Two people must agree on this, and there is no second administrator. Make "
                "one first."
            )
        )
    return PolicyChange(
        kind=kind, gateway=scope, base=base, wanted=wanted, author=author
    )


def _asked_already(change: PolicyChange) -> PolicyChange | None:
    """Return the open change that is the same as this, of who may still ask for it."""
    for other in rivals_of(change):
        same = (other.base, other.wanted) == (change.base, change.wanted)
        if same and _administers(other.author, other.gateway):
            other.was_asked_already = True
            return other
    return None


@transaction.atomic
def accept_policy(change: PolicyChange, *, actor: Actor) -> PolicyChange:
    """Bring into force what another administrator asked for.

    Raises NotPresent, NotAllowed, NotVisible, OwnProposal (also of who is no second
    person yet to whoever asked), PolicySettled, and PolicyMoved when what it was made
    against counts no longer.
    """
    change, person = _to_decide(change, actor)
    if not _administers(change.author, change.gateway):
        raise PolicyMoved(
            gettext(
                "%(author)s no longer administers %(scope)s: nobody asks for this any "
                "more. Refuse it, and ask for it yourself."
            )
            % {"author": change.author, "scope": change.scope}
        )
    if kind_of(change.kind).needs_two(change.base, change.wanted):
        _expect_two(change.author, person)
    if why := why_not_accept(change, person):
        raise OwnProposal(why)
    return _into_force(change, person, actor)


@transaction.atomic
def accept_at_console(change: PolicyChange, *, actor: Actor) -> PolicyChange:
    """Do what `accept_policy` does, for whoever has the desk's machine.

    It is for a desk on which nobody is left who could. Raises PolicySettled, PolicyMoved.
    """
    lock_policy()
    change = PolicyChange.objects.with_people().get(pk=change.pk)
    _expect_open(change)
    return _into_force(change, change.author, actor, alone=AT_CONSOLE)


def _into_force(
    change: PolicyChange, by: Person, actor: Actor, *, alone: str = ""
) -> PolicyChange:
    owner = kind_of(change.kind)
    owner.check(change.wanted, change.gateway)
    if owner.in_force(change.wanted, change.gateway) != change.base:
        raise PolicyMoved(str(OUTDATED))
    change.settle(PolicyState.ACCEPTED, by, alone=alone)
    done = Entry(
        Event.POLICY_ACCEPTED,
        {"asked_by": change.author.username, "points": _points(change)},
    )
    applied = owner.apply(change, actor)
    record(done, *applied, actor=actor, subject=change)
    return change


@transaction.atomic
def refuse_policy(change: PolicyChange, *, actor: Actor, note: str) -> PolicyChange:
    """Turn down what another administrator asked for, and say why.

    Raises as `accept_policy`, but PolicyMoved.
    """
    change, person = _to_decide(change, actor)
    words = _words(note, "note", "Say why, so that whoever asked can act on it.")
    change.settle(PolicyState.REFUSED, person, note=words)
    undone = kind_of(change.kind).dropped(change)
    refused = Entry(Event.POLICY_REFUSED, {"note": words})
    record(refused, *undone, actor=actor, subject=change)
    return change


@transaction.atomic
def withdraw_policy(change: PolicyChange, *, actor: Actor) -> PolicyChange:
    """Take back what one asked for oneself. Raises NotPresent, NotAllowed, PolicySettled."""
    person = actor.require_present_person()
    change = _locked(change, actor)
    if change.author_id != person.pk:
        raise NotAllowed(gettext("Only whoever asked for it withdraws it."))
    _expect_open(change)
    change.settle(PolicyState.WITHDRAWN, person)
    undone = kind_of(change.kind).dropped(change)
    record(Event.POLICY_WITHDRAWN, *undone, actor=actor, subject=change)
    return change


def lock_policy() -> None:
    """Let nobody else change policy until the transaction ends."""
    PolicyLock.objects.select_for_update(no_key=True).get_or_create(pk=1)


def _lock_for(actor: Actor) -> None:
    """Lock it for somebody, as what they are once everybody before them is done."""
    lock_policy()
    if actor.person is not None:
        actor.person.refresh_from_db(fields=["is_active", "is_superuser"])


def _locked(change: PolicyChange, actor: Actor) -> PolicyChange:
    _lock_for(actor)
    return PolicyChange.objects.with_people().get(pk=change.pk)


def _to_decide(change: PolicyChange, actor: Actor) -> tuple[PolicyChange, Person]:
    """Return it and who decides, under the lock."""
    actor.require_present_person()
    change = _locked(change, actor)
    person = actor.require_administrator(change.gateway)
    if change.author_id == person.pk:
        raise OwnProposal(
            gettext(
                "You asked for this. Another administrator must accept or refuse it; you may "
                "withdraw it."
            )
        )
    _expect_open(change)
    return change, person


def _expect_two(author: Person, person: Person) -> None:
    """Raise OwnProposal where one may have made the other: two accounts, one person."""
    if may_be_one(author.pk, person.pk):
        raise OwnProposal(
            gettext(
                "This needs two people who know each other longer: one of you let the "
                "other in, or somebody let both in, less than %(new_reviewer_days)s days "
                "ago. Another administrator accepts it, or you do later."
            )
            % {"new_reviewer_days": settings.NEW_REVIEWER_DAYS}
        )


def _expect_open(change: PolicyChange) -> None:
    if change.state != PolicyState.OPEN:
        raise PolicySettled(
            gettext("It was decided on already: %(label)s.")
            % {"label": PolicyState(change.state).label.lower()}
        )


def _administers(person: Person, scope: Gateway | None) -> bool:
    if scope is not None:
        return person.may(Verb.ADMINISTER, scope)
    return person.may_everywhere(Verb.ADMINISTER)


def _points(change: PolicyChange) -> list[str]:
    """Return what the ledger keeps: in English, whoever asks."""
    with translation.override(settings.LANGUAGE_CODE):
        return kind_of(change.kind).sentences(change.base, change.wanted)


def _words(text: str, field: str, needed: str) -> str:
    words = text.strip()
    if not words:
        raise Malformed(needed, field=field)
    if len(words) > REASON_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s characters.")
            % {"limit": f"{REASON_LIMIT:,}"},
            field=field,
        )
    return words
