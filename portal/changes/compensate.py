"""Take back what a delivery wrote when it cannot be finished."""

from dataclasses import dataclass

from gateway.errors import GatewayError, Invalid
from gateway.kinds import KINDS
from portal.changes.models import Delivery, Item
from portal.changes.steps import Requests
from portal.changes.verify import Position
from portal.changes.write import (
    bring,
    is_surely_written,
    may_be_written,
    stands,
)


@dataclass(frozen=True)
class Restored:
    """What became of one written item; `words` name its exact state."""

    item: Item
    is_restored: bool
    words: str


def restore(
    requests: Requests, items: list[Item], *, is_last_chance: bool = False
) -> tuple[Restored, ...]:
    """Bring written items back to their base, in reverse order.

    Each only where the live document still equals what was written: what somebody
    else wrote meanwhile stays. Raises GatewayError for what a later attempt may mend,
    unless this is the last chance; LeaseLost.
    """
    restored = []
    for item in reversed(items):
        if not may_be_written(item):
            continue
        try:
            restored.append(_restore_one(requests, item))
        except GatewayError as error:
            if not is_last_chance and not isinstance(error, Invalid):
                raise
            restored.append(_not_restored(item, requests.words_of([item], error)))
    return tuple(restored)


def left_as_they_are(delivery: Delivery) -> tuple[Restored, ...]:
    """Name what may stand written where nobody can, or may, take it back now."""
    return tuple(
        _not_restored(item)
        for item in delivery.revision.items.order_by("-position")
        if may_be_written(item)
    )


def _restore_one(requests: Requests, item: Item) -> Restored:
    name = f"{item.kind} {item.resource_id}"
    before = stands(requests, item)
    if before is Position.BASE:
        return Restored(item, True, f"{name} is as it was before.")
    if before is Position.MOVED:
        return Restored(
            item,
            False,
            f"{name} was changed by somebody else meanwhile and was left alone.",
        )
    base = item.whole_base()
    if base is not None and KINDS[item.kind].write_only:
        return _not_restored(item, "its former private key is not known here.")
    if bring(requests, [item], to=Position.BASE)[item.pk] is Position.BASE:
        return Restored(item, True, f"{name} was restored to what it was before.")
    return Restored(
        item, False, f"{name} could not be restored; look at it on the gateway."
    )


def _not_restored(item: Item, why: str = "") -> Restored:
    """Name an item that stands written, or may."""
    if not is_surely_written(item):
        state = "It may hold what this change wanted; look at it on the gateway."
    elif item.wanted_sealed is None:
        state = "It is deleted, as this change wanted."
    else:
        state = "It holds what this change wanted."
    words = f"{item.kind} {item.resource_id} was not restored"
    return Restored(
        item, False, f"{words}: {why} {state}" if why else f"{words}. {state}"
    )
