"""One change: read it, talk about it, decide on it, watch it arrive."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.actor import Actor, Channel
from portal.accounts.presence import present_actor
from portal.changes import break_glass, expiry, freezes, operate, review
from portal.changes.conflict import conflict_of
from portal.changes.errors import Malformed, StaleRevision
from portal.changes.models import ChangeRequest, Revision, SpecImport
from portal.changes.permissions import permissions
from portal.changes.schedule import explained
from portal.changes.states import State
from portal.errors import GatehouseError
from portal.web.changes.delivered import delivered_of, mark_of
from portal.web.changes.moved import ShownConflict
from portal.web.changes.story import marks_of
from portal.web.changes.talk import part_of_talk
from portal.web.changes.told import Told, tell
from portal.web.items import ShownItem
from portal.web.pages import PersonRequest, page, wants_fragment
from portal.web.parts import part_of
from portal.web.targets import targets_of

# How often an open page asks what is new. What is being written asks by itself, and tells
# the page when it ends (delivery.py).
SOON = "500ms"
EVERY_OTHERWISE = "5s"


def visible_change(request: PersonRequest, number: int) -> ChangeRequest:
    """Return a change that this person may see, else 404."""
    return get_object_or_404(
        ChangeRequest.objects.visible_to(request.user).with_people(), pk=number
    )


@require_GET
@page
def change_page(request: PersonRequest, number: int) -> HttpResponse:
    """Show a change; to a page that is open already, only what is new."""
    change = visible_change(request, number)
    if not wants_fragment(request):
        return _show(request, change)
    marks = marks_of(change, request.user)
    live, _, decide = request.GET.get("seen", "").partition(".")
    if live == marks.live and decide == marks.decide:
        return HttpResponse(status=204)
    context = _context(request, change) | {
        "oob": True,
        "is_decide_new": decide != marks.decide,
    }
    return render(request, "changes/_news.html", context)


@require_GET
@page
def item_page(request: PersonRequest, number: int, item: int) -> HttpResponse:
    """Show one item of many, numbered from 1; to a page that is open, only what it says.

    Of the latest revision, or that of `?revision=`.
    """
    change = visible_change(request, number)
    revision = revision_of(request, change)
    row = get_object_or_404(revision.items, position=item - 1)
    context = {
        "change": change,
        "revision": revision,
        "item": ShownItem.of(row),
        "findings": [one for one in revision.findings if one["item"] == row.position],
        "steps": row.steps.order_by("pk"),
        "count": revision.items.count(),
    }
    kind = "_item_news" if wants_fragment(request) else "item"
    return render(request, f"changes/{kind}.html", context)


def revision_of(request: HttpRequest, change: ChangeRequest) -> Revision:
    """Return the revision that the address names, else the latest; 404 for none."""
    wanted = request.GET.get("revision", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 10:
        return get_object_or_404(change.revisions, number=int(wanted))
    return change.latest_revision()


def _show(
    request: PersonRequest,
    change: ChangeRequest,
    *,
    error: GatehouseError | None = None,
    kept: dict[str, str] | None = None,
) -> HttpResponse:
    told = _context(request, change)
    context = told | {
        "part": part_of(told["told"].revision, request),
        "conflict": ShownConflict.of(conflict_of(change))
        if change.state == State.CONFLICTED
        else None,
        "document": SpecImport.objects.filter(change=change).defer("sealed").first()
        if change.channel == Channel.IMPORT
        else None,
        # What is on its way, or stopped, is looked at before what it is.
        "is_delivery_first": told["told"].delivery and change.state != State.APPLIED,
        "error": error,
        "kept": kept or {"comment": told["talk"].quoted(request.GET.get("quote", ""))},
    }
    return render(
        request,
        "changes/detail.html",
        context,
        status=error.status if error else 200,
    )


def _context(request: PersonRequest, change: ChangeRequest) -> dict[str, Any]:
    told = tell(change)
    talk = part_of_talk(told.talk, request.GET.get("until", ""))
    return {
        "told": told,
        "delivered": delivered_of(told.delivery, request, mark_of(told.delivery))
        if told.delivery
        else None,
        "talk": talk,
        "named": talk.named(change.gateway),
        "change": change,
        "explained": explained(change, told.revision, told.waits),
        "may": permissions(change, actor=present_actor(request), stand=told.standing),
        "seen": marks_of(change, request.user, told.revision, told.others),
        "every": _every(change, told),
        "targets": targets_of(request.user, change.gateway)
        if change.state == State.APPLIED
        else [],
        "promoted": f"change={change.number}",
    }


def _every(change: ChangeRequest, told: Told) -> str:
    if told.is_watched:
        return SOON
    if told.waits:
        return EVERY_OTHERWISE
    return SOON if change.state == State.APPROVED else EVERY_OTHERWISE


def _seen_revision(request: HttpRequest, change: ChangeRequest) -> Revision:
    """Return the revision that the form was made for.

    Raises StaleRevision when its content is not what the person saw.
    """
    number = request.POST.get("revision", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Malformed(
            gettext("The form does not say which revision it is for. Reload it.")
        )
    revision = change.revisions.filter(number=int(number)).first()
    if revision is None or revision.digest != request.POST.get("digest", ""):
        raise StaleRevision(
            gettext(
                "What you decided on is not what this change now says. Read it again below."
            )
        )
    return revision


def _approve(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    revision = _seen_revision(request, change)
    review.approve(revision, actor=actor, comment=request.POST.get("comment", ""))
    return gettext("You approved revision %(revision)s.") % {
        "revision": revision.number
    }


def _reject(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    revision = _seen_revision(request, change)
    review.reject(revision, actor=actor, comment=request.POST.get("comment", ""))
    return gettext("You rejected this change. Its author sees your note.")


def _request_changes(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    revision = _seen_revision(request, change)
    review.request_changes(
        revision, actor=actor, comment=request.POST.get("comment", "")
    )
    return gettext("You asked for changes. The author sees your note.")


def _comment(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    review.add_comment(change, actor=actor, text=request.POST.get("comment", ""))
    return gettext("Your comment stands below.")


def _withdraw(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    actor.require_present_person()
    review.withdraw(change, actor=actor, comment=request.POST.get("comment", ""))
    return gettext("You withdrew this change.")


def _cancel(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    operate.cancel(change, actor=actor, comment=request.POST.get("comment", ""))
    return gettext("You cancelled the delivery; the gateway was not touched.")


def _end_early(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    expiry.end_early(change, actor=actor, comment=request.POST.get("comment", ""))
    return gettext("It is taken back now; a worker takes it in a moment.")


def _override(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    freezes.override_freeze(
        change, actor=actor, comment=request.POST.get("comment", "")
    )
    return gettext(
        "This change is let through the freeze; a worker takes it in a moment."
    )


def _break_glass(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    revision = _seen_revision(request, change)
    break_glass.break_glass(
        revision, actor=actor, reason=request.POST.get("comment", "")
    )
    return gettext(
        "You broke the glass: it is delivered now, and everybody concerned is told."
    )


def _review_after(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    break_glass.review_afterwards(
        change, actor=actor, comment=request.POST.get("comment", "")
    )
    return gettext("You reviewed it. What you found stands below.")


def _retry(request: HttpRequest, change: ChangeRequest, actor: Actor) -> str:
    operate.retry(change, actor=actor)
    return gettext("The delivery is queued again.")


ACTS: dict[str, Callable[[HttpRequest, ChangeRequest, Actor], str]] = {
    "approve": _approve,
    "reject": _reject,
    "request-changes": _request_changes,
    "comment": _comment,
    "withdraw": _withdraw,
    "cancel": _cancel,
    "retry": _retry,
    "override": _override,
    "end-early": _end_early,
    "break-glass": _break_glass,
    "review-after": _review_after,
}


@require_http_methods(["GET", "HEAD", "POST"])
@page
def act(request: PersonRequest, number: int, name: str) -> HttpResponse:
    """Do what was pressed; a refusal shows the page again, with words and all typed.

    A GET only leads to the page: a reload, or somebody who had to sign in again.
    """
    change = visible_change(request, int(number))
    if request.method != "POST":
        return redirect(change)
    try:
        done = ACTS[name](request, change, present_actor(request))
    except GatehouseError as error:
        # As it is now, not as it was when the refused operation looked.
        change = visible_change(request, change.number)
        kept = {name: request.POST.get("comment", "")}
        return _show(request, change, error=error, kept=kept)
    messages.success(request, done)
    return redirect(change)
