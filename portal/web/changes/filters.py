"""Which changes a list shows: its tab, the words looked for, and filters, by address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from gateway.kinds import KINDS
from portal.accounts.actor import Channel
from portal.accounts.models import Person
from portal.changes.models import (
    ChangeRequestQuerySet,
    Item,
    Review,
)
from portal.changes.search import matching
from portal.changes.states import OPEN, State
from portal.changes.waiting import to_decide, to_review_after
from portal.web.pages import words_in

TITLES = {
    "waiting": _("Waiting for me"),
    "alone": _("Delivered alone, to review"),
    "mine": _("Mine"),
    "": _("Open"),
    "on_the_way": _("Being delivered"),
    "stuck": _("Stuck"),
    "applied": _("Done"),
    "declined": _("Declined"),
    "all": _("All"),
}
BY_STATE: Mapping[str, frozenset[State]] = {
    "": OPEN,
    "on_the_way": frozenset({State.APPROVED, State.DELIVERING}),
    "stuck": frozenset({State.FAILED, State.CONFLICTED}),
    "applied": frozenset({State.APPLIED}),
    "declined": frozenset({State.REJECTED, State.WITHDRAWN}),
    "all": frozenset(State),
}
FILTERS = ("gateway", "in", "person", "kind", "channel", "since", "until")


@dataclass(frozen=True)
class Tab:
    name: str
    title: str
    count: int
    query: str
    is_current: bool


@dataclass(frozen=True)
class Filters:
    """What an address asks for; what makes no sense is left out."""

    tab: str
    words: str
    chosen: Mapping[str, str]

    @classmethod
    def of(cls, request: HttpRequest) -> "Filters":
        tab = request.GET.get("state", "")
        chosen = {name: words_in(request, name, 80) for name in FILTERS}
        for name, known in (("in", State), ("kind", KINDS), ("channel", Channel)):
            if chosen[name] not in known:
                chosen[name] = ""
        for name in ("since", "until"):
            if not _day(chosen[name]):
                chosen[name] = ""
        return cls(tab if tab in TITLES else "", words_in(request), chosen)

    @property
    def is_filtered(self) -> bool:
        return bool(self.words or self.is_narrowed or self.tab)

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter is used beside the words and the gateway."""
        return any(self.chosen[name] for name in FILTERS if name != "gateway")

    def query(self, tab: str | None = None) -> str:
        """Return the query of this list, or of another tab of it."""
        kept = {"state": self.tab if tab is None else tab, "q": self.words}
        return urlencode({k: v for k, v in {**kept, **self.chosen}.items() if v})

    def narrowed(self, changes: ChangeRequestQuerySet) -> ChangeRequestQuerySet:
        """Keep what fits the words and all filters, whatever the tab."""
        chosen = self.chosen
        fits = Q()
        if chosen["gateway"]:
            fits &= Q(gateway__slug=chosen["gateway"])
        if chosen["in"]:
            fits &= Q(state=chosen["in"])
        if chosen["channel"]:
            fits &= Q(channel=chosen["channel"])
        if chosen["person"]:
            decided = Review.objects.filter(
                revision__change=OuterRef("pk"), reviewer__username=chosen["person"]
            )
            fits &= Q(author__username=chosen["person"]) | Q(Exists(decided))
        if chosen["kind"]:
            touched = Item.objects.filter(
                revision__change=OuterRef("pk"), kind=chosen["kind"]
            )
            fits &= Q(Exists(touched))
        if since := _day(chosen["since"]):
            fits &= Q(created_at__gte=_begins(since))
        if until := _day(chosen["until"]):
            fits &= Q(created_at__lt=_begins(until) + timedelta(days=1))
        return matching(changes.filter(fits), self.words)


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    # The first and the last year hold days that are none in every time zone.
    return day if day and MINYEAR < day.year < MAXYEAR else None


def _begins(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def tab_of(
    changes: ChangeRequestQuerySet, name: str, person: Person
) -> ChangeRequestQuerySet:
    """Keep the changes of one tab."""
    return changes.filter(_fits(name, person))


def tabs_of(
    changes: ChangeRequestQuerySet, filters: Filters, person: Person
) -> Sequence[Tab]:
    """Return the tabs with what each holds of these changes. One query.

    What was delivered alone is rare: its tab is there where something waits in it.
    """
    counts: dict[str, Any] = changes.order_by().aggregate(
        **{
            f"n{index}": Count("number", filter=_fits(name, person))
            for index, name in enumerate(TITLES)
        }
    )
    return [
        Tab(
            name=name,
            title=str(title),
            count=counts[f"n{index}"],
            query=f"?{filters.query(name)}",
            is_current=name == filters.tab,
        )
        for index, (name, title) in enumerate(TITLES.items())
        if name != "alone" or counts[f"n{index}"] or filters.tab == name
    ]


def _fits(tab: str, person: Person) -> Q:
    if tab == "waiting":
        return Q(pk__in=to_decide(person).values("pk"))
    if tab == "alone":
        return Q(pk__in=to_review_after(person).values("pk"))
    if tab == "mine":
        return Q(author=person)
    return Q(state__in=BY_STATE[tab])
