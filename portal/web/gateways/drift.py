"""What was done to a gateway outside of Gatehouse: read it, and decide what becomes of it."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.propose import REASON_LIMIT
from portal.drift.judge import words_of
from portal.drift.models import Drift, DriftState
from portal.drift.resolve import adopt, ignore, revert
from portal.errors import GatehouseError
from portal.web.gateways.listing import visible_gateway
from portal.web.items import ShownItem
from portal.web.pages import Listed, PersonRequest, listed, page

TOLD_IN_LIST = 3
TABS = {
    "": (_("Open"), (DriftState.OPEN,)),
    "ignored": (_("Ignored"), (DriftState.IGNORED,)),
    "all": (_("All"), tuple(DriftState)),
}


class ReasonForm(forms.Form):
    """Why it is decided so."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why: whoever meets it later will ask.")},
    )


@require_GET
@page
def drifts_page(request: PersonRequest, slug: str) -> HttpResponse:
    """List the drifts of a gateway, newest first."""
    gateway = visible_gateway(request, slug)
    wanted = request.GET.get("state", "")
    wanted = wanted if wanted in TABS else ""
    drifts = Drift.objects.shown().filter(gateway=gateway, state__in=TABS[wanted][1])
    found = listed(drifts, request, "id")
    rows = [{"drift": one, "words": words_of(one)} for one in found.rows]
    context = {
        "gateway": gateway,
        "wanted": wanted,
        "tabs": [(name, title) for name, (title, _) in TABS.items()],
        "told": TOLD_IN_LIST,
        "list": Listed(rows, found.older, found.newer),
    }
    return render(request, "drift/list.html", context)


@require_GET
@page
def drift_page(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Show one drift, and what this person may do about it."""
    return _show(request, visible_drift(request, slug, pk), ReasonForm())


def visible_drift(request: PersonRequest, slug: str, pk: int) -> Drift:
    """Return a drift of a gateway that this person may read, else 404."""
    gateway = visible_gateway(request, slug)
    drift = get_object_or_404(Drift.objects.shown(), gateway=gateway, pk=pk)
    drift.gateway = gateway
    return drift


def _show(
    request: PersonRequest,
    drift: Drift,
    form: ReasonForm,
    *,
    error: GatehouseError | None = None,
    status: int = 200,
) -> HttpResponse:
    person, gateway = request.user, drift.gateway
    context = {
        "drift": drift,
        "gateway": gateway,
        "item": ShownItem.of_drift(drift),
        "form": form,
        "error": error,
        "may_operate": drift.is_standing and person.may(Verb.OPERATE, gateway),
        "may_ask": drift.is_standing
        and person.may(Verb.ASK, gateway)
        and not (drift.change and drift.change.is_open),
        "may_rule": person.may(Verb.ADMINISTER, gateway),
    }
    return render(request, "drift/detail.html", context, status=status)


def _adopt(request: PersonRequest, drift: Drift, reason: str) -> HttpResponse:
    seen = request.POST.get("seen", "")
    adopt(drift, seen=seen, reason=reason, actor=present_actor(request))
    messages.success(
        request, gettext("Accepted: what is there now counts as approved.")
    )
    return redirect(drift)


def _ignore(request: PersonRequest, drift: Drift, reason: str) -> HttpResponse:
    seen = request.POST.get("seen", "")
    ignore(drift, seen=seen, reason=reason, actor=present_actor(request))
    messages.success(request, gettext("Ignored until somebody changes it again."))
    return redirect(drift)


def _revert(request: PersonRequest, drift: Drift, reason: str) -> HttpResponse:
    change = revert(drift, reason=reason, actor=present_actor(request)).change
    messages.success(
        request, gettext("This change asks to undo it. Somebody else approves it.")
    )
    return redirect(change)


ACTS: dict[str, Callable[[PersonRequest, Drift, str], HttpResponse]] = {
    "adopt": _adopt,
    "ignore": _ignore,
    "revert": _revert,
}


@require_http_methods(["GET", "HEAD", "POST"])
@page
def resolve(request: PersonRequest, slug: str, pk: str, name: str) -> HttpResponse:
    """Do what was pressed; a refusal shows the page again, with words and all typed.

    A GET only leads to the page: a reload, or somebody who had to sign in again.
    """
    drift = visible_drift(request, slug, int(pk))
    if request.method != "POST":
        return redirect(drift)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, drift, form, status=400)
    try:
        return ACTS[name](request, drift, form.cleaned_data["reason"])
    except GatehouseError as error:
        # As it is now, not as it was when the refused operation looked.
        drift = visible_drift(request, slug, drift.pk)
        if error.field in form.fields:
            form.add_error(error.field, str(error))
        return _show(request, drift, form, error=error, status=error.status)
