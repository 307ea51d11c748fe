"""What became of each item of a delivery, told from the requests that were sent for it.

Nothing of this is stored: the steps are the record, and a worker that died left them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.changes.models import (
    Attempt,
    Delivery,
    DeliveryState,
    Outcome,
    Position,
    Step,
    StepKind,
)
from portal.changes.write import CHANGED_NOTHING


class Fate(models.TextChoices):
    """How one item fares; the gravest first, then what is under way."""

    FAILED = "failed", _("Failed")
    LEFT = "left", _("Not undone")
    MOVED = "moved", _("Changed by somebody else")
    WRITING = "writing", _("Being written")
    UNDOING = "undoing", _("Being undone")
    WRITTEN = "written", _("Written")
    WAITING = "waiting", _("Waiting")
    UNDONE = "undone", _("Undone")
    UNTOUCHED = "untouched", _("Not written")
    LIVE = "live", _("Verified live")
    ALREADY = "already", _("Was so already")


DONE = (Fate.WRITTEN, Fate.LIVE, Fate.ALREADY)
TROUBLE = (Fate.FAILED, Fate.LEFT, Fate.MOVED)


class Told(NamedTuple):
    """What counts of one step here."""

    item: int
    attempt: int
    kind: str
    outcome: str
    found: str
    status: int | None
    words: str
    milliseconds: int | None


@dataclass
class ItemFate:
    """How one item fares, as its steps tell it in their order.

    `words` are the gateway's own where something went wrong, `status` and
    `milliseconds` those of the last request that was to change something.
    """

    fate: Fate = Fate.WAITING
    words: str = ""
    status: int | None = None
    milliseconds: int | None = None
    attempt: int = 0
    # The last request that may have changed the resource.
    last: str = ""

    def hear(self, step: Told) -> None:
        """Take one more step into account."""
        if step.attempt != self.attempt:
            self._begin(step.attempt)
        if step.kind in (StepKind.READ, StepKind.VERIFY):
            self._look(step)
            return
        self.status, self.milliseconds = step.status, step.milliseconds
        is_write = step.kind == StepKind.WRITE
        if not step.outcome:
            self.fate = Fate.WRITING if is_write else Fate.UNDOING
        elif step.outcome == Outcome.ACCEPTED:
            self.fate = Fate.WRITTEN if is_write else Fate.UNDONE
            self.words = ""
        else:
            self.fate = Fate.FAILED if is_write else Fate.LEFT
            self.words = step.words
        if step.outcome not in CHANGED_NOTHING:
            self.last = step.kind

    def _begin(self, attempt: int) -> None:
        """Begin anew: what an attempt before wrote stands, what failed is tried again."""
        self.attempt = attempt
        if self.fate == Fate.LEFT:
            self.fate = Fate.WRITTEN
        elif self.fate not in DONE:
            self.fate = Fate.WAITING
        if self.last == StepKind.RESTORE:
            self.last = ""

    def _look(self, step: Told) -> None:
        if not step.outcome:
            return
        if step.outcome != Outcome.ACCEPTED:
            self.words = step.words
            if self.fate == Fate.WAITING:
                self.fate = Fate.FAILED
        elif step.found == Position.MOVED:
            self.fate, self.words = Fate.MOVED, ""
        elif step.found == Position.WANTED:
            self._find_wanted()
        elif step.found == Position.BASE:
            self._find_base()

    def _find_wanted(self) -> None:
        if self.last == StepKind.RESTORE:
            self.fate = Fate.LEFT
        elif self.fate != Fate.LEFT:
            self.fate = Fate.LIVE if self.last else Fate.ALREADY
            self.words = ""

    def _find_base(self) -> None:
        if self.last == StepKind.RESTORE:
            self.fate, self.words = Fate.UNDONE, ""
        elif self.fate in DONE and self.last:
            # Somebody else put it back.
            self.fate = Fate.MOVED
        elif self.fate not in (Fate.FAILED, Fate.MOVED):
            self.fate = Fate.WAITING
        # A request without an answer did not arrive.
        self.last = ""

    def end(self, delivery: Delivery, attempt: Attempt | None) -> None:
        """Say it as of now: with the delivery's own state, and its newest attempt."""
        if delivery.state == DeliveryState.VERIFIED:
            # It is not verified before each of them is.
            if self.fate != Fate.ALREADY:
                self.fate = Fate.LIVE if self.last else Fate.ALREADY
        elif delivery.finished_at is None:
            self._tried_again(attempt)
        elif self.fate in (Fate.WAITING, Fate.UNDOING):
            self.fate = Fate.LEFT if self.last else Fate.UNTOUCHED
        elif self.last and self.fate in (*DONE, Fate.WRITING, Fate.FAILED):
            self.fate = Fate.LEFT

    def _tried_again(self, attempt: Attempt | None) -> None:
        """What an attempt before this one could not do still waits."""
        if (
            attempt is None
            or attempt.finished_at is not None
            or self.attempt < attempt.number
        ):
            self._begin(self.attempt)


def fates_of(
    delivery: Delivery, items: Iterable[int], attempt: Attempt | None
) -> dict[int, ItemFate]:
    """Return how each item fares, given and returned by its primary key. One query.

    `attempt` is the newest one.
    """
    fates = {item: ItemFate() for item in items}
    for step in _steps(delivery):
        fates[step.item].hear(step)
    for fate in fates.values():
        fate.end(delivery, attempt)
    return fates


def _steps(delivery: Delivery) -> Iterable[Told]:
    """Return what counts of all steps, without the documents. One query."""
    rows = Step.objects.filter(attempt__delivery=delivery).order_by("pk")
    return map(
        Told._make,
        rows.values_list(
            "item_id",
            "attempt__number",
            "kind",
            "outcome",
            "found",
            "status",
            "words",
            "duration_ms",
        ),
    )


def counted(fates: Iterable[ItemFate]) -> dict[Fate, int]:
    """Return how many items fare how, the gravest first; none of which there is none."""
    found = Counter(one.fate for one in fates)
    return {fate: found[fate] for fate in Fate if found[fate]}
