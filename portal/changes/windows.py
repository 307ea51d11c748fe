"""When a recurring freeze holds: cron on the clock of one time zone. Pure.

A window lasts from its start until the clock on the wall shows its end, whatever the
clock was put forward or back in between. A time that the clock shows twice counts from
the first and to the last; one that it skips is the moment of the skip.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext

from portal.changes.errors import Malformed

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=31)
APART_AT_LEAST = timedelta(hours=1)
# No zone has ever put its clock back by more.
PUT_BACK_AT_MOST = timedelta(hours=24)
MINUTE = timedelta(minutes=1)
# A leap year begins: every date of a calendar lies ahead.
SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Window:
    """From `start` until right before `end`, both in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Recurrence:
    """A window of `length` on the wall's clock at each time that `cron` names."""

    cron: str
    length: timedelta
    zone: str

    def check(self) -> None:
        """Raise Malformed, naming the field, for what is no such rule."""
        if self.zone not in available_timezones():
            raise Malformed(
                gettext(
                    "There is no such time zone. Give one such as Europe/Berlin or UTC."
                ),
                field="zone",
            )
        if not SHORTEST <= self.length <= LONGEST:
            raise Malformed(
                gettext("Give a length from 1 minute to 31 days."), field="length"
            )
        try:
            starts = list(islice(self._starts(SOME_DAY), 50))
        except CronSimError:
            starts = []
        if len(self.cron.split()) != 5 or not starts:
            raise Malformed(
                gettext(
                    "This is no cron expression of five fields: minute, hour, day of month, "
                    "month, day of week. Fridays at 18:00 are 0 18 * * 5."
                ),
                field="cron",
            )
        if any(later - start < APART_AT_LEAST for start, later in pairwise(starts)):
            raise Malformed(gettext("Begin at most once an hour."), field="cron")

    def current(self, now: datetime) -> Window | None:
        """Return the window that holds now, if any."""
        for start in self._starts(self._wall(now) + PUT_BACK_AT_MOST, back=True):
            window = self._window(start)
            if window.start <= now:
                # Earlier ones end earlier.
                return window if now < window.end else None
        return None

    def between(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Yield the windows that hold at any time from `start` until right before `end`."""
        first = self._wall(start) - self.length - PUT_BACK_AT_MOST
        for begin in self._starts(first):
            window = self._window(begin)
            if begin > self._wall(end) + PUT_BACK_AT_MOST:
                return
            if window.start < end and window.end > start and window.start < window.end:
                yield window

    def _starts(self, wall: datetime, *, back: bool = False) -> Iterator[datetime]:
        """Yield what the wall's clock shows at each start, later ones or earlier ones."""
        # Without a zone: what its clock skips or repeats is for _window to say.
        return CronSim(self.cron, wall.replace(tzinfo=None), reverse=back)

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def _window(self, start: datetime) -> Window:
        first, _ = moments(start, self.zone)
        _, last = moments(start + self.length, self.zone)
        return Window(first, last)


def moments(wall: datetime, zone: str) -> tuple[datetime, datetime]:
    """Return when a zone's clock shows this first and last, in UTC.

    What it skips is the moment of the skip.
    """
    here = ZoneInfo(zone)
    first, last = (
        wall.replace(tzinfo=here, fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    while first > last:
        wall = wall.replace(second=0, microsecond=0) + MINUTE
        first, last = (
            wall.replace(tzinfo=here, fold=fold).astimezone(UTC) for fold in (0, 1)
        )
    return first, last


def joined(windows: Iterable[Window]) -> Iterator[Window]:
    """Yield windows in order of their start, those that touch made one."""
    held: Window | None = None
    for window in sorted(windows):
        if held is not None and window.start <= held.end:
            held = Window(held.start, max(held.end, window.end))
            continue
        if held is not None:
            yield held
        held = window
    if held is not None:
        yield held
