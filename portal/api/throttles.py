"""How often programs may call: so many requests in each minute."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from portal.accounts.models import ApiToken
from portal.callers import TooMany, count


class PerProgram(BaseThrottle):
    """What every door counts, told as this framework tells it."""

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        try:
            count(request._request, request.auth)
        except TooMany as error:
            self._wait = error.wait
            return False
        return True

    def wait(self) -> float | None:
        return self._wait
