"""Processes that read what may be made to take all memory and all time, or to ask about."""

import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 1024 * 1024 * 1024


class TooMuch(Exception):
    """The child gave no answer: it needs more memory or time than it may have."""


def answer_of(program: str, source: bytes, *, seconds: float) -> bytes:
    """Run `gateway.openapi.<program>` on a source; return what it writes.

    Raises TooMuch.
    """
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
