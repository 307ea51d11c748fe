"""The list of changes: tabs, search and filters, page by page; lists that people keep."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from gateway.kinds import KINDS
from portal.accounts.actor import Channel
from portal.changes.findings import Severity
from portal.changes.models import ChangeRequest, SavedFilter
from portal.changes.states import State
from portal.changes.together import warns, with_findings
from portal.web.changes.filters import Filters, tab_of, tabs_of
from portal.web.pages import PersonRequest, listed, page, wants_fragment, words_in

# What is not known is not offered.
NOT_HARMLESS = [{"severity": Severity.BLOCKER}]
# Lists that one person may keep.
KEPT_AT_MOST = 20


@require_GET
@page
def changes_page(request: PersonRequest) -> HttpResponse:
    """List the changes this person may see."""
    filters = Filters.of(request)
    changes = filters.narrowed(ChangeRequest.objects.visible_to(request.user))
    shown = tab_of(changes, filters.tab, request.user).with_people()
    if filters.tab == "waiting":
        shown = with_findings(shown)
    found = listed(shown, request, "number")
    for change in found.rows:
        change.may_be_chosen = not warns(getattr(change, "findings", NOT_HARMLESS))
    context = {
        "tabs": tabs_of(changes, filters, request.user),
        "filters": filters,
        "query": filters.query(),
        "list": found,
        "has_choice": any(change.may_be_chosen for change in found.rows),
        "saved": request.user.saved_filters.all(),
        "states": State.choices,
        "kinds": [(kind.name, kind.title) for kind in KINDS.values()],
        "channels": Channel.choices,
    }
    template = "changes/_list.html" if wants_fragment(request) else "changes/list.html"
    return render(request, template, context)


@require_POST
@page
def keep_filter(request: PersonRequest) -> HttpResponse:
    """Keep the list that the form came from under a name; the same name replaces it."""
    name = words_in(request, "name", 40, among=request.POST)
    query = QueryDict(words_in(request, "query", 1_000, among=request.POST)).urlencode()
    kept = request.user.saved_filters
    if not name:
        messages.error(
            request, gettext("Give the list a name, so that you find it again.")
        )
    elif kept.count() >= KEPT_AT_MOST and not kept.filter(name=name).exists():
        messages.error(
            request,
            gettext("You keep %(count)s lists already. Forget one of them first.")
            % {"count": KEPT_AT_MOST},
        )
    else:
        kept.update_or_create(name=name, defaults={"query": query})
        messages.success(
            request,
            gettext("You find this list under “%(name)s” from now on.")
            % {"name": name},
        )
    return redirect(f"{reverse('web:changes')}?{query}")


@require_POST
@page
def forget_filter(request: PersonRequest, pk: int) -> HttpResponse:
    """Forget a list that this person keeps."""
    SavedFilter.objects.filter(pk=pk, person=request.user).delete()
    return redirect("web:changes")
