"""A month on the calendar of one time zone: which hours of which days are frozen. Pure."""

from calendar import MONDAY, Calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django.utils.translation import gettext

from portal.changes.models import Freeze
from portal.changes.windows import Window

# What is drawn of a day, whatever its length: it has 23 to 25 hours.
DAY_WIDTH = 100
YEARS_APART = 5


@dataclass(frozen=True)
class Span:
    """The part of a day in which a freeze holds; `x` and `width` of DAY_WIDTH."""

    freeze: Freeze
    x: int
    width: int
    words: str


@dataclass(frozen=True)
class Day:
    date: date
    is_in_month: bool
    is_today: bool
    spans: Sequence[Span]


@dataclass(frozen=True)
class Month:
    """Whole weeks from Monday on; `earlier` and `later` are their neighbours' first days."""

    first: date
    weeks: Sequence[Sequence[Day]]
    earlier: date | None
    later: date | None


def month_named(text: str, today: date) -> date:
    """Return the first day of `2026-11`; of this month for nonsense and far away times."""
    try:
        first = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 (a date)
    except ValueError:
        return today.replace(day=1)
    is_near = abs(first.year - today.year) <= YEARS_APART
    return first if is_near else today.replace(day=1)


def bounds_of(first: date, zone: tzinfo) -> Window:
    """Return from when to when the weeks of a month go."""
    days = Calendar(MONDAY).monthdatescalendar(first.year, first.month)
    return Window(_midnight(days[0][0], zone), _midnight(days[-1][-1] + DAY, zone))


def month_of(
    first: date, now: datetime, held: Iterable[tuple[Freeze, Window]], zone: tzinfo
) -> Month:
    """Return the calendar of when which freeze holds."""
    today, windows = now.astimezone(zone).date(), list(held)
    weeks = [
        [
            Day(one, one.month == first.month, one == today, _spans(one, windows, zone))
            for one in week
        ]
        for week in Calendar(MONDAY).monthdatescalendar(first.year, first.month)
    ]
    earlier = (first - DAY).replace(day=1)
    later = (first + 31 * DAY).replace(day=1)
    return Month(
        first,
        weeks,
        earlier if month_named(f"{earlier:%Y-%m}", today) == earlier else None,
        later if month_named(f"{later:%Y-%m}", today) == later else None,
    )


DAY = timedelta(days=1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _spans(
    day: date, windows: Iterable[tuple[Freeze, Window]], zone: tzinfo
) -> list[Span]:
    # By their moments: what two clocks of one zone show does not tell how long it was.
    start, end = (
        _midnight(day, zone).timestamp(),
        _midnight(day + DAY, zone).timestamp(),
    )
    spans = []
    for freeze, window in windows:
        begin = max(window.start.timestamp(), start)
        over = min(window.end.timestamp(), end)
        if begin < over:
            per_second = DAY_WIDTH / (end - start)
            spans.append(
                Span(
                    freeze,
                    round((begin - start) * per_second),
                    max(round((over - begin) * per_second), 1),
                    _words(begin, over, start, end, zone),
                )
            )
    return spans


def _words(begin: float, over: float, start: float, end: float, zone: tzinfo) -> str:
    if (begin, over) == (start, end):
        return gettext("all day")
    clock = "24:00" if over == end else f"{datetime.fromtimestamp(over, zone):%H:%M}"
    return gettext("%(begin)s to %(end)s") % {
        "begin": f"{datetime.fromtimestamp(begin, zone):%H:%M}",
        "end": clock,
    }
