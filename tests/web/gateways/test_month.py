"""The calendar of freezes, on the clock of whoever looks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.changes.models import Freeze
from portal.changes.windows import Window
from portal.web.gateways.month import DAY_WIDTH, Month, bounds_of, month_named, month_of

BERLIN = ZoneInfo("Europe/Berlin")
FREEZE = Freeze(reason="Sales")
NOW = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


def told(month: Month) -> dict[str, str]:
    """Return {day: words} of the days that are frozen."""
    return {
        f"{day.date:%m-%d}": ", ".join(span.words for span in day.spans)
        for week in month.weeks
        for day in week
        if day.spans
    }


def month(first: date, *windows: tuple[datetime, datetime]) -> Month:
    held = [(FREEZE, Window(*one)) for one in windows]
    return month_of(first, NOW, held, BERLIN)


def test_a_window_is_told_day_by_day_on_that_clock() -> None:
    start, end = datetime(2026, 11, 27, 17, tzinfo=UTC), timedelta(hours=62)

    found = month(date(2026, 11, 1), (start, start + end))

    assert told(found) == {
        "11-27": "18:00 to 24:00",
        "11-28": "all day",
        "11-29": "all day",
        "11-30": "00:00 to 08:00",
    }
    spans = [span for week in found.weeks for day in week for span in day.spans]
    assert [(span.x, span.width) for span in spans] == [
        (75, 25),
        (0, DAY_WIDTH),
        (0, DAY_WIDTH),
        (0, 33),
    ]


def test_a_day_that_is_longer_or_shorter_is_whole() -> None:
    first, window = date(2026, 10, 1), bounds_of(date(2026, 10, 25), BERLIN)

    found = month(first, (window.start, window.end))

    assert set(told(found).values()) == {"all day"}
    assert len(told(found)) == 5 * 7


def test_weeks_are_whole_and_today_is_that_of_the_zone() -> None:
    found = month(date(2026, 11, 1))

    days = [day for week in found.weeks for day in week]
    assert (days[0].date, days[-1].date) == (date(2026, 10, 26), date(2026, 12, 6))
    assert [day.date.day for day in days if day.is_today] == [22]
    assert sum(day.is_in_month for day in days) == 30
    assert (found.earlier, found.later) == (date(2026, 10, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2027-02", date(2027, 2, 1)),
        ("", date(2026, 11, 1)),
        ("2026-13", date(2026, 11, 1)),
        ("9999-12", date(2026, 11, 1)),
        ("x\x00", date(2026, 11, 1)),
    ],
)
def test_what_names_no_month_near_is_this_one(text: str, first: date) -> None:
    assert month_named(text, date(2026, 11, 21)) == first


def test_it_ends_some_years_from_now() -> None:
    assert month(date(2031, 12, 1)).later is None
    assert month(date(2021, 1, 1)).earlier is None
