"""What happened to one resource, newest first: our own deliveries and what came past us.

Two lists are read as one, page by page: each page begins where the one before ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from gateway.models import Gateway
from portal.changes.history import delivered, with_people
from portal.changes.models import ChangeRequest, Item
from portal.drift.models import Drift
from portal.web.items import ShownItem

PAGE_SIZE = 10


class Place(NamedTuple):
    """Where an entry stands: by time, then by list, then by primary key."""

    at: datetime
    stream: str
    pk: int

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):%Y%m%d%H%M%S%f}{self.stream}{self.pk}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the place that a text names, None for nonsense."""
        digits, stream, pk = text[:20], text[20:21], text[21:]
        if not (digits + pk).isascii() or not (digits + pk).isdigit() or len(pk) > 18:
            return None
        try:
            at = datetime.strptime(digits, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
            return cls(at, stream, int(pk))
        except ValueError:
            return None


@dataclass(frozen=True)
class Happened:
    """One entry: a delivery of `change`, or a `drift`."""

    place: Place
    item: ShownItem
    change: ChangeRequest | None = None
    asked_by: str = ""
    approved_by: Sequence[str] = ()
    drift: Drift | None = None

    @property
    def at(self) -> datetime:
        return self.place.at

    @classmethod
    def of_item(cls, item: Item) -> "Happened":
        revision = item.revision
        approvals: Any = getattr(revision, "approvals", ())
        # What is verified has finished.
        finished: Any = revision.delivery.finished_at
        return cls(
            Place(finished, "c", item.pk),
            ShownItem.of(item),
            change=revision.change,
            asked_by=revision.change.author.username,
            approved_by=[review.reviewer.username for review in approvals],
        )

    @classmethod
    def of_drift(cls, drift: Drift) -> "Happened":
        place = Place(drift.first_seen, "d", drift.pk)
        return cls(place, ShownItem.of_drift(drift), drift=drift)


@dataclass(frozen=True)
class History:
    """One page of what happened, and the queries (`?…`) of its neighbours."""

    rows: Sequence[Happened]
    older: str
    newer: str


def history_of(gateway: Gateway, kind: str, resource_id: str, since: str) -> History:
    """Return what happened before the place that `since` names. Three queries."""
    after = Place.read(since)
    items = with_people(delivered(gateway, kind, resource_id))
    drifts = Drift.objects.shown().of_resource(gateway, kind, resource_id)
    happened = [
        *map(
            Happened.of_item,
            _before(after, items, "revision__delivery__finished_at", "c"),
        ),
        *map(
            Happened.of_drift,
            _before(after, drifts.order_by("-first_seen", "-pk"), "first_seen", "d"),
        ),
    ]
    happened.sort(key=lambda one: one.place, reverse=True)
    rows = list(islice(happened, PAGE_SIZE))
    more = len(happened) > len(rows)
    older = "?" + urlencode({"before": str(rows[-1].place)}) if more else ""
    return History(
        rows, f"{older}#history" if older else "", "?#history" if after else ""
    )


def _before(
    place: Place | None, rows: "QuerySet[Any]", moment: str, stream: str
) -> Sequence[Any]:
    """Read what of a list comes after a place in reading order, and one to spare."""
    if place is not None:
        earlier = Q(**{f"{moment}__lt": place.at})
        if stream == place.stream:
            earlier |= Q(**{moment: place.at, "pk__lt": place.pk})
        elif stream < place.stream:
            earlier |= Q(**{moment: place.at})
        rows = rows.filter(earlier)
    return list(rows[: PAGE_SIZE + 1])
