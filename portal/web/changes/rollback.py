"""Ask to undo an applied change: see what it would do, say why, send it for review."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from portal.accounts.presence import present_actor
from portal.changes.permissions import permissions
from portal.changes.rollback import preview_rollback, rollback
from portal.errors import GatehouseError
from portal.web.changes.change import visible_change
from portal.web.changes.story import by_weight
from portal.web.items import ShownPlan
from portal.web.pages import PersonRequest, page


@require_http_methods(["GET", "HEAD", "POST"])
@page
def rollback_page(request: PersonRequest, number: int) -> HttpResponse:
    """Show what undoing the change would do, or why it cannot be undone."""
    change = visible_change(request, number)
    actor = present_actor(request)
    refusal: GatehouseError | None = None
    reason = request.POST.get("reason", "")
    if request.method == "POST":
        actor.require_present_person()
        try:
            filed = rollback(change, reason=reason, actor=actor).change
        except GatehouseError as error:
            refusal = error
        else:
            messages.success(
                request,
                gettext("Sent for review: it undoes #%(change)s when applied.")
                % {"change": change.number},
            )
            return redirect(filed)
    context = {
        "change": change,
        "may": permissions(change, actor=actor),
        "error": refusal,
        "reason": reason,
    }
    try:
        plan = preview_rollback(change, actor=actor)
    except GatehouseError as error:
        refusal = context["error"] = refusal or error
    else:
        context |= {
            "plan": ShownPlan.of(plan),
            "findings": by_weight([finding.as_json() for finding in plan.findings]),
        }
    status = refusal.status if refusal else 200
    return render(request, "changes/rollback.html", context, status=status)
