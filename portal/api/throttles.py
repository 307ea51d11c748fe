"""How often somebody may call: counted in windows of one minute in the cache.

One counter per window and caller: constant memory, and exact where the cache's
increment is (Redis). With the default per-process cache each web process counts for
itself, so the real limit is that many times higher.
"""

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from portal.accounts.models import ApiToken, Person

SECONDS = 60


class Window:
    """The running minute of one caller (`scope` and `ident`), with room for `limit`."""

    def __init__(self, scope: str, ident: str, limit: int) -> None:
        self._limit = limit
        self._number = int(time.time()) // SECONDS
        self._key = f"api-rate:{scope}:{ident}:{self._number}".replace(" ", "_")

    def allows(self) -> bool:
        """Count one call and say whether there was room for it."""
        if self._limit <= 0:
            return True
        # Twice the window: a clock that differs a little must not start it anew.
        cache.add(self._key, 0, timeout=2 * SECONDS)
        try:
            return cache.incr(self._key) <= self._limit
        except ValueError:  # evicted between the two calls
            return True

    def wait(self) -> float:
        """Return the seconds until the next window opens."""
        return max(1.0, (self._number + 1) * SECONDS - time.time())


class Throttle(BaseThrottle):
    """Base of the two throttles; `wait` is what `Retry-After` says."""

    _window: Window | None = None

    def window(self, request: Request) -> Window | None:
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        self._window = self.window(request)
        return self._window is None or self._window.allows()

    def wait(self) -> float | None:
        return self._window.wait() if self._window else None


class PerToken(Throttle):
    """One program must not use up what its person's other programs may do."""

    def window(self, request: Request) -> Window | None:
        if not isinstance(request.auth, ApiToken):
            return None
        return Window("token", str(request.auth.pk), settings.API_RATE_TOKEN)


class PerPerson(Throttle):
    """Many tokens of one person are still one person."""

    def window(self, request: Request) -> Window | None:
        if not isinstance(request.user, Person):
            return None
        return Window("person", str(request.user.pk), settings.API_RATE_PERSON)
