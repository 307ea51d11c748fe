"""Freezes: when nothing is delivered, this week and from now on."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actor import Actor
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
from portal.web.freeze_form import FreezeForm
from portal.web.pages import PersonRequest, page
from portal.web.week import DAYS, begin_of_week, week_of

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
                    request, f"Deliveries to {made.reach} are frozen then."
                )
                return redirect("web:freezes")
        status = 400
    return render(
        request, "freezes/list.html", _context(request, actor, form), status=status
    )


def _context(
    request: PersonRequest, actor: Actor, form: FreezeForm | None
) -> dict[str, object]:
    now = timezone.now()
    first = begin_of_week(now)
    freezes = visible_freezes(request.user)
    in_force = list(freezes.in_force()[:FREEZES_SHOWN])
    this_week = [
        window
        for freeze in in_force
        for window in windows_of(freeze, first, first + timedelta(days=DAYS))
    ]
    return {
        "form": form,
        "week": week_of(now, this_week),
        "freezes": [_shown(freeze, actor) for freeze in in_force],
        "past": freezes.exclude(pk__in=freezes.in_force().values("pk"))[:PAST_SHOWN],
    }


def _shown(freeze: Freeze, actor: Actor) -> ShownFreeze:
    now = timezone.now()
    ahead = freeze.ends_at or now + timedelta(days=62)
    windows = list(windows_of(freeze, now, ahead))[:WINDOWS_SHOWN]
    return ShownFreeze(
        freeze=freeze,
        windows=windows,
        is_on=bool(windows) and windows[0].start <= now,
        may_end=actor.administers(freeze.gateway),
    )


@require_POST
@page
def end(request: PersonRequest, number: int) -> HttpResponse:
    """End a freeze now and for good."""
    freeze = get_object_or_404(visible_freezes(request.user), pk=number)
    end_freeze(freeze, actor=present_actor(request))
    messages.success(request, "The freeze is over. What waited is delivered now.")
    return redirect("web:freezes")
