"""Match the patterns that gateways hold, as PCRE does, and come to an end.

Anybody may write a pattern, and a document may hold thousands of them. PCRE gives up on
one that is too large or runs away and reports no match; so does this.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TypeVar

import regex

# Seconds for one pattern.
TIMEOUT = 0.5
LENGTH_LIMIT = 4_000
# Pieces, once all counts are written out: making ready costs about 1 µs for each.
SIZE_LIMIT = 100_000

_SET = r"\[\^?\]?(?:\\.|[^\]\\])*\]|"
_PIECE = r"\\.|\{(?P<least>\d{1,9})?(?:,(?P<most>\d{1,9})?)?\}|."
_PIECES = (
    regex.compile(_SET + _PIECE, regex.DOTALL),
    # What looks like a set may be a comment, and hide what stands in it.
    regex.compile(_PIECE, regex.DOTALL),
)

Found = TypeVar("Found")
# When `patience` ends, in seconds of this thread's own time.
_until: ContextVar[float] = ContextVar("until", default=math.inf)


class TooSlow(Exception):
    """What is done with patterns took longer than it may."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Let the block work for so long; then whatever it matches raises TooSlow.

    Counted is what this thread does, not what it waits for.
    """
    token = _until.set(time.thread_time() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def hurry() -> None:
    """Raise TooSlow where patience is at an end."""
    if time.thread_time() >= _until.get():
        raise TooSlow


def timed(match: Callable[[float], Found]) -> Found:
    """Return what `match` gives, which gets the seconds it may take.

    Raises TooSlow, and TimeoutError where `match` does.
    """
    hurry()
    return match(TIMEOUT)


def search(pattern: str, text: str, flags: int = 0) -> "regex.Match[str] | None":
    """Search as PCRE would; a broken or runaway pattern finds nothing. Raises TooSlow."""

    def match(seconds: float) -> "regex.Match[str] | None":
        ready = compiled(pattern, flags)
        return None if ready is None else ready.search(text, timeout=seconds)

    try:
        return timed(match)
    except TimeoutError:
        return None


@lru_cache(maxsize=4096)
def compiled(pattern: str, flags: int = 0) -> "regex.Pattern[str] | None":
    """Return a pattern made ready; None for one that is broken or too large."""
    if len(pattern) > LENGTH_LIMIT:
        return None
    if max(_size(pattern, pieces) for pieces in _PIECES) > SIZE_LIMIT:
        return None
    try:
        return regex.compile(pattern, flags)
    except (regex.error, RecursionError):
        return None


def _size(pattern: str, pieces: "regex.Pattern[str]") -> int:
    """Return how many pieces a pattern has at most, once all counts are written out."""
    open_groups, size, last = [], 0, 0
    for piece in pieces.finditer(pattern):
        text = piece[0]
        if text == "(":
            open_groups.append(size)
            size = last = 0
        elif text == ")":
            # One that closes nothing may close all there is.
            before = open_groups.pop() if open_groups else 0
            last = size + 1
            size = before + last
        elif text[0] == "{" and len(text) > 1:
            times = max(int(piece["least"] or 0), int(piece["most"] or 0), 1)
            size += last * (times - 1)
            last *= times
        else:
            last = 1
            size += 1
    return size + sum(open_groups)
