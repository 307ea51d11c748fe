"""Changes of policy: what waits for a second administrator, and what was decided."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from gateway.semantic_diff import told
from portal.accounts.actor import Actor
from portal.accounts.models import PolicyChange, PolicyState
from portal.accounts.policy.deciders import counting, may_decide, why_not_accept
from portal.accounts.policy.deciding import (
    accept_policy,
    refuse_policy,
    withdraw_policy,
)
from portal.accounts.policy.kinds import kind_of
from portal.accounts.policy.waiting import rivals_of, why_outdated
from portal.accounts.presence import present_actor
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, listed, page

SHOWN_OTHERS = 8


@require_GET
@page
def policy_page(request: PersonRequest) -> HttpResponse:
    """List changes of policy, newest first."""
    seen = PolicyChange.objects.visible_to(request.user).with_people()
    return render(request, "policy/list.html", {"list": listed(seen, request, "id")})


@require_GET
@page
def policy_change_page(request: PersonRequest, number: int) -> HttpResponse:
    """Show one change of policy, and what this person may do with it."""
    return _show(request, _visible(request, number))


def _visible(request: PersonRequest, number: int) -> PolicyChange:
    seen = PolicyChange.objects.visible_to(request.user).with_people()
    return get_object_or_404(seen, pk=number)


def _show(
    request: PersonRequest,
    change: PolicyChange,
    *,
    error: GatehouseError | None = None,
) -> HttpResponse:
    kind, is_open = kind_of(change.kind), change.state == PolicyState.OPEN
    decides = is_open and may_decide(change, request.user)
    context: dict[str, Any] = {
        "change": change,
        "title": kind.title,
        "points": kind.sentences(change.base, change.wanted),
        "item": {
            "action": "update",
            "groups": told(change.base, change.wanted),
        },
        "is_open": is_open,
        "may_decide": decides,
        "outdated": why_outdated(change) if is_open else "",
        "rivals": rivals_of(change, among=PolicyChange.objects.visible_to(request.user))
        if is_open
        else [],
        "why_not": why_not_accept(change, request.user) if decides else "",
        "may_withdraw": is_open and change.author_id == request.user.pk,
        "others": counting(change.author, change.gateway)[:SHOWN_OTHERS]
        if is_open
        else [],
        "error": error,
        "note": request.POST.get("note", ""),
    }
    status = error.status if error else 200
    return render(request, "policy/detail.html", context, status=status)


def _accept(request: PersonRequest, change: PolicyChange, actor: Actor) -> str:
    accept_policy(change, actor=actor)
    return gettext("You accepted it. It is in force.")


def _refuse(request: PersonRequest, change: PolicyChange, actor: Actor) -> str:
    refuse_policy(change, actor=actor, note=request.POST.get("note", ""))
    return gettext("You refused it. Whoever asked sees your note.")


def _withdraw(request: PersonRequest, change: PolicyChange, actor: Actor) -> str:
    withdraw_policy(change, actor=actor)
    return gettext("You withdrew it.")


ACTS: dict[str, Callable[[PersonRequest, PolicyChange, Actor], str]] = {
    "accept": _accept,
    "refuse": _refuse,
    "withdraw": _withdraw,
}


@require_http_methods(["GET", "HEAD", "POST"])
@page
def act(request: PersonRequest, number: str, name: str) -> HttpResponse:
    """Do what was pressed; a refusal shows the page again, with words and all typed."""
    change = _visible(request, int(number))
    if request.method != "POST":
        return redirect(change)
    try:
        done = ACTS[name](request, change, present_actor(request))
    except GatehouseError as error:
        return _show(request, _visible(request, change.pk), error=error)
    messages.success(request, done)
    return redirect(change)
