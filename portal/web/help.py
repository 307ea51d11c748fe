"""Help: first steps, the keys, and how to connect a program."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.models import Scope
from portal.accounts.roles import Verb
from portal.rate_limits import Window
from portal.web.connection_check import check_connection
from portal.web.context import Frame
from portal.web.first_steps import first_steps
from portal.web.pages import PersonRequest, page, refusal

CHECKS_A_MINUTE, SHOWN_PROGRAMS = 6, 10


@require_GET
@page
def help_page(request: PersonRequest) -> HttpResponse:
    """Say how to begin, and which keys there are."""
    frame = Frame(request.user)
    steps = first_steps(
        request.user, frame.gateways, asks=frame.asks, administers=frame.administers
    )
    context = {
        "frame": frame,
        "steps": steps,
        "steps_done": sum(step.is_done for step in steps),
    }
    return render(request, "help/page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def connect_page(request: PersonRequest) -> HttpResponse:
    """Say how to connect a program; a POST checks whether one can find this desk."""
    found = None
    if request.method == "POST":
        window = Window(
            "connection check",
            str(request.user.pk),
            limit=CHECKS_A_MINUTE,
            seconds=60,
        )
        if not window.allows():
            return refusal(
                request, 429, gettext("It was just checked. Try again in a minute.")
            )
        found = check_connection()
    programs = request.user.api_tokens.usable(timezone.now()).exclude(last_used_at=None)
    context = {
        "url": settings.PUBLIC_URL,
        "scopes": " ".join(Scope.values),
        "found": found,
        "programs": programs.select_related("program").order_by("-last_used_at")[
            :SHOWN_PROGRAMS
        ],
        "may_register": settings.OAUTH_REGISTRATION,
        "administers": request.user.may_anywhere(Verb.ADMINISTER),
    }
    return render(request, "help/connect.html", context)
