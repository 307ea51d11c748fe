"""Named points of a delivery, where tests stop a real worker to kill or freeze it.

Outside tests the two variables are unset and `reached` returns at once.
"""

import os
import time
from pathlib import Path

STOP_AT = os.environ.get("GATEHOUSE_TEST_STOP_AT", "")
MARKER = os.environ.get("GATEHOUSE_TEST_MARKER", "")

NAMES = (
    "claimed",
    "step_written",
    "answered",
    "step_finished",
    "all_written",
    "finished",
)


def reached(name: str) -> None:
    """Wait here while a test wants it: until its marker file is removed.

    `STOP_AT` may name the n-th time as `step_written:2`.
    """
    wanted, _, nth = STOP_AT.partition(":")
    if not wanted or wanted != name:
        return
    marker = Path(MARKER)
    count = marker.with_suffix(".count")
    times = int(count.read_text()) + 1 if count.exists() else 1
    count.write_text(str(times))
    if times != int(nth or 1):
        return
    marker.write_text(str(os.getpid()))
    while marker.exists():
        time.sleep(0.02)
