"""Ask for a change, or write a new revision of one's own; try it before sending."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from portal.accounts.actor import Actor
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes import propose
from portal.changes.drafting import keep
from portal.changes.errors import NotYours
from portal.changes.foreseen import Foreseen, foreseen
from portal.changes.models import ChangeRequest
from portal.changes.permissions import permissions
from portal.changes.plan import Plan
from portal.changes.states import State
from portal.errors import GatehouseError
from portal.web.asking.asked import Asking
from portal.web.changes.change import visible_change
from portal.web.changes.story import by_weight
from portal.web.items import ShownPlan
from portal.web.pages import PersonRequest, page, refusal, wants_fragment

# Files what valid forms ask for; returns the change and what to say of it.
File = Callable[[], tuple[ChangeRequest, str]]


@require_http_methods(["GET", "HEAD", "POST"])
@page
def ask_page(request: PersonRequest) -> HttpResponse:
    """Ask for a change: `do=preview` shows what it would do, `do=send` files it and
    `do=draft` keeps it although the gateway would not take it yet.
    """
    if not request.user.may_anywhere(Verb.ASK):
        return refusal(
            request,
            403,
            gettext(
                "Your role reads and does not ask. An administrator can give you the role "
                "of an author."
            ),
        )
    asking, actor = Asking(request), present_actor(request)

    def send() -> tuple[ChangeRequest, str]:
        asked = asking.asked()
        if asking.kept and asking.kept.gateway_id == asked.gateway.pk:
            propose.revise(asking.kept, asked, actor=actor)
            return asking.kept, gettext("Sent for review.")
        return _said(propose.propose(asked, actor=actor))

    def draft() -> tuple[ChangeRequest, str]:
        asked = asking.asked()
        if asking.kept:
            keep(asked, actor=actor, kept=asking.kept)
            return asking.kept, gettext("Kept as a draft.")
        return _said(propose.draft(asked, actor=actor))

    return _handle(asking, actor, {"send": send, "draft": draft})


@require_http_methods(["GET", "HEAD", "POST"])
@page
def revise_page(request: PersonRequest, number: int) -> HttpResponse:
    """Write a new revision of one's own change."""
    change, actor = visible_change(request, number), present_actor(request)
    if not permissions(change, actor=actor).revise:
        if change.author_id != request.user.pk:
            raise NotYours(
                gettext("Only the author of a change writes a new revision of it.")
            )
        return refusal(
            request,
            409,
            change.gateway.out_of_service
            or gettext(
                "Change #%(change)s is %(state)s and takes no new revision. Ask for a "
                "new change."
            )
            % {"change": change.number, "state": change.get_state_display().lower()},
        )
    asking = Asking(request, change)

    def send() -> tuple[ChangeRequest, str]:
        revision = propose.revise(change, asking.asked(), actor=actor)
        return change, gettext("Revision %(revision)s is sent for review.") % {
            "revision": revision.number
        }

    return _handle(asking, actor, {"send": send})


def _said(proposed: propose.Proposed) -> tuple[ChangeRequest, str]:
    if proposed.is_replay:
        return proposed.change, gettext("You asked for this a moment ago; here it is.")
    if proposed.change.state == State.DRAFT:
        return (
            proposed.change,
            gettext("Kept as a draft. Write a new revision to send it for review."),
        )
    return proposed.change, gettext("Sent for review.")


def _handle(asking: Asking, actor: Actor, file: Mapping[str, File]) -> HttpResponse:
    """Show the forms, or do what the pressed button says: add, file, else preview."""
    request = asking.request
    if request.method != "POST":
        return _show(asking)
    do = request.POST.get("do", "")
    if do == "add":
        asking.add_item()
        return _show(asking)
    if asking.rework(do):
        return _reworked(asking)
    if wants_fragment(request):
        return _keep(asking, actor) if do == "keep" else _follow(asking, actor)
    if not asking.is_valid():
        return _show(asking, status=400)
    try:
        if do not in file:
            return _preview(asking, actor)
        change, said = file[do]()
    except GatehouseError as error:
        asking.refuse(error)
        findings = error.extra.get("findings", [])
        return _show(asking, status=error.status, findings=findings)
    messages.success(request, said)
    return redirect(change)


def _reworked(asking: Asking) -> HttpResponse:
    """Show the route with a plugin more, or less; to a page that is open those alone."""
    if asking.route is None or not wants_fragment(asking.request):
        return _show(asking)
    context = {
        "asking": asking,
        "route": asking.route,
        "plugins": asking.route.plugins,
        "is_reworked": True,
    }
    response = render(asking.request, "changes/_ask_plugins.html", context)
    # What it would do is asked for, and kept, as after any other input.
    return trigger_client_event(response, "input")


def _follow(asking: Asking, actor: Actor) -> HttpResponse:
    """Answer a page that is open, as somebody types: what it would do so far.

    What is not filled in yet is no mistake.
    """
    asking.why.fields["reason"].required = False
    if not asking.is_valid():
        return _show(asking)
    try:
        return _preview(asking, actor)
    except GatehouseError as error:
        asking.refuse(error)
        return _show(asking, findings=error.extra.get("findings", []), error=error)


def _keep(asking: Asking, actor: Actor) -> HttpResponse:
    """Keep what is typed so far as a draft, and say so."""
    asking.why.fields["reason"].required = False
    kept, words = asking.kept, ""
    if not asking.is_valid():
        words = gettext("Not saved: something is missing or wrong.")
    else:
        try:
            kept = keep(asking.asked(), actor=actor, kept=kept)
        except GatehouseError as error:
            words = gettext("Not saved: %(error)s") % {"error": error}
    context = {"kept": kept, "words": words, "now": timezone.now()}
    return render(asking.request, "changes/_kept.html", context)


def _preview(asking: Asking, actor: Actor) -> HttpResponse:
    if asking.change is None:
        plan = propose.preview(asking.asked(), actor=actor)
    else:
        asker = actor.require(Verb.ASK, asking.change.gateway)
        plan = propose.make_plan(asking.asked(), asker=asker, revises=asking.change)
    awaits = foreseen(plan, actor)
    for finding in plan.blockers:
        asking.refuse_at(plan.field_of(finding), f"{finding.words} {finding.mend}")
    return _show(asking, plan=plan, awaits=awaits)


def _show(
    asking: Asking,
    *,
    plan: Plan | None = None,
    awaits: Foreseen | None = None,
    findings: Sequence[dict[str, Any]] = (),
    error: GatehouseError | None = None,
    status: int = 200,
) -> HttpResponse:
    if plan is not None:
        findings = [
            finding.as_json() | {"field": plan.field_of(finding)}
            for finding in plan.findings
        ]
    context = {
        "asking": asking,
        "change": asking.change,
        "plan": plan and ShownPlan.of(plan),
        "awaits": awaits,
        "findings": by_weight(findings),
        "error": error,
    }
    if wants_fragment(asking.request):
        return render(asking.request, "changes/_asked.html", context)
    return render(asking.request, "changes/ask.html", context, status=status)
