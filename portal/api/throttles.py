"""How often programs may call: so many requests in each minute."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from portal.accounts.models import ApiToken, Person
from portal.callers import minute
from portal.rate_limits import Window


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
        return minute("token", request.auth.pk, settings.API_RATE_TOKEN)


class PerPerson(Throttle):
    """Many tokens of one person are still one person."""

    def window(self, request: Request) -> Window | None:
        if not isinstance(request.user, Person):
            return None
        return minute("person", request.user.pk, settings.API_RATE_PERSON)
