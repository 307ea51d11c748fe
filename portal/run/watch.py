"""End the desk's processes when the launcher could not: it was killed.

    python portal/run/watch.py [SECONDS] < pipe

The launcher writes `+PID` and `-PID` lines, one per process group it started or saw
end. When the pipe closes, whatever is left is asked to end, and after SECONDS (8) made to.
Standard library only: this process lives as long as the desk and must stay small.
"""

import contextlib
import os
import signal
import sys
import time


def end(groups: set[int], number: int) -> set[int]:
    """Signal these process groups; return those that are still there."""
    there = set()
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            there.add(group)
    return there


def main(patience: float) -> None:
    # Ctrl-C is for the launcher; we are needed exactly when all else is ending.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.write("watching\n")
    sys.stdout.flush()
    groups: set[int] = set()
    for line in sys.stdin:
        if line.startswith("+"):
            groups.add(int(line[1:]))
        elif line.startswith("-"):
            groups.discard(int(line[1:]))
    deadline = time.monotonic() + patience
    left = end(groups, signal.SIGTERM)
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = end(left, 0)
    end(left, signal.SIGKILL)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 8.0)
