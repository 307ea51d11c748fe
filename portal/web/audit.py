"""The ledger, for reading: filtered, page by page, a lasting address per entry."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from portal.accounts.visible_events import events_visible_to
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.web.events import shown
from portal.web.pages import (
    Listed,
    PersonRequest,
    listed,
    page,
    wants_fragment,
    words_in,
)


@require_GET
@page
def audit_page(request: PersonRequest) -> HttpResponse:
    """List what happened, newest first."""
    filters = {
        name: words_in(request, name, 80)
        for name in ("person", "event", "gateway", "change")
    }
    events = events_visible_to(request.user)
    if filters["person"]:
        events = events.filter(actor=filters["person"])
    if filters["event"]:
        # A subject ("change") stands for all its events.
        events = (
            events.filter(event=filters["event"])
            if filters["event"] in Event.values
            else events.filter(event__startswith=filters["event"] + ".")
        )
    if filters["gateway"]:
        events = events.filter(gateway=filters["gateway"])
    if filters["change"]:
        events = events.filter(
            subject_type="change", subject_id=filters["change"].removeprefix("#")
        )
    found = listed(events, request, "number", size=50)
    context = {
        "filters": filters,
        "is_filtered": any(filters.values()),
        "event_choices": Event.choices,
        "list": Listed(shown(found.rows), found.older, found.newer),
    }
    template = "audit/_list.html" if wants_fragment(request) else "audit/list.html"
    return render(request, template, context)


@require_GET
@page
def entry_page(request: PersonRequest, number: int) -> HttpResponse:
    """Show one entry whole, with what proves its place."""
    events = events_visible_to(request.user)
    entry = get_object_or_404(events, pk=number)
    # A hash that does not match is worth more than a page that looks fine.
    context = {
        "entry": shown([entry])[0],
        "is_intact": entry.computed_hash() == entry.hash,
        "follows": _follows(entry),
    }
    return render(request, "audit/entry.html", context)


def _follows(entry: AuditEvent) -> bool:
    """Say whether it carries the hash of the entry before (true for the first)."""
    before = AuditEvent.objects.filter(number=entry.number - 1).only("hash").first()
    return before is None or before.hash == entry.previous_hash
