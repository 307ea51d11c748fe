"""Bring an approved revision to its gateway, and know what the gateway holds afterwards.

One attempt: read all items' live documents; write what is not yet as wanted, each
right after a fresh read and each followed by a read-back. What is read back, not what
was sent or answered, is the outcome. Any worker may die between any two lines: the
next one starts from what the gateway then holds, so nothing is done twice to
different effect.

APISIX has no conditional write. Between the last read and the write somebody else's
write can slip in; the read-back sees it unless it came before our write and was
replaced by it.
"""

import random
import time
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gateway.connect import connect
from gateway.errors import GatewayError, StillReferenced, UnknownOutcome
from gateway.mirror import catalogue_of, note
from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.checkpoints import reached
from portal.changes.checks.references import other_rules_with, referrers
from portal.changes.claim import Claim, claim_next
from portal.changes.compensate import Restored, restore
from portal.changes.lease import LeaseLost
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    DeliveryState,
    Item,
    Outcome,
    StepKind,
)
from portal.changes.states import State
from portal.changes.steps import Document, Requests
from portal.changes.verify import Position, cannot_be_read_back, position

log = structlog.get_logger(__name__)

# The gateway's reference guards read memory that lags behind its store.
GUARDS_LAG_AT_MOST = 10.0
BACKOFF_AT_MOST = 60.0


class Moved(Exception):
    """The live document is neither what was planned against nor what is wanted."""

    def __init__(self, item: Item) -> None:
        super().__init__(
            f"{item.kind} {item.resource_id} was changed on the gateway by somebody else "
            "since this change was planned."
        )


@dataclass(frozen=True)
class Ending:
    """How a delivery ended, to be written in one transaction."""

    delivery_state: DeliveryState
    state: State
    event: Event
    change_event: Event
    words: str
    restored: tuple[Restored, ...] = ()


def deliver(delivery_id: int, *, worker: str = "worker") -> None:
    """Deliver what is due on this delivery's gateway, in order of approval.

    Harmless to call twice, too early, or for something already delivered.
    """
    gateway = Gateway.objects.filter(deliveries=delivery_id).first()
    if gateway is None:
        return
    actor = Actor.system(worker)
    while claim := claim_next(gateway, actor=actor):
        reached("claimed")
        try:
            _attempt(claim, gateway, actor)
        except LeaseLost as error:
            log.warning(
                "delivery.lease_lost", delivery=claim.delivery.pk, why=str(error)
            )
        except Exception:
            # The worker's edge: a fault of ours must neither stop the worker nor leave
            # the delivery to be retried for ever.
            log.exception("delivery.internal_error", delivery=claim.delivery.pk)
            _after_fault(claim, actor)
        reached("finished")


def _after_fault(claim: Claim, actor: Actor) -> None:
    try:
        _postpone_or_give_up(
            claim, actor, "An internal error stopped the worker; its log tells more."
        )
    except LeaseLost:
        log.warning("delivery.lease_lost", delivery=claim.delivery.pk)


def _attempt(claim: Claim, gateway: Gateway, actor: Actor) -> None:
    """Make one attempt and write how it ended."""
    items = list(claim.delivery.revision.items.order_by("position"))
    try:
        with connect(gateway) as client:
            requests = Requests(
                client, claim.attempt, claim.lease, catalogue_of(gateway, client)
            )
            ending = _ending(claim, requests, items)
    except GatewayError as error:
        _postpone_or_give_up(claim, actor, str(error))
        return
    finish(claim, actor, ending)
    if ending.state is State.APPLIED:
        for item in items:
            note(gateway, item.kind, item.resource_id, item.whole_wanted())


def _ending(claim: Claim, requests: Requests, items: list[Item]) -> Ending:
    """Return how the attempt ended. Raises GatewayError for what a retry may mend."""
    if claim.unproven:
        return Ending(
            DeliveryState.FAILED,
            State.FAILED,
            Event.DELIVERY_REFUSED,
            Event.CHANGE_FAILED,
            f"Nothing was delivered, the approval is not proved: {claim.unproven}",
            restore(requests, items) if claim.delivery.wrote else (),
        )
    try:
        _write_all(requests, items)
    except Moved as moved:
        return Ending(
            DeliveryState.CONFLICTED,
            State.CONFLICTED,
            Event.CHANGE_CONFLICTED,
            Event.CHANGE_CONFLICTED,
            str(moved),
            restore(requests, items),
        )
    except GatewayError as error:
        if error.retryable:
            raise
        return Ending(
            DeliveryState.FAILED,
            State.FAILED,
            Event.CHANGE_FAILED,
            Event.CHANGE_FAILED,
            f"The gateway refused it: {_words(requests, items, error)}",
            restore(requests, items),
        )
    reached("all_written")
    return Ending(
        DeliveryState.VERIFIED,
        State.APPLIED,
        Event.DELIVERY_VERIFIED,
        Event.CHANGE_APPLIED,
        "The gateway holds it, verified by reading back.",
    )


def _words(requests: Requests, items: list[Item], error: GatewayError) -> str:
    words = str(error)
    for item in items:
        words = requests.words_of(item, error) if words == str(error) else words
    return words


def _write_all(requests: Requests, items: list[Item]) -> None:
    """Bring every item to what is wanted. Raises Moved, GatewayError, LeaseLost."""
    first_look = {item.pk: _look(requests, item, requests.read(item)) for item in items}
    for item in items:
        # A single item was read just now; with several, time has passed since.
        seen = first_look[item.pk]
        if len(items) > 1 and seen is not Position.WANTED:
            seen = _look(requests, item, requests.read(item))
        if seen is Position.WANTED and not _must_be_put(requests, item):
            continue
        _write_one(requests, item)


def _look(requests: Requests, item: Item, live: Document | None) -> Position:
    """Say where the live document stands. Raises Moved when it is neither."""
    seen = _position(requests, item, live)
    if seen is Position.MOVED:
        raise Moved(item)
    return seen


def _position(requests: Requests, item: Item, live: Document | None) -> Position:
    return position(
        item.kind,
        live,
        base=item.whole_base(),
        wanted=item.whole_wanted(),
        schemas=requests.schemas,
    )


def _must_be_put(requests: Requests, item: Item) -> bool:
    """Whether a read cannot prove it and no write of this delivery was accepted yet."""
    return (
        cannot_be_read_back(item.kind, item.whole_wanted(), item.whole_base())
        and not item.steps.filter(
            kind=StepKind.WRITE, outcome=Outcome.ACCEPTED
        ).exists()
    )


def _write_one(requests: Requests, item: Item) -> None:
    """Write one item and read it back; on doubt, read until the request must have ended."""
    started = time.monotonic()
    try:
        _send(requests, item)
    except GatewayError as error:
        if not error.sent:
            raise
        # Only a request without an answer may still be under way.
        until = started + (
            settings.GATEWAY_REQUEST_DEADLINE
            if isinstance(error, UnknownOutcome)
            else 0
        )
        if _settled(requests, item, until):
            return
        raise
    if (
        _look(requests, item, requests.read(item, StepKind.VERIFY))
        is not Position.WANTED
    ):
        # Accepted, yet the old document is still there: somebody put it back.
        raise Moved(item)


def _send(requests: Requests, item: Item) -> None:
    """Send the write; wait for reference guards that lag behind what we can read."""
    until = time.monotonic() + GUARDS_LAG_AT_MOST
    pause = 0.1
    while True:
        try:
            requests.write(item, item.whole_wanted(), StepKind.WRITE)
            return
        except StillReferenced:
            if time.monotonic() + pause > until or _is_really_referenced(
                requests, item
            ):
                raise
        time.sleep(pause)
        pause = min(pause * 2, 1.0)


def _is_really_referenced(requests: Requests, item: Item) -> bool:
    """Whether our own read shows what the gateway's guard complains about."""
    wanted = item.whole_wanted()
    if wanted is None:
        return any(referrers(requests.client, item.kind, item.resource_id))
    return any(other_rules_with(requests.client, item.resource_id, wanted))


def _settled(requests: Requests, item: Item, until: float) -> bool:
    """Read back until it is as wanted, or once more after `until` (monotonic seconds).

    Returns whether it is as wanted. Raises Moved, GatewayError.
    """
    while True:
        over = time.monotonic() > until
        if (
            _look(requests, item, requests.read(item, StepKind.VERIFY))
            is Position.WANTED
        ):
            # A read cannot prove a field that GET never returns.
            return not cannot_be_read_back(
                item.kind, item.whole_wanted(), item.whole_base()
            )
        if over:
            return False
        requests.lease.renew()
        time.sleep(0.2)


def _postpone_or_give_up(claim: Claim, actor: Actor, why: str) -> None:
    """Try again later within the limit; else fail and tell the exact state."""
    delivery = claim.delivery
    since = delivery.trying_since or timezone.now()
    if timezone.now() - since > timedelta(seconds=settings.DELIVERY_RETRY_LIMIT):
        written = _written(delivery)
        finish(
            claim,
            actor,
            Ending(
                DeliveryState.FAILED,
                State.FAILED,
                Event.CHANGE_FAILED,
                Event.CHANGE_FAILED,
                f"The gateway could not be brought to it in time: {why} "
                + (
                    "Written and not restored: "
                    + ", ".join(f"{item.kind} {item.resource_id}" for item in written)
                    if written
                    else "Nothing was written."
                ),
            ),
        )
        return
    wait = min(settings.DELIVERY_BACKOFF * 2 ** (delivery.tries - 1), BACKOFF_AT_MOST)
    # Jitter: many gateways come back at once after an outage.
    wait *= random.uniform(0.5, 1.5)  # noqa: S311
    with transaction.atomic():
        change, held = _hold(claim)
        held.wrote = bool(_written(held))
        if held.wrote:
            # A request without an answer must have ended before the next attempt reads.
            wait = max(wait, settings.GATEWAY_REQUEST_DEADLINE)
        else:
            held.state = DeliveryState.PENDING
            _move(change, State.APPROVED)
        held.not_before = timezone.now() + timedelta(seconds=wait)
        held.lease_token = held.lease_expires_at = None
        held.outcome = f"Waiting to try again: {why}"
        held.save(
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


def _written(delivery: Delivery) -> list[Item]:
    """Return the items that may have been written and were not restored since."""
    written = []
    for item in delivery.revision.items.order_by("position"):
        last = (
            item.steps.filter(kind__in=[StepKind.WRITE, StepKind.RESTORE])
            .exclude(
                outcome__in=[Outcome.INVALID, Outcome.REFUSED, Outcome.UNREACHABLE]
            )
            .last()
        )
        if last and not (
            last.kind == StepKind.RESTORE and last.outcome == Outcome.ACCEPTED
        ):
            written.append(item)
    return written


def _hold(claim: Claim) -> tuple[ChangeRequest, Delivery]:
    """Lock change and delivery. Raises LeaseLost when the delivery is no longer ours."""
    change = (
        ChangeRequest.objects.select_for_update(of=("self",))
        .select_related("gateway")
        .get(revisions=claim.delivery.revision_id)
    )
    delivery = (
        Delivery.objects.select_for_update()
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


@transaction.atomic
def finish(claim: Claim, actor: Actor, ending: Ending) -> None:
    """Write how the delivery ended: delivery, attempt, change and ledger together."""
    change, delivery = _hold(claim)
    left = [one for one in ending.restored if not one.is_restored]
    words = " ".join([ending.words, *(one.words for one in ending.restored)])
    now = timezone.now()
    delivery.state, delivery.outcome, delivery.finished_at = (
        ending.delivery_state,
        words,
        now,
    )
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
    record(
        *events,
        actor=actor,
        subject=change,
        revision=claim.delivery.revision.number,
        attempt=claim.attempt.number,
        outcome=words,
    )
