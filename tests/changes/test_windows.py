"""Recurring windows on a clock that people put forward and back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.changes.errors import Malformed
from portal.changes.windows import Recurrence, Window, joined, moments

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rule(cron: str, zone: str = BERLIN, **length: float) -> Recurrence:
    return Recurrence(cron, timedelta(**length), zone)


def only(recurrence: Recurrence, start: str, end: str) -> tuple[str, str]:
    """The one window between two moments, as UTC in short."""
    [window] = recurrence.between(utc(start), utc(end))
    return f"{window.start:%d %H:%M}", f"{window.end:%d %H:%M}"


class TestTheClockIsPutForward:
    """In Berlin on 29 March 2026, 02:00 is followed by 03:00: at 01:00 UTC."""

    @pytest.mark.parametrize(
        ("cron", "length", "window"),
        [
            # From Friday 18:00 to Monday 08:00 on the wall: an hour less.
            ("0 18 * * 5", {"hours": 62}, ("27 17:00", "30 06:00")),
            # Across the skip: 01:30 to 03:30.
            ("30 1 29 3 *", {"hours": 2}, ("29 00:30", "29 01:30")),
            # It begins at a time that is skipped.
            ("30 2 29 3 *", {"hours": 1}, ("29 01:00", "29 01:30")),
            # It ends at a time that is skipped.
            ("30 1 29 3 *", {"hours": 1}, ("29 00:30", "29 01:00")),
            # The whole day has 23 hours.
            ("0 0 29 3 *", {"days": 1}, ("28 23:00", "29 22:00")),
        ],
    )
    def test_it_ends_when_the_wall_s_clock_says_so(
        self, cron: str, length: dict[str, int], window: tuple[str, str]
    ) -> None:
        found = only(rule(cron, **length), "2026-03-25", "2026-04-01")

        assert found == window

    def test_a_window_that_is_skipped_whole_does_not_happen(self) -> None:
        nightly = rule("15 2 * * *", minutes=30)

        days = [
            window.start.day
            for window in nightly.between(utc("2026-03-28"), utc("2026-03-31"))
        ]

        assert days == [28, 30]
        assert nightly.current(utc("2026-03-29 01:00")) is None


class TestTheClockIsPutBack:
    """In Berlin on 25 October 2026, 03:00 is followed by 02:00: at 01:00 UTC."""

    @pytest.mark.parametrize(
        ("cron", "length", "window"),
        [
            ("0 18 * * 5", {"hours": 62}, ("23 16:00", "26 07:00")),
            ("30 1 25 10 *", {"hours": 2}, ("24 23:30", "25 02:30")),
            # A time that comes twice: from the first to the last.
            ("30 2 25 10 *", {"hours": 1}, ("25 00:30", "25 02:30")),
            ("30 1 25 10 *", {"hours": 1}, ("24 23:30", "25 01:30")),
            ("0 0 25 10 *", {"days": 1}, ("24 22:00", "25 23:00")),
        ],
    )
    def test_it_ends_when_the_wall_s_clock_last_says_so(
        self, cron: str, length: dict[str, int], window: tuple[str, str]
    ) -> None:
        found = only(rule(cron, **length), "2026-10-20", "2026-10-28")

        assert found == window

    @pytest.mark.parametrize(
        ("now", "holds"),
        [
            ("2026-10-25 00:29", False),
            ("2026-10-25 00:30", True),
            # The clock shows 02:10 for the second time: it goes on.
            ("2026-10-25 01:10", True),
            ("2026-10-25 01:59", True),
            ("2026-10-25 02:00", False),
        ],
    )
    def test_it_holds_without_a_gap(self, now: str, holds: bool) -> None:
        nightly = rule("30 2 * * *", minutes=30)

        assert (nightly.current(utc(now)) is not None) is holds


def test_other_zones_have_other_clocks() -> None:
    start, end = "2026-07-01", "2026-07-02"

    assert only(rule("0 9 1 7 *", "Asia/Kolkata", hours=1), start, end) == (
        "01 03:30",
        "01 04:30",
    )
    assert only(rule("0 9 1 7 *", "UTC", hours=1), start, end)[0] == "01 09:00"
    # A zone whose clock is put forward by half an hour.
    skipped = datetime(2026, 10, 4, 2, 15)  # noqa: DTZ001
    skip = utc("2026-10-03 15:30")
    assert moments(skipped, "Australia/Lord_Howe") == (skip, skip)


@given(
    now=st.datetimes(
        min_value=datetime(2026, 1, 1),  # noqa: DTZ001
        max_value=datetime(2027, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    cron=st.sampled_from(
        ["0 * * * *", "30 2 * * *", "0 18 * * 5", "59 1 * * 0", "0 0 1 * *"]
    ),
    hours=st.integers(1, 100),
    zone=st.sampled_from([BERLIN, "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
def test_now_is_frozen_exactly_within_a_window(
    now: datetime, cron: str, hours: int, zone: str
) -> None:
    recurrence = rule(cron, zone, hours=hours)

    near = list(recurrence.between(now - timedelta(1), now + timedelta(1)))
    current = recurrence.current(now)

    assert (current is not None) == any(one.start <= now < one.end for one in near)
    assert near == sorted(near)
    if current is not None:
        assert current.start <= now < current.end
        assert current in near


def test_windows_that_touch_are_one() -> None:
    hours = [utc("2026-01-01") + timedelta(hours=n) for n in range(9)]
    windows = [
        Window(hours[4], hours[5]),
        Window(hours[0], hours[2]),
        Window(hours[1], hours[3]),
        Window(hours[5], hours[6]),
        Window(hours[7], hours[8]),
    ]

    assert list(joined(windows)) == [
        Window(hours[0], hours[3]),
        Window(hours[4], hours[6]),
        Window(hours[7], hours[8]),
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"cron": ""}, "cron"),
        ({"cron": "nonsense"}, "cron"),
        ({"cron": "0 18 * *"}, "cron"),
        ({"cron": "0 0 18 * * 5"}, "cron"),
        ({"cron": "61 18 * * 5"}, "cron"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "*/30 * * * *"}, "cron"),
        ({"cron": "* * * * *"}, "cron"),
        ({"length": timedelta(seconds=59)}, "length"),
        ({"length": timedelta(days=32)}, "length"),
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"zone": ""}, "zone"),
    ],
)
def test_a_bad_rule_is_refused_by_its_field(
    fields: dict[str, object], field: str
) -> None:
    given = {"cron": "0 18 * * 5", "length": timedelta(hours=1), "zone": BERLIN}

    with pytest.raises(Malformed) as refused:
        Recurrence(**(given | fields)).check()  # type: ignore[arg-type]

    assert refused.value.field == field


@pytest.mark.parametrize("cron", ["0 18 * * 5", "0 0 29 2 *", "0 * * * *", "0 0 L * *"])
def test_a_good_rule_passes(cron: str) -> None:
    rule(cron, hours=1).check()
