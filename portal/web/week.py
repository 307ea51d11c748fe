"""The next seven days as a small picture: which hours are frozen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal.changes.windows import Window, joined

DAYS = 7
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """A stretch of one day, in minutes from its beginning."""

    x: int
    width: int


@dataclass(frozen=True)
class Day:
    """One row of the picture; a day of UTC."""

    starts_at: datetime
    bars: list[Bar]

    @property
    def name(self) -> str:
        return f"{self.starts_at:%a %d}"

    @property
    def words(self) -> str:
        """Say it to whoever does not see the picture."""
        spans = [f"{_clock(bar.x)} to {_clock(bar.x + bar.width)}" for bar in self.bars]
        return ", ".join(spans) or "not frozen"


@dataclass(frozen=True)
class Week:
    """Seven days from today on, and how far today has gone, in minutes."""

    days: list[Day]
    now: int


def begin_of_week(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def week_of(now: datetime, windows: Iterable[Window]) -> Week:
    """Return the picture of when any of the windows holds."""
    first = begin_of_week(now)
    held = list(joined(windows))
    days = [_day(first + number * DAY, held) for number in range(DAYS)]
    return Week(days, _minutes(now - first))


def _day(start: datetime, windows: list[Window]) -> Day:
    bars = []
    for window in windows:
        begin, end = max(window.start, start), min(window.end, start + DAY)
        if begin < end:
            bars.append(Bar(_minutes(begin - start), _minutes(end - begin)))
    return Day(start, bars)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(length: timedelta) -> int:
    return round(length.total_seconds() / 60)
