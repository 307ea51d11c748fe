"""Supervise the processes of one desk: start, watch, start again, end.

Which processes those are stands in parts.py.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from portal.run.child import Child
from portal.run.configuration import ROOT, Refused

# The machine may be slow or busy; nothing takes nearly as long when all is well.
START_SECONDS = 120
# A process that fell is started again at once, then ever later.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# Whoever lived this long fell for a new reason.
STEADY_SECONDS = 60


class Stopped(Exception):
    """The person asked the desk to end."""


class Desk:
    """All children of one launcher, under the eye of the watcher.

    `say` tells the person something; `stopping` is asked whether they want to end.
    """

    def __init__(
        self, var: Path, *, say: Callable[[str], None], stopping: Callable[[], bool]
    ) -> None:
        self.var = var
        self._say = say
        self._stopping = stopping
        self._children: list[Child] = []
        self._restarts: dict[str, tuple[float, float]] = {}  # pause, time of restart
        self._watcher = subprocess.Popen(
            [sys.executable, "-S", "-E", Path(__file__).with_name("watch.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        if self._watcher.stdout:
            with self._watcher.stdout as said:
                said.readline()  # it is ready

    def python(self, name: str, *arguments: str, keep: tuple[int, ...] = ()) -> Child:
        """Return a child that runs a Python module of ours; not yet started."""
        return self.child(name, [sys.executable, "-m", *arguments], keep=keep)

    def child(
        self, name: str, command: list[str], *, keep: tuple[int, ...] = ()
    ) -> Child:
        """Return a child whose output goes to `var/log/NAME.log`; not yet started."""
        log = self.var / "log" / f"{name.replace(' ', '-')}.log"
        return Child(name, command, log=log, folder=ROOT, keep=keep)

    def start(self, child: Child) -> None:
        """Start a child; from now on it is watched, restarted and ended."""
        child.start()
        self._tell_watcher(f"+{child.pid}")
        self._children.append(child)

    def wait(self, child: Child, ready: Callable[[], bool]) -> None:
        """Return when `ready()`. Raises Refused if it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            self.check_stop()
            # It may have ended well since we asked, and only then stopped running.
            if not child.is_running and not ready():
                raise Refused(
                    f"The {child.name} failed. The end of {child.log}:\n"
                    f"{child.last_words()}"
                )
            if time.monotonic() > deadline:
                raise Refused(
                    f"The {child.name} was not ready after {START_SECONDS} seconds; "
                    f"see {child.log}."
                )
            time.sleep(0.02)

    def run(self, child: Child) -> None:
        """Run a child to its end. Raises Refused when it fails."""
        self.start(child)
        self.wait(child, lambda: child.status == 0)
        self.forget(child)

    def forget(self, child: Child) -> None:
        """No longer watch a child that has ended."""
        self._ended(child)
        self._children.remove(child)

    def check_stop(self) -> None:
        """Raises Stopped when the person wants to end."""
        if self._stopping():
            raise Stopped

    def mend(self) -> None:
        """Start again whoever fell, with growing pauses, and say so."""
        now = time.monotonic()
        for child in self._children:
            if child.is_running:
                continue
            pause, due = self._restarts.get(child.name, (FIRST_PAUSE, 0.0))
            if not due:
                if now - child.started_at > STEADY_SECONDS:
                    pause = FIRST_PAUSE
                self._ended(child)
                self._say(
                    f"The {child.name} ended ({_how(child.status)}; see {child.log}). "
                    f"Starting it again in {pause:g} s."
                )
                self._restarts[child.name] = (pause, now + pause)
            elif now >= due:
                child.start()
                self._tell_watcher(f"+{child.pid}")
                self._restarts[child.name] = (min(pause * 2, LONGEST_PAUSE), 0.0)

    def stop(self) -> None:
        """End everybody, those who serve people first, what they need last."""
        for child in reversed(self._children):
            child.stop()
            self._ended(child)
        self._children.clear()
        if self._watcher.stdin:
            self._watcher.stdin.close()
        self._watcher.wait()

    def _ended(self, child: Child) -> None:
        # Workers that outlived their parent end with it.
        child.stop(patience=0)
        self._tell_watcher(f"-{child.pid}")

    def _tell_watcher(self, line: str) -> None:
        if self._watcher.stdin:
            self._watcher.stdin.write(f"{line}\n")
            self._watcher.stdin.flush()


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        return f"signal {-status}"
    return f"exit status {status}"
