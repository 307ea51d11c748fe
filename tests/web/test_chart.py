"""Columns by day."""

from datetime import date

from portal.changes.pace import Day
from portal.web.chart import HEIGHT, chart


def test_the_highest_column_fills_the_box_and_all_stand_on_its_floor() -> None:
    drawn = chart([Day(date(2026, 3, 1), 4, 1), Day(date(2026, 3, 2), 2, 3)])

    first, second = drawn.columns
    assert drawn.top == 4
    assert (first.asked_y, first.asked_height) == (0, HEIGHT)
    assert (first.applied_height, second.asked_height) == (HEIGHT / 4, HEIGHT / 2)
    assert all(
        column.applied_y + column.applied_height == HEIGHT for column in drawn.columns
    )
    assert first.x + first.width < second.x
    assert second.x + second.width <= drawn.width


def test_days_without_anything_have_no_height() -> None:
    drawn = chart([Day(date(2026, 3, 1), 0, 0)])

    assert drawn.top == 0
    assert drawn.columns[0].asked_height == drawn.columns[0].applied_height == 0
