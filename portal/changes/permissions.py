"""What somebody may do with a change now: which controls to offer them."""

from dataclasses import dataclass

from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.changes import states
from portal.changes.awaited import would_not_count
from portal.changes.break_glass import open_after_review, why_not_afterwards
from portal.changes.inverse import waits_for_its_time
from portal.changes.models import ChangeRequest, Delivery
from portal.changes.newcomers import why_not_newcomer
from portal.changes.quorum import Standing, standing
from portal.changes.rollback import may_be_asked_for
from portal.changes.schedule import waits
from portal.changes.states import State


@dataclass(frozen=True)
class Permissions:
    """What an actor may do with a change now; `why_not` says why not approve.

    `confirms` says that they are asked first to confirm that it is them.
    """

    approve: bool = False
    reject: bool = False
    request_changes: bool = False
    comment: bool = False
    withdraw: bool = False
    revise: bool = False
    rebase: bool = False
    cancel: bool = False
    retry: bool = False
    override: bool = False
    roll_back: bool = False
    end_early: bool = False
    break_glass: bool = False
    review_afterwards: bool = False
    why_not: str = ""
    confirms: bool = False


def permissions(
    change: ChangeRequest, *, actor: Actor, stand: Standing | None = None
) -> Permissions:
    """Say which controls to offer; the operations check again.

    `stand` is how far the change is, where the caller has it: then it is not counted
    again.
    """
    person = actor.person
    if person is None:
        return Permissions()
    state = State(change.state)
    may_ask = actor.may(Verb.ASK, change.gateway)
    present = actor.is_present_person
    is_author = change.author_id == person.pk
    why_not = _why_not(change, person, actor) if state is State.IN_REVIEW else ""
    decides = state is State.IN_REVIEW and not why_not
    if decides:
        why_not = would_not_count(stand or standing(change), change, person)
    operates = present and actor.may(Verb.OPERATE, change.gateway)
    return Permissions(
        approve=decides and not why_not,
        reject=decides,
        request_changes=decides,
        comment=present and may_ask and change.submitted_at is not None,
        withdraw=is_author
        and (may_ask or bool(change.gateway.out_of_service))
        and state in states.WITHDRAWABLE,
        revise=is_author and may_ask and state in states.REVISABLE,
        rebase=is_author and may_ask and state in states.REBASABLE,
        cancel=operates and state is State.APPROVED,
        retry=operates and state is State.FAILED,
        override=operates and _is_frozen(change),
        roll_back=may_ask and may_be_asked_for(change),
        end_early=operates and _waits_for_its_time(change),
        break_glass=present
        and state is State.IN_REVIEW
        and person.may(Verb.BREAK_GLASS, change.gateway),
        review_afterwards=_may_review_afterwards(change, person, actor),
        why_not=why_not,
        confirms=decides and actor.must_confirm(Verb.DECIDE, change.gateway),
    )


def _may_review_afterwards(change: ChangeRequest, person: Person, actor: Actor) -> bool:
    after = open_after_review(change) if actor.is_present_person else None
    return (
        after is not None
        and actor.may(Verb.DECIDE, change.gateway)
        and not why_not_afterwards(after, change, person)
    )


def _is_frozen(change: ChangeRequest) -> bool:
    waiting = waits(change, change.latest_revision())
    return waiting is not None and waiting.is_frozen


def _waits_for_its_time(change: ChangeRequest) -> bool:
    if change.state != State.APPROVED:
        return False
    delivery = Delivery.objects.filter(revision=change.latest_revision()).first()
    return delivery is not None and waits_for_its_time(delivery)


def _why_not(change: ChangeRequest, person: Person, actor: Actor) -> str:
    """Say why this person may not decide on this change; "" if they may."""
    if not actor.is_present_person:
        return "Only a person signed in to the portal decides."
    if change.gateway.out_of_service:
        return change.gateway.out_of_service
    if not person.may(Verb.DECIDE, change.gateway):
        return f"Your role on {change.gateway.slug} does not decide on changes."
    authors = change.author_ids()
    if person.pk in authors:
        return "You wrote part of this change; somebody else decides."
    if why := why_not_newcomer(person, authors):
        return why
    if change.latest_revision().reviews.filter(reviewer=person).exists():
        return "You have already decided on this revision."
    return ""
