"""Named points of a worker's work, where tests stop a real worker to kill or freeze it.

Outside tests the two variables are unset and `reached` returns at once.
"""

import os
import time
from pathlib import Path

# In the order of a delivery. Between any two of them a worker may die or freeze.
NAMES = (
    "claimed",  # the claim is committed, the gateway not asked yet
    "looked",  # every item was read, nothing written
    "step_written",  # a write is recorded, its lease not checked for the last time
    "sending",  # checked: the request goes out now
    "answered",  # the gateway has written, our step does not say so yet
    "step_finished",  # the step says so, nothing was read back yet
    "read_back",  # an item stands as it shall
    "all_written",  # every item does, and nobody was told
    "compensated",  # what was written is restored, and nobody was told
    "finished",  # the end is committed, in the mirror too
)
# Each right before a commit: a worker that stops here keeps others from writing.
COMMITTING = (
    "ending",  # how a delivery ended, and what takes it back
    "filing",  # the change that a file asks for, and the end of the file
)
# When a delivery is looked after.
LOOKING = (
    "watched",  # the nodes were asked
    "probed",  # the probe has its answer, and nobody was told
)


def reached(name: str) -> None:
    """Wait here while a test wants it: until its marker file is removed.

    `GATEHOUSE_TEST_STOP_AT` names the point, or the n-th time as `step_written:2`;
    `GATEHOUSE_TEST_MARKER` is the file in which the waiting process leaves its id.
    """
    wanted, _, nth = os.environ.get("GATEHOUSE_TEST_STOP_AT", "").partition(":")
    if wanted != name:
        return
    marker = Path(os.environ["GATEHOUSE_TEST_MARKER"])
    count = marker.with_suffix(".count")
    times = int(count.read_text()) + 1 if count.exists() else 1
    count.write_text(str(times))
    if times != int(nth or 1):
        return
    # Complete when it appears: whoever waits for it reads the id.
    unfinished = marker.with_suffix(".new")
    unfinished.write_text(str(os.getpid()))
    unfinished.rename(marker)
    while marker.exists():
        time.sleep(0.02)
