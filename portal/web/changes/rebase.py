"""Bring one's own change up to date with its gateway: see what moved, choose, rebase."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.presence import present_actor
from portal.changes import states
from portal.changes.conflict import conflict_of
from portal.changes.permissions import permissions
from portal.changes.rebase import rebase
from portal.errors import GatehouseError
from portal.web.changes.change import visible_change
from portal.web.changes.moved import ShownConflict
from portal.web.pages import PersonRequest, page, wants_fragment

# Each collision is a field of the form, by its name.
PREFIX = "choice:"


@require_http_methods(["GET", "HEAD", "POST"])
@page
def rebase_page(request: PersonRequest, number: int) -> HttpResponse:
    """Show what moved on the gateway; a refusal shows it again, with all choices."""
    change = visible_change(request, number)
    actor = present_actor(request)
    refusal: GatehouseError | None = None
    chosen: dict[str, str] = {}
    if request.method == "POST":
        actor.require_present_person()
        chosen = {
            name.removeprefix(PREFIX): request.POST.get(name, "")
            for name in request.POST
            if name.startswith(PREFIX)
        }
        try:
            revision = rebase(change, actor=actor, choices=chosen)
        except GatehouseError as error:
            refusal = error
        else:
            messages.success(
                request,
                gettext("Revision %(revision)s builds on what is live now.")
                % {"revision": revision.number},
            )
            return redirect(change)
    else:
        states.expect(change, *states.REBASABLE)
    context = {
        "change": change,
        "conflict": ShownConflict.of(conflict_of(change)),
        "may": permissions(change, actor=actor),
        "error": refusal,
        "chosen": chosen,
    }
    status = refusal.status if refusal else 200
    return render(request, "changes/rebase.html", context, status=status)


@require_GET
@page
def moved_page(request: PersonRequest, number: int, item: int) -> HttpResponse:
    """Show the whole documents of one item, numbered from 1, beside what is live now."""
    change = visible_change(request, number)
    row = get_object_or_404(change.latest_revision().items, position=item - 1)
    states.expect(change, *states.REBASABLE)
    conflict = conflict_of(change, position=row.position)
    context = {
        "change": change,
        "item": row,
        "number": item,
        "trouble": conflict.trouble,
        "live": conflict.items[0].shown_live if conflict.items else row.base,
    }
    kind = "_moved" if wants_fragment(request) else "moved"
    return render(request, f"changes/{kind}.html", context)
