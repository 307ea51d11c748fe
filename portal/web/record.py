"""The whole record of one change on one page, for auditors and for paper."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from portal.accounts.visible_events import events_visible_to
from portal.changes.models import Review
from portal.web.change import visible_change
from portal.web.items import ShownItem
from portal.web.pages import PersonRequest, page
from portal.web.story import by_weight


@require_GET
@page
def record_page(request: PersonRequest, number: int) -> HttpResponse:
    """Show one revision with all items unfolded, all verdicts and all of the ledger.

    The latest revision, or that of `?revision=`. A fixed number of queries.
    """
    change = visible_change(request, number)
    revisions = list(change.revisions.select_related("author").order_by("number"))
    wanted = request.GET.get("revision", "")
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) < 10
    at = int(wanted) if is_number else revisions[-1].number
    revision = get_object_or_404(change.revisions, number=at)
    items = revision.items.defer("base_sealed", "wanted_sealed").order_by("position")
    context = {
        "change": change,
        "revision": revision,
        "revisions": revisions,
        "findings": by_weight(revision.findings),
        "items": [ShownItem.of(item) for item in items],
        "reviews": Review.objects.filter(revision__change=change)
        .select_related("reviewer", "revision")
        .order_by("pk"),
        "comments": change.comments.select_related("author"),
        "events": events_visible_to(request.user)
        .filter(subject_type="change", subject_id=str(change.number))
        .order_by("number"),
    }
    return render(request, "changes/record.html", context)
