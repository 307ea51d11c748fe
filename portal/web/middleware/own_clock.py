"""Pages show times, and take them, by the clock of whoever reads them."""

from collections.abc import Callable
from datetime import UTC

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.accounts.presence import carries_token


class OwnClock:
    """Middleware: the person's time zone is active; UTC for programs and strangers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = UTC
        is_known = settings.SESSION_COOKIE_NAME in request.COOKIES
        if is_known and not carries_token(request):
            zone = getattr(request.user, "zone", UTC)
        # A thread answers many people: what one has chosen must not outlive the answer.
        with timezone.override(zone):
            return self.get_response(request)
