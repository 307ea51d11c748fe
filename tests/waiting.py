"""Wait for a condition, never for a time: the machine may stall for seconds."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

# Generous: nothing takes that long when all is well.
LONG = 60.0


def eventually(
    condition: Callable[[], Found], what: str, *, within: float = LONG
) -> Found:
    """Return the condition's first true value; fail when there is none in time."""
    deadline = time.monotonic() + within
    pause = 0.005
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within:g} s: {what}. Last: {found!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
