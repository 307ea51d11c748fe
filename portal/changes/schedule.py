"""What an approved change waits for before a worker may take it, in words."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from gateway.visible import visible
from portal.changes.freezes import frozen
from portal.changes.models import ChangeRequest, FreezeOverride, Revision
from portal.changes.states import EXPLAINED, State


@dataclass(frozen=True)
class Waiting:
    """Why nothing is written yet: `words` go on after "It is approved and".

    `because` is what an administrator wrote of a freeze, "" when none holds it.
    """

    words: str
    because: str = ""

    @property
    def is_frozen(self) -> bool:
        return bool(self.because)


def waits(change: ChangeRequest, revision: Revision) -> Waiting | None:
    """Say what an approved change waits for; None when only for its turn, or not at all.

    At most two queries.
    """
    if change.state != State.APPROVED:
        return None
    due = revision.deliver_after
    if due is not None and due > timezone.now():
        return Waiting(f"goes live not before {in_utc(due)}")
    held = frozen(change.gateway)
    if held is None or _is_let_pass(revision):
        return None
    until = f"until {in_utc(held.until)}" if held.until else "with no end in sight"
    return Waiting(
        f"waits: {held.freeze.reach} frozen {until}", visible(held.freeze.reason)
    )


def _is_let_pass(revision: Revision) -> bool:
    return FreezeOverride.objects.filter(delivery__revision=revision).exists()


def explained(change: ChangeRequest, waiting: Waiting | None) -> str:
    """Say why a change stands where it does and what would move it."""
    if waiting is None:
        return EXPLAINED[State(change.state)]
    because = f", because: {waiting.because}" if waiting.because else ""
    return f"It is approved and {waiting.words}{because}."


def in_utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
