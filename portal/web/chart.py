"""Columns by day, drawn by the server: geometry alone, colours are the page's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal.changes.pace import Day

HEIGHT, STEP, GAP = 64, 10, 3


@dataclass(frozen=True)
class Column:
    """One day: what was asked for, and before it what was applied, in units of the box."""

    day: date
    x: int
    width: int
    asked: int
    applied: int
    asked_y: float
    asked_height: float
    applied_y: float
    applied_height: float


@dataclass(frozen=True)
class Chart:
    """Columns in a box of `width` × `height` units; `top` is what its height stands for."""

    columns: list[Column]
    width: int
    height: int
    top: int


def chart(days: Sequence[Day]) -> Chart:
    """Return the columns of these days; the highest fills the box."""
    top = max((max(day.asked, day.applied) for day in days), default=0)
    return Chart(
        columns=[_column(nth, day, top) for nth, day in enumerate(days)],
        width=STEP * len(days),
        height=HEIGHT,
        top=top,
    )


def _column(nth: int, day: Day, top: int) -> Column:
    asked, applied = (_length(count, top) for count in (day.asked, day.applied))
    return Column(
        day=day.day,
        x=nth * STEP,
        width=STEP - GAP,
        asked=day.asked,
        applied=day.applied,
        asked_y=HEIGHT - asked,
        asked_height=asked,
        applied_y=HEIGHT - applied,
        applied_height=applied,
    )


def _length(count: int, top: int) -> float:
    return round(HEIGHT * count / top, 1) if top else 0.0
