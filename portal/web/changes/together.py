"""Several harmless changes on one page: read all of each, and approve them in one go."""

from collections.abc import Sequence
from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from portal.accounts.presence import present_actor
from portal.changes.errors import Malformed
from portal.changes.models import Item
from portal.changes.together import AT_MOST, Seen, approve_together, harmless
from portal.web.items import ShownItem
from portal.web.pages import PersonRequest, page


@require_http_methods(["GET", "HEAD", "POST"])
@page
def together_page(request: PersonRequest) -> HttpResponse:
    """Show the chosen changes in full; approve those that were shown."""
    if request.method == "POST":
        return _approve(request)
    numbers = _numbers(request.GET)
    revisions = harmless(request.user, numbers)
    shown = {revision.change_id for revision in revisions}
    context = {
        "rows": [
            (revision, [_shown(item) for item in revision.items.all()])
            for revision in revisions
        ],
        "left_out": [number for number in numbers if number not in shown],
    }
    return render(request, "changes/together.html", context)


def _shown(item: Item) -> ShownItem:
    """Show an item without its number, which it shares with those of other changes."""
    return replace(ShownItem.of(item), number=0)


def _approve(request: PersonRequest) -> HttpResponse:
    seen = [_seen(text) for text in request.POST.getlist("seen")]
    for outcome in approve_together(seen, actor=present_actor(request)):
        if outcome.refused:
            words = gettext("#%(change)s is not approved: %(refused)s") % {
                "change": outcome.change,
                "refused": outcome.refused,
            }
            messages.error(request, words)
        else:
            messages.success(
                request,
                gettext("You approved #%(change)s.") % {"change": outcome.change},
            )
    return redirect(f"{reverse('web:changes')}?state=waiting")


def _seen(text: str) -> Seen:
    change, _, rest = text.partition(".")
    revision, _, digest = rest.partition(".")
    if not (_is_number(change) and _is_number(revision)):
        raise Malformed(
            gettext("The form does not say what it is for. Reload the page.")
        )
    return Seen(int(change), int(revision), digest)


def _numbers(query: QueryDict) -> Sequence[int]:
    chosen = dict.fromkeys(int(one) for one in query.getlist("n") if _is_number(one))
    return list(chosen)[:AT_MOST]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
