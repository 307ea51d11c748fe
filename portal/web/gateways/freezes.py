"""Freezes: when nothing is delivered, on a calendar and from now on."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.freezes import (
    end_freeze,
    make_freeze,
    windows_of,
)
from portal.changes.models import Freeze, FreezeQuerySet
from portal.changes.windows import Window
from portal.errors import GatehouseError
from portal.web.gateways.freeze_form import FreezeForm
from portal.web.gateways.listing import visible_gateway
from portal.web.gateways.month import bounds_of, month_named, month_of
from portal.web.pages import PersonRequest, page

WINDOWS_SHOWN = 3
PAST_SHOWN = 10
FREEZES_SHOWN = 100


@dataclass(frozen=True)
class ShownFreeze:
    """A freeze with its next windows; `may_end` says whether to offer that."""

    freeze: Freeze
    windows: list[Window]
    is_on: bool
    may_end: bool


def visible_freezes(person: Person) -> FreezeQuerySet:
    """Keep what reaches all gateways or an environment, and gateways one may see."""
    return Freeze.objects.select_related("gateway", "made_by", "ended_by").filter(
        Q(gateway=None) | Q(gateway__in=person.gateways())
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page
def freezes_page(request: PersonRequest) -> HttpResponse:
    """List the freezes; a POST begins one."""
    actor, status = present_actor(request), 200
    form = None
    if request.user.may_anywhere(Verb.ADMINISTER):
        form = FreezeForm(request.user, request.POST or None)
    if request.method == "POST":
        actor.require_present_person()
        if form is None:
            actor.require_administrator()
        elif form.is_valid():
            try:
                made = make_freeze(form.made(), actor=actor)
            except GatehouseError as error:
                field = error.field if error.field in form.fields else None
                form.add_error(field, str(error))
            else:
                messages.success(
                    request,
                    gettext("Deliveries to %(reach)s are frozen then.")
                    % {"reach": made.reach},
                )
                return redirect("web:freezes")
        status = 400
    return render(request, "freezes/list.html", _context(request, form), status=status)


@require_GET
@page
def gateway_freezes_page(request: PersonRequest, slug: str) -> HttpResponse:
    """List the freezes that reach one gateway."""
    gateway = visible_gateway(request, slug)
    context = _context(request, None, gateway)
    context["may_freeze"] = request.user.may_anywhere(Verb.ADMINISTER)
    return render(request, "freezes/list.html", context)


def _context(
    request: PersonRequest,
    form: FreezeForm | None,
    gateway: Gateway | None = None,
) -> dict[str, object]:
    now, zone = timezone.now(), timezone.get_current_timezone()
    first = month_named(request.GET.get("month", ""), now.astimezone(zone).date())
    bounds = bounds_of(first, zone)
    freezes = visible_freezes(request.user)
    if gateway is not None:
        freezes = freezes.on(gateway)
    administered = _administered(request.user)
    in_force = list(freezes.in_force()[:FREEZES_SHOWN])
    held = [
        (freeze, window)
        for freeze in in_force
        for window in windows_of(freeze, bounds.start, bounds.end)
    ]
    return {
        "gateway": gateway,
        "form": form,
        "month": month_of(first, now, held, zone),
        "zone": timezone.get_current_timezone_name(),
        "freezes": [_shown(freeze, administered) for freeze in in_force],
        "past": freezes.exclude(pk__in=freezes.in_force().values("pk"))[:PAST_SHOWN],
    }


def _administered(person: Person) -> set[int | None]:
    """Return the gateways of which this person ends freezes; None: those of many."""
    mine = set(person.gateways(Verb.ADMINISTER).values_list("pk", flat=True))
    return mine | ({None} if person.may_everywhere(Verb.ADMINISTER) else set())


def _shown(freeze: Freeze, administered: set[int | None]) -> ShownFreeze:
    now = timezone.now()
    ahead = freeze.ends_at or now + timedelta(days=62)
    windows = list(windows_of(freeze, now, ahead))[:WINDOWS_SHOWN]
    return ShownFreeze(
        freeze=freeze,
        windows=windows,
        is_on=bool(windows) and windows[0].start <= now,
        may_end=freeze.gateway_id in administered,
    )


@require_POST
@page
def end(request: PersonRequest, number: int) -> HttpResponse:
    """End a freeze now and for good."""
    freeze = get_object_or_404(visible_freezes(request.user), pk=number)
    end_freeze(freeze, actor=present_actor(request))
    messages.success(
        request, gettext("The freeze is over. What waited is delivered now.")
    )
    return redirect("web:freezes")
