"""The list of changes: tabs by state, search, page by page."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.changes.models import ChangeRequest, ChangeRequestQuerySet
from portal.changes.states import OPEN, State
from portal.changes.waiting import to_decide, to_review_after
from portal.web.pages import PersonRequest, listed, page, wants_fragment, words_in

TABS: dict[str, tuple[str, frozenset[State]]] = {
    "": ("Open", OPEN),
    "in_review": ("In review", frozenset({State.IN_REVIEW})),
    "sent_back": ("Sent back", frozenset({State.CHANGES_REQUESTED})),
    "on_the_way": ("On the way", frozenset({State.APPROVED, State.DELIVERING})),
    "stuck": ("Stuck", frozenset({State.FAILED, State.CONFLICTED})),
    "applied": ("Applied", frozenset({State.APPLIED})),
    "declined": ("Declined", frozenset({State.REJECTED, State.WITHDRAWN})),
    "all": ("All", frozenset(State)),
}


@dataclass(frozen=True)
class Tab:
    name: str
    title: str
    count: int
    query: str
    is_current: bool


def matching(changes: ChangeRequestQuerySet, words: str) -> ChangeRequestQuerySet:
    """Keep changes whose number, title, summary or author holds every word."""
    for word in words.split():
        number = word.removeprefix("#")
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        by_number = Q(number=int(number)) if is_number else Q()
        if is_number and word != number:
            changes = changes.filter(by_number)
            continue
        changes = changes.filter(
            Q(title__icontains=word)
            | Q(summary__icontains=word)
            | Q(author__username__icontains=word)
            | by_number
        )
    return changes


@require_GET
@page
def changes_page(request: PersonRequest) -> HttpResponse:
    """List the changes this person may see."""
    wanted = request.GET.get("state", "")
    wanted = wanted if wanted in TABS else ""
    words, gateway = words_in(request), words_in(request, "gateway")
    whose = request.GET.get("whose", "")
    changes = ChangeRequest.objects.visible_to(request.user)
    if gateway:
        changes = changes.filter(gateway__slug=gateway)
    if whose == "mine":
        changes = changes.filter(author=request.user)
    elif whose == "waiting":
        changes = changes.filter(pk__in=to_decide(request.user).values("pk"))
    elif whose == "alone":
        changes = changes.filter(pk__in=to_review_after(request.user).values("pk"))
    changes = matching(changes, words)
    counts = dict(
        changes.order_by().values_list("state").annotate(count=Count("number"))
    )
    kept = {"q": words, "gateway": gateway, "whose": whose}
    tabs = [
        Tab(
            name=name,
            title=title,
            count=sum(counts.get(state, 0) for state in states),
            query="?"
            + urlencode({k: v for k, v in {"state": name, **kept}.items() if v}),
            is_current=name == wanted,
        )
        for name, (title, states) in TABS.items()
    ]
    states = TABS[wanted][1]
    if states != frozenset(State):
        changes = changes.filter(state__in=states)
    context = {
        "tabs": tabs,
        "state": wanted,
        "words": words,
        "gateway": gateway,
        "whose": whose,
        "list": listed(changes.with_people(), request, "number"),
        "is_filtered": bool(words or gateway or whose or wanted),
    }
    template = "changes/_list.html" if wants_fragment(request) else "changes/list.html"
    return render(request, template, context)
