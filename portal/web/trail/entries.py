"""The ledger, for reading: filtered, page by page, a lasting address per entry."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from gateway.semantic_diff import told_of
from portal.accounts.errors import NotAllowed
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.accounts.visible_events import events_visible_to
from portal.audit.checking import check
from portal.audit.models import Archive, AuditEvent
from portal.audit.proof import proof_of
from portal.trail.changed import drift_of, other_details, revision_of, settings_of
from portal.trail.export import Format, export, reach_of_export
from portal.web.events import shown
from portal.web.items import PREVIEWED, ShownItem
from portal.web.pages import (
    Listed,
    PersonRequest,
    listed,
    page,
    refusal,
    wants_fragment,
)
from portal.web.parts import items_at
from portal.web.trail.filters import AuditForm
from portal.web.trail.state import AuditState

PER_PAGE = 50
# Nobody waits longer for an answer.
VERIFY_SECONDS = 4.0


@require_GET
@page
def audit_page(request: PersonRequest) -> HttpResponse:
    """List what happened, newest first."""
    form = AuditForm(request.GET)
    filters, events = form.filters(), events_visible_to(request.user)
    # What makes no sense must not look like what was found.
    wanted = filters.of(events) if filters else events.none()
    found = listed(wanted, request, "number", size=PER_PAGE)
    exported = reach_of_export(request.user)
    context = {
        "form": form,
        "is_filtered": filters is None or bool(filters.told()),
        "list": Listed(shown(found.rows), found.older, found.newer),
        "may_export": bool(exported),
        "formats": Format.choices,
        "asked": _asked(request),
        "state": AuditState.now(),
        "may_verify": None in exported,
    }
    template = "audit/_list.html" if wants_fragment(request) else "audit/list.html"
    return render(request, template, context)


def _asked(request: PersonRequest) -> str:
    """Return the filters as they stand in the address, for another one."""
    kept = {
        name: value
        for name, value in request.GET.items()
        if name in AuditForm.base_fields and value
    }
    return f"{urlencode(kept)}&" if kept else ""


@require_POST
@page
def verify(request: PersonRequest) -> HttpResponse:
    """Begin to prove the whole ledger anew; what is long is finished by a worker."""
    actor = present_actor(request)
    if not actor.require_present_person().may_everywhere(Verb.EXPORT):
        raise NotAllowed(
            gettext("Only auditors and administrators of all gateways have it proved.")
        )
    found = check(seconds=VERIFY_SECONDS, actor=actor, anew=True)
    if found.is_broken:
        messages.error(
            request,
            gettext("The audit does not hold. %(trouble)s")
            % {"trouble": found.trouble},
        )
    elif found.again:
        messages.info(
            request,
            f"Entries up to {found.again} hold; the rest is read in the next minutes.",
        )
    else:
        messages.success(
            request,
            gettext("The audit holds: %(count)s entries proved.")
            % {"count": found.number},
        )
    return redirect("web:audit")


@require_GET
@page
def entry_page(request: PersonRequest, number: int) -> HttpResponse:
    """Show one entry whole, what it changed, and what proves its place."""
    events = events_visible_to(request.user)
    left = Archive.objects.filter(first__lte=number, last__gte=number).first()
    if left:
        return refusal(
            request,
            404,
            gettext(
                "Entry %(number)s is no longer here: it is in the archive %(file)s. Ask "
                "whoever runs this desk for it."
            )
            % {"number": number, "file": left.file},
        )
    event = get_object_or_404(events, pk=number)
    revision, drift = revision_of(event, request.user), drift_of(event)
    context = {
        "entry": shown([event])[0],
        "proof": proof_of(event),
        "revision": revision,
        "items": [ShownItem.of(item) for item in items_at(revision, range(PREVIEWED))]
        if revision
        else [],
        "count": revision.items.count() if revision else 0,
        "drift": ShownItem.of_drift(drift) if drift else None,
        "gateway": revision.change.gateway
        if revision
        else drift.gateway
        if drift
        else None,
        "settings": _settings(event),
        "details": other_details(event),
        "older": events.filter(number__lt=number).order_by("-number").first(),
        "newer": events.filter(number__gt=number).order_by("number").first(),
    }
    return render(request, "audit/entry.html", context)


def _settings(event: AuditEvent) -> dict[str, Any] | None:
    """Return the settings that an entry changed, as differences are shown."""
    changed = settings_of(event)
    before, after = (
        {str(one.path[0]): getattr(one, side) for one in changed}
        for side in ("before", "after")
    )
    groups = told_of(changed, before, after)
    return (
        {"action": "update", "id": event.subject_id, "groups": groups}
        if groups
        else None
    )


@require_GET
@page
def export_page(request: PersonRequest) -> HttpResponse | StreamingHttpResponse:
    """Answer what the filters leave as a file, sent while it is read."""
    form = AuditForm(request.GET)
    filters = form.filters()
    if filters is None:
        return refusal(
            request,
            400,
            gettext("Mend the filters. %(wrong)s") % {"wrong": " ".join(form.wrong)},
        )
    try:
        format = Format(request.GET.get("format", ""))
    except ValueError:
        return refusal(request, 400, gettext("format: Use csv or jsonl."))
    parts = export(format, filters, actor=present_actor(request))
    name = f"audit-{timezone.now():%Y%m%dT%H%M%SZ}.{format.value}"
    return StreamingHttpResponse(
        parts,
        content_type=f"{format.media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
