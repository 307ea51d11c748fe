"""The desk's supervision: what ended well is not taken for a failure."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.run.child import Child
from portal.run.configuration import Refused
from portal.run.desk import Desk
from tests.waiting import eventually


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, say=lambda words: None, stopping=lambda: False)
    yield desk
    desk.stop()


def a_child(desk: Desk, code: str) -> Child:
    child = desk.child("preparation", [sys.executable, "-S", "-c", code])
    desk.start(child)
    return child


def test_a_child_that_ends_well_just_after_it_was_looked_at_is_ready(
    desk: Desk,
) -> None:
    child = a_child(desk, "")
    looks = []

    def ready() -> bool:
        looks.append(child.status == 0)
        if len(looks) == 1:
            # It runs at the first look, and has ended before the next line.
            eventually(lambda: not child.is_running, "it has ended")
            return False
        return looks[-1]

    desk.wait(child, ready)

    assert looks[1:] != []


def test_a_child_that_fails_is_said_with_its_last_words(desk: Desk) -> None:
    child = a_child(desk, "print('no such luck'); raise SystemExit(3)")

    with pytest.raises(Refused, match="no such luck"):
        desk.wait(child, lambda: child.status == 0)
