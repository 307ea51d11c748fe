"""Take back what a delivery wrote when it cannot be finished."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import GatewayError, Invalid
from gateway.kinds import KINDS
from gateway.sentences import as_sentence
from portal.changes.models import Delivery, Item, Position
from portal.changes.steps import Requests
from portal.changes.write import (
    bring,
    is_surely_written,
    may_be_written,
    stands,
)

# So many resources are named one by one; of more it is said how many.
NAMED = 5


@dataclass(frozen=True)
class Restored:
    """What became of one written item; `words` name its exact state."""

    item: Item
    is_restored: bool
    words: str

    @property
    def name(self) -> str:
        return f"{self.item.kind} {self.item.resource_id}"


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


def in_words(restored: Sequence[Restored]) -> str:
    """Say what became of written items: of many, which are not as they were before."""
    if len(restored) <= NAMED:
        return " ".join(one.words for one in restored)
    left = [one.name for one in restored if not one.is_restored]
    back = len(restored) - len(left)
    told = [f"{back} of {len(restored)} written resources are as they were before."]
    if left:
        more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        told.append(f"Not restored: {', '.join(left[:NAMED])}{more}.")
    return " ".join(told)


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
    because = f": {as_sentence(why)}" if why else "."
    return Restored(item, False, f"{words}{because} {state}")
