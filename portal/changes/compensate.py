"""Take back what a delivery wrote when it cannot be finished."""

from dataclasses import dataclass

from gateway.errors import GatewayError
from portal.changes.models import Item, Outcome, StepKind
from portal.changes.steps import Requests
from portal.changes.verify import Position, cannot_be_restored, position


@dataclass(frozen=True)
class Restored:
    """What became of one written item; `words` name its exact state."""

    item: Item
    is_restored: bool
    words: str


def restore(requests: Requests, items: list[Item]) -> tuple[Restored, ...]:
    """Bring written items back to their base, in reverse order.

    Each only where the live document still equals what was written: what somebody
    else wrote meanwhile stays. Raises GatewayError for what a retry may mend.
    """
    return tuple(
        _restore_one(requests, item) for item in reversed(items) if _was_written(item)
    )


def _was_written(item: Item) -> bool:
    """Whether a write of this item may have reached the gateway."""
    return (
        item.steps.filter(kind=StepKind.WRITE)
        .exclude(outcome__in=[Outcome.INVALID, Outcome.REFUSED, Outcome.UNREACHABLE])
        .exists()
    )


def _restore_one(requests: Requests, item: Item) -> Restored:
    name = f"{item.kind} {item.resource_id}"
    base, wanted = item.whole_base(), item.whole_wanted()

    def seen() -> Position:
        live = requests.read(item, StepKind.VERIFY)
        return position(
            item.kind, live, base=base, wanted=wanted, schemas=requests.schemas
        )

    before = seen()
    if before is Position.BASE:
        return Restored(item, True, f"{name} is as it was before.")
    if before is Position.MOVED:
        return Restored(
            item,
            False,
            f"{name} was changed by somebody else meanwhile and was left alone.",
        )
    if cannot_be_restored(item.kind, base):
        return Restored(
            item,
            False,
            f"{name} could not be restored: its former private key is not known here. "
            + (
                "It is gone." if wanted is None else "It holds what this change wanted."
            ),
        )
    try:
        requests.write(item, base, StepKind.RESTORE)
    except GatewayError as error:
        if error.retryable:
            raise
        # Refused for good: say so instead of trying for ever.
        return Restored(
            item,
            False,
            f"{name} could not be restored ({requests.words_of(item, error)}); "
            "look at it on the gateway.",
        )
    if seen() is Position.BASE:
        return Restored(item, True, f"{name} was restored to what it was before.")
    return Restored(
        item, False, f"{name} could not be restored; look at it on the gateway."
    )
