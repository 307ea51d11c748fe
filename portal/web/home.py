"""Home: what waits for me, what I asked for, what just happened, is the gateway well."""

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.accounts.models import PolicyChange
from portal.accounts.visible_events import events_visible_to
from portal.audit.events import Event
from portal.changes.models import ChangeRequest
from portal.changes.states import OPEN
from portal.changes.waiting import to_answer, to_decide, to_retry
from portal.drift.models import Drift
from portal.web.context import SHOWN_GATEWAYS
from portal.web.events import shown
from portal.web.pages import PersonRequest, page

SHOWN = 8
# What moves the desk; comments and workers' in-between steps are on the change's page.
NEWS = [
    Event.CHANGE_SUBMITTED,
    Event.CHANGE_REVISED,
    Event.CHANGE_APPROVED,
    Event.CHANGE_REJECTED,
    Event.CHANGE_CHANGES_REQUESTED,
    Event.CHANGE_WITHDRAWN,
    Event.CHANGE_CANCELLED,
    Event.CHANGE_APPLIED,
    Event.CHANGE_FAILED,
    Event.CHANGE_CONFLICTED,
    Event.DRIFT_ADOPTED,
    Event.DRIFT_RULE_ADDED,
    Event.POLICY_PROPOSED,
    Event.POLICY_ACCEPTED,
    Event.POLICY_TAKEN_ALONE,
    Event.GATEWAY_CREATED,
    Event.GATEWAY_CHANGED,
]


@require_GET
@page
def home_page(request: PersonRequest) -> HttpResponse:
    """Show what matters to this person now."""
    person = request.user
    mine = ChangeRequest.objects.filter(author=person, state__in=OPEN).with_people()
    waiting = list(
        ChangeRequest.objects.filter(
            Q(pk__in=to_decide(person).values("pk"))
            | Q(pk__in=to_answer(person).values("pk"))
            | Q(pk__in=to_retry(person).values("pk"))
        )
        .with_people()
        .order_by("number")[: SHOWN + 1]
    )
    context = {
        "waiting": waiting[:SHOWN],
        "has_more_waiting": len(waiting) > SHOWN,
        "policy": PolicyChange.objects.waiting_for(person).with_people()[:SHOWN],
        "mine": mine[:SHOWN],
        "drifts": Drift.objects.open().by_gateway(person.gateways()[:SHOWN_GATEWAYS]),
        "news": shown(
            events_visible_to(person).filter(event__in=NEWS).order_by("-number")[:SHOWN]
        ),
    }
    return render(request, "home.html", context)
