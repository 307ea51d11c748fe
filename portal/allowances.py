"""Tell programs how many more requests they may send, whichever door they use.

The header fields are those that `RateLimit-*` clients read
(draft-ietf-httpapi-ratelimit-headers-05): how many in a window, how many are left, and
the seconds until the next window begins.
"""

from collections.abc import Callable
from math import ceil

from django.http import HttpRequest, HttpResponse

from portal.rate_limits import Window

ATTRIBUTE = "allowance"


def note(request: HttpRequest, window: Window) -> None:
    """Remember a window that this request was counted in, if none is tighter."""
    tightest: Window | None = getattr(request, ATTRIBUTE, None)
    if window.limit > 0 and (
        tightest is None or window.remaining <= tightest.remaining
    ):
        setattr(request, ATTRIBUTE, window)


class Allowances:
    """Middleware: the header fields of a request that was counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        window: Window | None = getattr(request, ATTRIBUTE, None)
        if window is not None:
            response["RateLimit-Limit"] = str(window.limit)
            response["RateLimit-Remaining"] = str(window.remaining)
            response["RateLimit-Reset"] = str(ceil(window.wait()))
        return response
