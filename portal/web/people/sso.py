"""Single sign-on: off to the provider, and back from it.

Begun by a form alone, for one of three things: to sign in, to link one's account, or to
confirm that it is still oneself.
"""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from portal.accounts import sign_in, single_sign_on
from portal.accounts.errors import NotAllowed
from portal.accounts.identities import (
    is_identity_of,
    link_identity,
    person_of,
    unlink_identity,
)
from portal.accounts.models import Person
from portal.accounts.presence import present_actor
from portal.accounts.session_store import CONFIRMED_AT
from portal.client_address import address_of, network_of
from portal.errors import GatehouseError
from portal.rate_limits import Window
from portal.web.pages import PersonRequest, page, refusal
from portal.web.people.confirming import METHOD, NEXT, carried, safe
from portal.web.people.second_step import for_people
from portal.web.people.sign_in import come_in, stranger
from portal.web.people.ways import Way

_KEPT = "sso"
SIGN_IN, LINK, CONFIRM = "sign-in", "link", "confirm"
# Seconds that somebody may take at the provider; how far clocks may differ.
KEPT_FOR, LEEWAY = 900, 60
# Begun from one network within five minutes: a whole office may come in at nine.
AT_MOST, WITHIN = 100, 300


@require_POST
@for_people
def go(request: HttpRequest, purpose: str = SIGN_IN) -> HttpResponse:
    """Send somebody to the provider, and keep what they came for."""
    if not single_sign_on.is_on():
        return refusal(request, 404, gettext("Single sign-on is not set up here."))
    if purpose != SIGN_IN and not request.user.is_authenticated:
        return redirect("web:login")
    if purpose == LINK:
        present_actor(request).require_fresh()
    tries = Window("sso", network_of(request), limit=AT_MOST, seconds=WITHIN)
    if not tries.allows():
        response = refusal(
            request, 429, gettext("Too many sign-ins at once. Wait a little.")
        )
        response["Retry-After"] = str(int(tries.wait()) + 1)
        return response
    try:
        address, asked = single_sign_on.begin(again=purpose == CONFIRM)
    except GatehouseError as error:
        return refusal(request, error.status, str(error))
    request.session[_KEPT] = asked.kept() | {
        "purpose": purpose,
        "at": timezone.now().isoformat(),
        "next": request.POST.get(NEXT) or request.POST.get("next", "/"),
        "method": request.POST.get(METHOD, "get"),
        "carried": list(carried(request.POST)) if purpose == CONFIRM else [],
    }
    # Not a redirect: the policy lets forms lead to pages of ours alone.
    context = {"address": address, "provider": settings.OIDC_NAME}
    return render(request, "accounts/sso_go.html", context)


@require_GET
@for_people
def callback(request: HttpRequest) -> HttpResponse:
    """Take what the provider says of whoever comes back."""
    if not single_sign_on.is_on():
        return refusal(request, 404, gettext("Single sign-on is not set up here."))
    kept: dict[str, Any] = request.session.pop(_KEPT, None) or {}
    at = parse_datetime(kept.get("at", ""))
    if at is None or (timezone.now() - at).total_seconds() > KEPT_FOR:
        kept = {}
    try:
        claims = single_sign_on.claims_of(request.GET.dict(), kept)
        return _ENDS.get(kept["purpose"], _signed_in)(request, claims, kept)
    except GatehouseError as error:
        sign_in.sign_in_failed(
            "",
            stranger=stranger(request),
            address=address_of(request),
            step=Way.SINGLE_SIGN_ON,
        )
        return refusal(request, error.status, str(error))


def _signed_in(
    request: HttpRequest, claims: dict[str, Any], kept: dict[str, Any]
) -> HttpResponse:
    come_in(
        request,
        person_of(claims),
        way=Way.SINGLE_SIGN_ON,
        proved_at=_proved_at(claims),
    )
    return redirect(safe(request, kept["next"]))


def _proved_at(claims: dict[str, Any]) -> datetime:
    """Return when the provider asked somebody who they are; long ago if it tells not.

    A session there lets whoever finds a browser open come in, and proves no more.
    """
    told = claims.get("auth_time")
    now = timezone.now()
    if not isinstance(told, int) or told < 0:
        return datetime.fromtimestamp(0, UTC)
    return datetime.fromtimestamp(min(told, now.timestamp()), UTC)


def _linked(
    request: HttpRequest, claims: dict[str, Any], kept: dict[str, Any]
) -> HttpResponse:
    link_identity(claims, actor=present_actor(request))
    messages.success(
        request,
        gettext("%(oidc_name)s now opens your account.")
        % {"oidc_name": settings.OIDC_NAME},
    )
    return redirect("web:security")


def _confirmed(
    request: HttpRequest, claims: dict[str, Any], kept: dict[str, Any]
) -> HttpResponse:
    """Go on with what needed it; what was sent is shown to be sent again."""
    person = request.user
    asked_at = parse_datetime(kept["at"])
    if (
        not isinstance(person, Person)
        or asked_at is None
        or not is_identity_of(person, claims)
    ):
        raise NotAllowed(
            gettext("That is somebody else. Confirm with your own account.")
        )
    # Asked for by max_age; a provider that let an old sign-in pass proved nothing.
    proved_at = claims.get("auth_time")
    if not isinstance(proved_at, int) or proved_at < asked_at.timestamp() - LEEWAY:
        raise NotAllowed(
            gettext("%(oidc_name)s did not ask you anew who you are. Sign out and in.")
            % {"oidc_name": settings.OIDC_NAME}
        )
    actor = present_actor(request)
    request.session[CONFIRMED_AT] = timezone.now().isoformat()
    sign_in.confirmed(actor=actor, way=Way.SINGLE_SIGN_ON)
    to = safe(request, kept["next"])
    if kept["method"] != "post":
        return redirect(to)
    context = {"address": to, "carried": kept["carried"]}
    return render(request, "accounts/confirmed.html", context)


_ENDS = {SIGN_IN: _signed_in, LINK: _linked, CONFIRM: _confirmed}


@require_POST
@page
def unlink(request: PersonRequest, identity_id: int) -> HttpResponse:
    """Let me no longer come in by it."""
    unlink_identity(identity_id, actor=present_actor(request))
    messages.success(request, gettext("It no longer opens your account."))
    return redirect("web:security")
