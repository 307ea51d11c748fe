"""Bodies of requests, read within their limits."""

from typing import Any

# A client whose body is refused unread may see a reset instead of the answer.
DRAIN_LIMIT = 32 * 1024 * 1024
CHUNK = 64 * 1024


def drain(stream: Any) -> None:
    """Read and forget the rest of a refused body, up to a limit."""
    for _ in range(DRAIN_LIMIT // CHUNK):
        if not stream.read(CHUNK):
            return
