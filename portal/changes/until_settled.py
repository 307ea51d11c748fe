"""Wait for a change to be delivered, for as long as there is room to wait."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from portal.changes.models import ChangeRequest
from portal.changes.states import State

# A person or a worker moves it, so it may come to its end while somebody waits.
MOVING = (State.IN_REVIEW, State.APPROVED, State.DELIVERING)
# Seconds between two looks: at first as short as a delivery, then ever longer.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5

# Threads that wait answer nobody else: this process lets so many do so.
_room = threading.BoundedSemaphore(settings.WAITING_AT_MOST)


@contextmanager
def room_to_wait() -> Iterator[bool]:
    """Give whether this thread may wait now, and keep its place meanwhile."""
    is_free = _room.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            _room.release()


def until_settled(change: ChangeRequest, seconds: float) -> None:
    """Return once nothing more will happen to the change by itself, or time is up.

    One short query at each look; no transaction, no lock.
    """
    until, pause = time.monotonic() + seconds, FIRST_PAUSE
    while change.state in MOVING:
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
        change.refresh_from_db(fields=["state"])
