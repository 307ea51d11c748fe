"""One process that the desk consists of: started, watched and ended with all it started.

Each child leads a session of its own, so that Ctrl-C in the terminal reaches only the
launcher, and ending the child's process group ends its workers too.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
LARGEST_LOG = 10_000_000  # bytes; one older file is kept
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(signal_number: int = signal.SIGTERM) -> Callable[[], None]:
    """Return a `preexec_fn`: the child gets this signal when the parent's thread ends.

    Linux only; elsewhere it does nothing and the watcher (watch.py) is the one net.
    """
    parent = os.getpid()

    def ask_the_kernel() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, signal_number)
            if os.getppid() != parent:  # it died before we asked
                os.kill(os.getpid(), signal_number)

    return ask_the_kernel


def end_group(group: int, *, patience: float) -> None:
    """End every process of a group; those that live after `patience` seconds, at once."""
    if _signal_group(group, signal.SIGTERM) and not _gone(group, patience):
        _signal_group(group, signal.SIGKILL)
        _gone(group, 5)


def _signal_group(group: int, signal_number: int) -> bool:
    try:
        os.killpg(group, signal_number)
    except (ProcessLookupError, PermissionError):  # macOS refuses on zombies
        return False
    return True


def _gone(group: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not _signal_group(group, 0):
            return True
        time.sleep(0.02)
    return False


class Child:
    """A process with its log file.

    `command` is what runs; `environment` is added to ours; `keep` are file descriptors
    it inherits. Both outputs are appended to `log`, which is set aside at a start when it is large.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | os.PathLike[str]],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.command = [os.fspath(part) for part in command]
        self.log = log
        self.environment = dict(environment or {})
        self._folder = folder
        self._keep = tuple(keep)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self.started_at = 0.0

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group. Only after `start()`."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started.")
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, or None while it runs (or was never started)."""
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self.status is None

    def start(self) -> None:
        """Start it. Call from the main thread: the kernel watches the calling one."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            # One signal to the kernel in preexec_fn: safe, since we have no threads.
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | self.environment,
                cwd=self._folder,
                pass_fds=self._keep,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        self.started_at = time.monotonic()

    def said(self) -> str:
        """Return what it has written to its log since it was last started."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")
        return ""

    def last_words(self, lines: int = 15) -> str:
        """Return the end of what it said, for the person who must mend it."""
        return "\n".join(self.said().splitlines()[-lines:])

    def stop(self, *, patience: float = 8) -> None:
        """End it and everything it started. Harmless when it is not running."""
        if self._process is None:
            return
        _signal_group(self.pid, signal.SIGTERM)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            _signal_group(self.pid, signal.SIGKILL)
            self._process.wait()
        # Only now that it is reaped: until then it counts as a member of its group.
        end_group(self.pid, patience=1)
