"""Write how an attempt ended: delivery, attempt, change and ledger together, or nothing."""

import random
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gateway.mirror import Written, note
from gateway.models import Gateway
from gateway.sentences import as_sentence
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import expiry, nodes, probing, states
from portal.changes.checkpoints import reached
from portal.changes.claim import Claim
from portal.changes.compensate import Restored, in_words, left_as_they_are
from portal.changes.lease import LeaseLost
from portal.changes.models import ChangeRequest, Delivery, DeliveryState, Item
from portal.changes.outbox import LOOK_AFTER, hint_on_commit
from portal.changes.states import State
from portal.changes.write import may_be_written

BACKOFF_AT_MOST = 60.0
# From here on it is at most that anyway.
DOUBLINGS_AT_MOST = 20


@dataclass(frozen=True)
class Ending:
    """How a delivery ended, to be written in one transaction."""

    delivery_state: DeliveryState
    state: State
    event: Event
    change_event: Event
    words: str
    restored: tuple[Restored, ...] = ()


def failure(
    words: str,
    restored: tuple[Restored, ...] = (),
    *,
    event: Event = Event.CHANGE_FAILED,
) -> Ending:
    """Return the ending of a delivery that failed for good."""
    return Ending(
        DeliveryState.FAILED, State.FAILED, event, Event.CHANGE_FAILED, words, restored
    )


def out_of_time(why: str, restored: tuple[Restored, ...]) -> Ending:
    """Return the ending of a delivery that was tried for as long as it may."""
    words = f"The gateway could not be brought to it in time: {as_sentence(why)}"
    return failure(words if restored else f"{words} Nothing was written.", restored)


@transaction.atomic
def finish(claim: Claim, actor: Actor, ending: Ending) -> bool:
    """Write how the delivery ended, in the mirror too. Raises LeaseLost.

    Returns whether somebody else changed the same resources since the mirror was read.
    Whoever looks at the gateway finds either a delivery under way or a mirror that
    knows what it wrote.
    """
    gateway = Gateway.objects.locked().get(pk=claim.delivery.gateway_id)
    change, delivery = _hold(claim)
    left = [one for one in ending.restored if not one.is_restored]
    words = f"{ending.words} {in_words(ending.restored)}".strip()
    delivery.state, delivery.outcome = ending.delivery_state, words
    delivery.finished_at = timezone.now()
    delivery.wrote = ending.state is State.APPLIED or bool(left)
    delivery.lease_token = delivery.lease_expires_at = None
    delivery.save(
        update_fields=[
            "state",
            "outcome",
            "finished_at",
            "wrote",
            "lease_token",
            "lease_expires_at",
        ]
    )
    _end_attempt(claim, words)
    is_stale = False
    if ending.state is State.APPLIED:
        items = delivery.revision.items.all()
        is_stale = note(gateway, [_written(item) for item in items])
        expected = [nodes.expect(delivery, gateway), probing.expect(delivery)]
        if any(expected):
            hint_on_commit(delivery.pk, LOOK_AFTER)
    moved = _move(change, ending.state)
    events: list[Event | Entry] = [ending.event]
    if ending.restored:
        events.append(
            Entry(
                Event.DELIVERY_COMPENSATED,
                {"items": [one.words for one in ending.restored]},
            )
        )
    if moved and ending.change_event is not ending.event:
        events.append(ending.change_event)
    if moved and ending.state is State.APPLIED:
        events += expiry.announce(delivery, change)
    record(
        *events,
        actor=actor,
        subject=change,
        revision=claim.delivery.revision.number,
        attempt=claim.attempt.number,
        outcome=words,
    )
    reached("ending")
    return is_stale


def _written(item: Item) -> Written:
    return Written(item.kind, item.resource_id, item.whole_base(), item.whole_wanted())


def postpone_or_give_up(claim: Claim, actor: Actor, why: str) -> None:
    """Try again later within the limit; else fail and tell the exact state.

    Raises LeaseLost.
    """
    if claim.is_out_of_time:
        finish(claim, actor, out_of_time(why, left_as_they_are(claim.delivery)))
    else:
        _postpone(claim, actor, why)


@transaction.atomic
def _postpone(claim: Claim, actor: Actor, why: str) -> None:
    change, delivery = _hold(claim)
    wait = _back_off(delivery.tries)
    delivery.wrote = any(map(may_be_written, delivery.revision.items.all()))
    if delivery.wrote:
        # A request without an answer must have ended before the next attempt reads.
        wait = max(wait, settings.GATEWAY_REQUEST_DEADLINE)
    else:
        delivery.state = DeliveryState.PENDING
        _move(change, State.APPROVED)
    delivery.not_before = timezone.now() + timedelta(seconds=wait)
    delivery.lease_token = delivery.lease_expires_at = None
    delivery.outcome = f"Waiting to try again: {why}"
    delivery.save(
        update_fields=[
            "wrote",
            "state",
            "not_before",
            "lease_token",
            "lease_expires_at",
            "outcome",
        ]
    )
    _end_attempt(claim, why)
    record(
        Entry(Event.DELIVERY_POSTPONED, {"why": why, "seconds": round(wait)}),
        actor=actor,
        subject=change,
        revision=claim.delivery.revision.number,
        attempt=claim.attempt.number,
    )


def _back_off(tries: int) -> float:
    """Return for how many seconds to wait after so many tries."""
    doublings = min(tries - 1, DOUBLINGS_AT_MOST)
    first: float = settings.DELIVERY_BACKOFF
    wait = min(first * 2.0**doublings, BACKOFF_AT_MOST)
    # Jitter: many gateways come back at once after an outage.
    return wait * random.uniform(0.5, 1.5)  # noqa: S311


def _hold(claim: Claim) -> tuple[ChangeRequest, Delivery]:
    """Lock change and delivery. Raises LeaseLost when the delivery is no longer ours."""
    change = ChangeRequest.objects.locked().get(revisions=claim.delivery.revision_id)
    delivery = (
        Delivery.objects.select_for_update(of=("self",), no_key=True)
        .select_related("revision")
        .filter(
            pk=claim.delivery.pk,
            lease_token=claim.lease.token,
            state=DeliveryState.SENDING,
        )
        .first()
    )
    if delivery is None:
        raise LeaseLost(f"Delivery {claim.delivery.pk} is no longer ours.")
    return change, delivery


def _move(change: ChangeRequest, to: State) -> bool:
    """Move a change that is being delivered; leave any other, and say so.

    A delivery that nobody's approval stands behind is refused, and must not move the
    change that it names: not even back to approved.
    """
    if change.state != State.DELIVERING:
        return False
    states.move(change, to)
    return True


def _end_attempt(claim: Claim, outcome: str) -> None:
    claim.attempt.finished_at, claim.attempt.outcome = timezone.now(), outcome
    claim.attempt.save(update_fields=["finished_at", "outcome"])
