"""How the delivery of a change fares: item by item, and request by request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.changes.fates import DONE, TROUBLE, Fate, ItemFate, counted, fates_of
from portal.changes.models import Attempt, Delivery, DeliveryState, Outcome, Step
from portal.web.items import SIGNS
from portal.web.parts import IN_FULL, ROWS, InParts, number_of

# Of a large delivery only what went otherwise than it should is told step by step.
STEPS_AT_MOST = 50
ICONS = {
    Fate.FAILED: "cross",
    Fate.LEFT: "warning",
    Fate.MOVED: "warning",
    Fate.WRITING: "gateway",
    Fate.UNDOING: "undo",
    Fate.WRITTEN: "check",
    Fate.WAITING: "clock",
    Fate.UNDONE: "undo",
    Fate.UNTOUCHED: "minus",
    Fate.LIVE: "check",
    Fate.ALREADY: "check",
}


@dataclass(frozen=True)
class Row:
    """One item and how it fares."""

    number: int
    action: str
    kind: str
    id: str
    told: ItemFate

    @property
    def sign(self) -> str:
        return SIGNS[self.action]

    @property
    def icon(self) -> str:
        return ICONS[self.told.fate]

    @property
    def is_deleted(self) -> bool:
        """Whether it is verified not to be there any more."""
        return self.action == "delete" and self.told.fate == Fate.LIVE


@dataclass(frozen=True)
class Share:
    """How many items fare so, as a stretch of a bar of 1000 units."""

    fate: Fate
    count: int
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Delivered(InParts):
    """A delivery, its attempts (newest first) and how its items fare.

    `rows` are those of one part, of all items or of those whose fate is `shown`; the
    gravest come first. None where there is one item: its requests tell. `mark` is what a
    page has seen that shows it.
    """

    delivery: Delivery
    mark: str
    attempts: Sequence[Attempt]
    counts: Mapping[Fate, int]
    fates: Mapping[int, ItemFate]
    shown: str = ""

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def is_large(self) -> bool:
        """Whether its requests are too many to tell each."""
        return self.count > IN_FULL

    @property
    def is_under_way(self) -> bool:
        return bool(self.delivery.state == DeliveryState.SENDING)

    @property
    def done(self) -> int:
        return sum(self.counts.get(fate, 0) for fate in DONE)

    @property
    def troubled(self) -> int:
        return sum(self.counts.get(fate, 0) for fate in TROUBLE)

    @property
    def left(self) -> int:
        """How many stand, or may, although the delivery failed."""
        return self.counts.get(Fate.LEFT, 0)

    @property
    def undone(self) -> int:
        return self.counts.get(Fate.UNDONE, 0)

    @property
    def moved(self) -> int:
        return self.counts.get(Fate.MOVED, 0)

    @property
    def already(self) -> int:
        return self.counts.get(Fate.ALREADY, 0)

    @property
    def shares(self) -> list[Share]:
        """What is done first, then what is under way, then the trouble."""
        order = (*DONE, Fate.WRITING, Fate.UNDOING, Fate.UNDONE, *TROUBLE)
        shares, x = [], 0.0
        for fate in order:
            if count := self.counts.get(fate, 0):
                width = round(1000 * count / self.count, 1)
                shares.append(Share(fate, count, round(x, 1), width))
                x += width
        return shares

    @property
    def heard(self) -> str:
        """What is read out on the way: by quarters, as each item would be too much."""
        quarter = 4 * self.done // self.count if self.count else 0
        words = [
            "",
            _("a quarter is written"),
            _("half is written"),
            _("three quarters are written"),
            "",
        ][quarter]
        if not self.troubled or not self.is_under_way:
            return words
        failed = _("%(count)s failed") % {"count": self.troubled}
        return f"{words}; {failed}" if words else failed

    @property
    def heard_mark(self) -> str:
        """What a page that is open has heard; it is told when that differs."""
        return f"{4 * self.done // (self.count or 1)}-{self.troubled}"

    @property
    def query(self) -> str:
        """The part that is shown, as an address asks for it; begins with "&"."""
        given = {"fate": self.shown, "fates": self.number if self.number > 1 else ""}
        kept = {name: value for name, value in given.items() if value}
        return f"&{urlencode(kept)}" if kept else ""

    def address_of(self, number: int) -> str:
        given: dict[str, Any] = {"fate": self.shown} if self.shown else {}
        return f"?{urlencode(given | {'fates': number})}#delivery"


def mark_of(delivery: Delivery) -> str:
    """Return what differs once there is something new to tell. One query."""
    steps = Step.objects.filter(attempt__delivery=delivery).aggregate(
        sent=Count("pk"), answered=Count("duration_ms")
    )
    return f"{delivery.tries}-{steps['sent']}-{steps['answered']}"


def delivered_of(delivery: Delivery, request: HttpRequest, mark: str) -> Delivered:
    """Return how a delivery fares, with the rows that the address asks for.

    A fixed number of queries; no document is read but those of steps that are shown.
    `mark` is from before: what comes meanwhile is told next time.
    """
    named = {
        pk: (position + 1, action, kind, resource_id)
        for pk, position, action, kind, resource_id in delivery.revision.items.order_by(
            "position"
        ).values_list("pk", "position", "action", "kind", "resource_id")
    }
    attempts = attempts_of(delivery, is_large=len(named) > IN_FULL)
    fates = fates_of(delivery, named, attempts[0] if attempts else None)
    counts = counted(fates.values())
    shown = request.GET.get("fate", "")
    if shown not in counts:
        shown = ""
    order = {fate: at for at, fate in enumerate(counts)}
    kept = sorted(
        (pk for pk, one in fates.items() if not shown or one.fate == shown),
        key=lambda pk: order[fates[pk].fate],
    )
    number = number_of(request.GET.get("fates", ""), -(-len(kept) // ROWS))
    at = kept[(number - 1) * ROWS : number * ROWS]
    return Delivered(
        delivery=delivery,
        mark=mark,
        attempts=attempts,
        counts=counts,
        fates=fates,
        rows=[Row(*named[pk], fates[pk]) for pk in at] if len(named) > 1 else [],
        found=len(kept),
        number=number,
        shown=shown,
    )


def attempts_of(delivery: Delivery, *, is_large: bool) -> list[Attempt]:
    """Return the attempts, the newest first, each with the steps to tell of it."""
    attempts = delivery.attempts.order_by("-number")
    steps = Step.objects.order_by("pk")
    if is_large:
        attempts = attempts.annotate(
            requests=Count("steps"),
            accepted=Count("steps", filter=Q(steps__outcome=Outcome.ACCEPTED)),
        )
        steps = steps.exclude(outcome__in=[Outcome.ACCEPTED, ""])[:STEPS_AT_MOST]
    return list(attempts.prefetch_related(Prefetch("steps", steps, to_attr="told")))
