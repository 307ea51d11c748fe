"""How I get in: password, second factors, and where I am signed in."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.models import Factor, Session
from portal.accounts.presence import present_actor
from portal.accounts.recovery_codes import codes_left
from portal.accounts.sessions import end_other_sessions, end_session, sessions_of
from portal.web.events import device
from portal.web.pages import PersonRequest, page
from portal.web.people.second_factor_first import lacks_factor

# More than anybody has: the rest is ended with "everywhere else".
SHOWN = 50


@dataclass(frozen=True)
class ShownSession:
    """A session of mine; `is_here` for the one that this page is opened in."""

    session: Session
    device: str
    is_here: bool


@require_GET
@page
def security_page(request: PersonRequest) -> HttpResponse:
    """Gather what guards my account."""
    here = present_actor(request).session
    sessions = [
        ShownSession(session, device(session.browser), session.handle == here)
        for session in sessions_of(request.user)[:SHOWN]
    ]
    # This one first, whatever was used last.
    sessions.sort(key=lambda shown: not shown.is_here)
    factors = list(request.user.factors.all())
    context = {
        "sessions": sessions,
        "app": next((one for one in factors if one.kind == Factor.Kind.APP), None),
        "passkeys": [one for one in factors if one.kind == Factor.Kind.PASSKEY],
        "has_factor": bool(factors),
        "codes_left": codes_left(request.user),
        "identities": list(request.user.identities.all()),
        "sso": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "has_password": request.user.has_usable_password(),
        "lacks_factor": lacks_factor(request),
    }
    return render(request, "accounts/security.html", context)


@require_POST
@page
def end_one(request: PersonRequest, handle: str) -> HttpResponse:
    """Sign me out at one other place."""
    ended = end_session(handle, actor=present_actor(request))
    messages.success(
        request,
        gettext("%(browser)s is signed out.") % {"browser": device(ended.browser)},
    )
    return redirect("web:security")


@require_POST
@page
def end_others(request: PersonRequest) -> HttpResponse:
    """Sign me out everywhere but here."""
    ended = end_other_sessions(actor=present_actor(request))
    messages.success(
        request,
        ngettext(
            "Signed out at %(count)s other place.",
            "Signed out at %(count)s other places.",
            ended,
        )
        % {"count": ended}
        if ended
        else gettext("You were signed in nowhere else."),
    )
    return redirect("web:security")
