"""Who must have a second factor and has none sets one up before anything else."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.accounts.factors import has_factor, must_have_factor
from portal.accounts.models import Person
from portal.accounts.presence import carries_token
from portal.accounts.session_store import WAY
from portal.web.people.ways import Way

# What sets one up, and what leads out again.
OPEN = frozenset(
    f"web:{name}"
    for name in (
        "security",
        "add_app",
        "add_passkey",
        "begin_passkey",
        "ask_passkey",
        "confirm",
        "end_session",
        "end_other_sessions",
        "password_change",
        "login",
        "sso",
        "sso_link",
        "sso_confirm",
        "sso_callback",
        "logout",
    )
)


def lacks_factor(request: HttpRequest) -> bool:
    """Say whether the signed-in person must set up a second factor first.

    Two queries, and none for who came in by more than a password.
    """
    if not settings.SECOND_FACTOR_REQUIRED or not isinstance(request.user, Person):
        return False
    if request.session.get(WAY, Way.PASSWORD) != Way.PASSWORD:
        return False
    return must_have_factor(request.user) and not has_factor(request.user)


class SecondFactorFirst:
    """Middleware: for pages, the back office and the consent page alike."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        if carries_token(request) or (match and match.view_name in OPEN):
            return None
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        if not lacks_factor(request):
            return None
        if getattr(request, "htmx", False):
            # A fragment must not become a page inside a page: load the whole.
            response = HttpResponse(status=204)
            response["HX-Refresh"] = "true"
            return response
        return redirect("web:security")
