"""Bring an approved revision to its gateway, and know what the gateway holds afterwards.

One attempt: read all items' live documents; write what is not yet as wanted, each
right after a fresh read and each followed by a read-back. Any worker may die between
any two lines: the next one starts from what the gateway then holds, so nothing is done
twice to different effect.

APISIX has no conditional write. Between the last read and the write somebody else's
write can slip in; the read-back sees it unless it came before our write and was
replaced by it.
"""

from concurrent.futures import ThreadPoolExecutor

import structlog

from gateway.connect import connect
from gateway.errors import GatewayError
from gateway.mirror import catalogue_of
from gateway.models import Gateway
from gateway.sentences import as_sentence, kind_words
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.changes.checkpoints import reached
from portal.changes.claim import Claim, claim_next
from portal.changes.compensate import Restored, left_as_they_are, restore
from portal.changes.finish import (
    Ending,
    failure,
    finish,
    out_of_time,
    postpone_or_give_up,
)
from portal.changes.lease import LeaseLost
from portal.changes.models import (
    Delivery,
    DeliveryState,
    Item,
    Outcome,
    Position,
    StepKind,
)
from portal.changes.order import batches
from portal.changes.signals import applied
from portal.changes.states import State
from portal.changes.steps import BATCH, Requests
from portal.changes.verify import cannot_be_read_back
from portal.changes.write import bring, is_surely_written

log = structlog.get_logger(__name__)


class Moved(Exception):
    """The live document is neither what was planned against nor what is wanted."""

    def __init__(self, item: Item) -> None:
        super().__init__(
            f"{item.kind} {item.resource_id} was changed on the gateway by somebody else "
            "since this change was planned."
        )


class TryLater(Exception):
    """A later attempt may succeed; the words hold no secret."""


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
            _attempt(claim, actor)
        except LeaseLost as error:
            log.warning(
                "delivery.lease_lost", delivery=claim.delivery.pk, why=str(error)
            )
        except Exception:
            # The worker's edge: a fault of ours must neither stop the worker nor leave
            # the delivery to be retried for ever.
            log.exception("delivery.internal_error", delivery=claim.delivery.pk)
            _after_fault(claim, actor)


def _after_fault(claim: Claim, actor: Actor) -> None:
    try:
        postpone_or_give_up(
            claim, actor, "An internal error stopped the worker; its log tells more."
        )
    except LeaseLost:
        log.warning("delivery.lease_lost", delivery=claim.delivery.pk)


def _attempt(claim: Claim, actor: Actor) -> None:
    """Make one attempt and write how it ended."""
    items = list(claim.delivery.revision.items.order_by("position"))
    try:
        ending = _ending(claim, items)
    except TryLater as why:
        postpone_or_give_up(claim, actor, str(why))
        return
    is_stale = finish(claim, actor, ending)
    reached("finished")
    if ending.state is State.APPLIED:
        applied.send_robust(sender=Delivery, gateway=claim.gateway, is_stale=is_stale)


def _ending(claim: Claim, items: list[Item]) -> Ending:
    """Return how the attempt ended. Raises TryLater, LeaseLost."""
    if claim.unreadable:
        raise TryLater(claim.unreadable)
    if claim.unproven and not claim.is_as_reviewed:
        # Nothing is written or restored, so the gateway need not answer for this.
        claim.lease.wait_for_predecessor()
        return _refused(claim.unproven, left_as_they_are(claim.delivery))
    try:
        # No thread, and no request, outlives the attempt.
        with (
            connect(claim.gateway, is_leased=True) as client,
            ThreadPoolExecutor(BATCH) as threads,
        ):
            schemas = catalogue_of(claim.gateway, client)
            requests = Requests(client, claim.attempt, claim.lease, schemas, threads)
            claim.lease.wait_for_predecessor()
            try:
                return _outcome(claim, requests, items)
            except GatewayError as error:
                raise TryLater(requests.words_of(items, error)) from error
    except GatewayError as error:
        raise TryLater(str(error)) from error  # no document was sent yet


def _outcome(claim: Claim, requests: Requests, items: list[Item]) -> Ending:
    """Return how the attempt ended. Raises GatewayError for what a retry may mend."""
    if claim.unproven:
        return _refused(claim.unproven, _restored(claim, requests, items))
    try:
        _write_all(requests, items)
    except Moved as moved:
        return Ending(
            DeliveryState.CONFLICTED,
            State.CONFLICTED,
            Event.CHANGE_CONFLICTED,
            Event.CHANGE_CONFLICTED,
            str(moved),
            _restored(claim, requests, items),
        )
    except GatewayError as error:
        words = requests.words_of(items, error)
        if not error.retryable:
            return failure(
                f"The gateway refused {_refused_items(claim)}: {as_sentence(words)}",
                _restored(claim, requests, items),
            )
        if not claim.is_out_of_time:
            raise
        return out_of_time(words, _restored(claim, requests, items))
    reached("all_written")
    return Ending(
        DeliveryState.VERIFIED,
        State.APPLIED,
        Event.DELIVERY_VERIFIED,
        Event.CHANGE_APPLIED,
        "The gateway holds it, verified by reading back.",
    )


def _refused_items(claim: Claim) -> str:
    """Name the first that was refused, and say how many more were."""
    refused = claim.attempt.steps.filter(
        kind=StepKind.WRITE, outcome__in=[Outcome.INVALID, Outcome.REFUSED]
    ).order_by("pk")
    names = list(refused.values_list("item__kind", "item__resource_id").distinct())
    if not names:
        return "it"
    first = f"{kind_words(names[0][0])} {names[0][1]}"
    return f"{first} and {len(names) - 1} more" if names[1:] else first


def _refused(why: str, restored: tuple[Restored, ...]) -> Ending:
    return failure(
        f"Nothing was delivered, the approval is not proved: {why}",
        restored,
        event=Event.DELIVERY_REFUSED,
    )


def _restored(
    claim: Claim, requests: Requests, items: list[Item]
) -> tuple[Restored, ...]:
    restored = restore(requests, items, is_last_chance=claim.is_out_of_time)
    reached("compensated")
    return restored


def _write_all(requests: Requests, items: list[Item]) -> None:
    """Bring every item to what is wanted. Raises Moved, GatewayError, LeaseLost."""
    seen: dict[int, Position] = {}
    for start in range(0, len(items), BATCH):
        seen |= _looked(requests, items[start : start + BATCH])
    reached("looked")
    done = 0
    for batch in batches(items, BATCH):
        stale = [item for item in batch if seen[item.pk] is not Position.WANTED]
        # A single item was read just now; with several, time has passed since.
        if len(items) > 1 and stale:
            seen |= _looked(requests, stale)
        to_write = [
            item
            for item in batch
            if seen[item.pk] is not Position.WANTED or _must_be_put(item)
        ]
        if to_write:
            now = bring(requests, to_write, to=Position.WANTED)
            for item in to_write:
                # If the old document is there in spite of it, somebody put it back.
                if now[item.pk] is not Position.WANTED:
                    raise Moved(item)
            reached("read_back")
        done += len(batch)
        requests.lease.renew(done=done)


def _looked(requests: Requests, items: list[Item]) -> dict[int, Position]:
    """Return where the items' resources stand. Raises Moved, GatewayError, LeaseLost."""
    seen = requests.look(items)
    for item in items:
        if seen[item.pk] is Position.MOVED:
            raise Moved(item)
    return seen


def _must_be_put(item: Item) -> bool:
    """Whether a read cannot prove it and no write of this delivery was accepted yet."""
    return cannot_be_read_back(
        item.kind, item.whole_wanted()
    ) and not is_surely_written(item)
