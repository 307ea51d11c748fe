"""The whole record of one change, for auditors and for paper; of many items in parts."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.accounts.visible_events import events_visible_to
from portal.changes.models import Review
from portal.changes.quorum import standing
from portal.web.changes.change import revision_of, visible_change
from portal.web.items import ShownItem
from portal.web.pages import PersonRequest, page
from portal.web.parts import ROWS, items_at, number_of


@require_GET
@page
def record_page(request: PersonRequest, number: int) -> HttpResponse:
    """Show one revision with its items unfolded, all verdicts and all of the ledger.

    The latest revision, or that of `?revision=`. Of many items so many on a page, in
    the order in which they are written: `?part=`, whose first one tells the rest. A
    fixed number of queries.
    """
    change = visible_change(request, number)
    revision = revision_of(request, change)
    count = revision.items.count()
    parts = -(-count // ROWS) or 1
    part = number_of(request.GET.get("part", ""), parts)
    positions = range((part - 1) * ROWS, min(part * ROWS, count))
    context = {
        "change": change,
        "revision": revision,
        "revisions": change.revisions.select_related("author").order_by("number"),
        "findings": [one for one in revision.findings if one["item"] in positions],
        "items": [ShownItem.of(item) for item in items_at(revision, positions)],
        "count": count,
        "part": part,
        "parts": parts,
        "first": positions.start + 1,
        "last": positions.stop,
        "reviews": Review.objects.filter(revision__change=change)
        .select_related("reviewer", "revision")
        .order_by("pk"),
        "standing": standing(change, revision)
        if part == 1 and revision == change.latest_revision()
        else None,
        "comments": change.comments.select_related("author"),
        "events": events_visible_to(request.user)
        .filter(subject_type="change", subject_id=str(change.number))
        .order_by("number"),
    }
    return render(request, "changes/record.html", context)
