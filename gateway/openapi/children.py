"""Processes that read what may be made to take all memory and all time, or to ask about."""

import resource
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 1024 * 1024 * 1024
# Children of one process: each keeps a processor, and a thread that waits for it.
AT_ONCE = 2
room = threading.BoundedSemaphore(AT_ONCE)


class TooMuch(Exception):
    """The child gave no answer: it needs more memory or time than it may have."""


class NoRoom(Exception):
    """As many children as may be are at work; nothing was done."""


def answer_of(program: str, source: bytes, *, seconds: float) -> bytes:
    """Run `gateway.openapi.<program>` on a source; return what it writes.

    Raises NoRoom, TooMuch.
    """
    if not room.acquire(blocking=False):
        raise NoRoom
    try:
        done = subprocess.run(  # noqa: S603 - our own program; the source comes by a pipe
            [sys.executable, "-m", f"gateway.openapi.{program}"],
            input=source,
            capture_output=True,
            cwd=ROOT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TooMuch from error
    finally:
        room.release()
    if done.returncode:
        raise TooMuch
    return done.stdout


def limit(*, seconds: int) -> None:
    """Let this process, a child, take so much memory and time, and ask nobody anything.

    Until it ends.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    sys.addaudithook(_stay_inside)


def _stay_inside(event: str, _arguments: object) -> None:
    """Refuse what libraries do about addresses in a document."""
    if event.startswith("socket."):
        raise PermissionError("Nothing is read from elsewhere.")
