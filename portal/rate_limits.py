"""How often somebody may do something: counted per key and window, for all processes.

Counts live in the shared cache (`default`). While that does not answer, each process
counts in its own memory (`local`): limits still hold, each process for itself, and
nobody is kept out because a server is down.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import structlog
from django.core.cache import BaseCache, caches
from redis.exceptions import RedisError

Answer = TypeVar("Answer")

# Seconds until a cache that did not answer is asked again.
PAUSE = 5.0

log = structlog.get_logger(__name__)


class Window:
    """The running window of a key, `seconds` long, with room for `limit`; 0: no limit.

    Windows begin at multiples of their length, and every one has a counter of its own:
    a counter that runs out is never counted on, so none lives for ever. In the shared
    cache no two calls count as one, however many processes there are.
    """

    def __init__(self, *key: str, limit: int, seconds: int) -> None:
        self.limit = limit
        self._counted = 0
        self._seconds = seconds
        self._number = int(time.time()) // seconds
        parts = repr((key, seconds, self._number))
        # Whoever can read the cache need not read names and addresses.
        self._key = "window:" + hashlib.sha256(parts.encode()).hexdigest()

    def allows(self) -> bool:
        """Count one more and say whether there was room for it."""
        if self.limit <= 0:
            return True
        self._counted = _shared.ask(self._count)
        return self._counted <= self.limit

    @property
    def remaining(self) -> int:
        """Return for how many more there was room when `allows` was last asked."""
        return max(0, self.limit - self._counted)

    def give_back(self) -> None:
        """Take back one that was counted."""
        _shared.ask(self._uncount)

    def forget(self) -> None:
        """Begin anew at nothing."""
        _shared.ask(lambda cache: cache.delete(self._key))

    def wait(self) -> float:
        """Return the seconds until the next window opens, at least one."""
        return max(1.0, (self._number + 1) * self._seconds - time.time())

    def _count(self, cache: BaseCache) -> int:
        # Twice the window: a clock that differs a little must not start it anew.
        cache.add(self._key, 0, timeout=2 * self._seconds)
        try:
            return cache.incr(self._key)
        except ValueError:  # evicted between the two calls
            return 1

    def _uncount(self, cache: BaseCache) -> None:
        with suppress(ValueError):  # evicted, or counted elsewhere
            cache.decr(self._key)


class Shared:
    """The cache that all processes share, with a stand-in for when it is down.

    Who finds it down says so once; for the next `PAUSE` seconds nobody in this process
    waits for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next_try: float | None = None  # monotonic; None: it answers

    def ask(self, question: Callable[[BaseCache], Answer]) -> Answer:
        """Return the shared cache's answer; this process's own while there is none."""
        if self._is_worth_asking():
            try:
                answer = question(caches["default"])
            except (RedisError, OSError) as error:
                self._is_down(error)
            else:
                self._answers()
                return answer
        return question(caches["local"])

    def _is_worth_asking(self) -> bool:
        with self._lock:
            if self._next_try is None:
                return True
            now = time.monotonic()
            if now < self._next_try:
                return False
            # One thread tries; the others need not wait with it.
            self._next_try = now + PAUSE
            return True

    def _is_down(self, error: Exception) -> None:
        with self._lock:
            is_news = self._next_try is None
            self._next_try = time.monotonic() + PAUSE
        if is_news:
            # Its class alone: what an error says may hold a part of the address.
            log.warning(
                "shared cache does not answer: each process counts for itself",
                error=type(error).__name__,
            )

    def _answers(self) -> None:
        with self._lock:
            is_news = self._next_try is not None
            self._next_try = None
        if is_news:
            log.info("shared cache answers again: all processes count together")


_shared = Shared()
