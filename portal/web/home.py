"""Home: what waits for me, what I asked for, what went live, are the gateways well."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.accounts.models import PolicyChange
from portal.changes.models import ChangeRequest
from portal.changes.pace import pace_for
from portal.changes.states import OPEN, State
from portal.changes.waiting import to_answer, to_decide, to_retry, to_review_after
from portal.drift.models import Drift
from portal.web.chart import chart
from portal.web.context import Frame
from portal.web.first_steps import first_steps
from portal.web.pages import PersonRequest, page

SHOWN, SHOWN_DELIVERED = 8, 5


@require_GET
@page
def home_page(request: PersonRequest) -> HttpResponse:
    """Show what matters to this person now."""
    person = request.user
    frame = Frame(person)
    waiting = list(
        ChangeRequest.objects.filter(
            Q(pk__in=to_decide(person).values("pk"))
            | Q(pk__in=to_answer(person).values("pk"))
            | Q(pk__in=to_retry(person).values("pk"))
        )
        .with_people()
        .order_by("number")[: SHOWN + 1]
    )
    policy = list(PolicyChange.objects.waiting_for(person).with_people()[:SHOWN])
    mine, delivered, alone = _mine_delivered_alone(request)
    pace = pace_for(person, timezone.now())
    steps = first_steps(
        person, frame.gateways, asks=frame.asks, administers=frame.administers
    )
    context = {
        "frame": frame,
        "waiting": waiting[:SHOWN],
        "has_more_waiting": len(waiting) > SHOWN,
        "policy": policy,
        "waits": len(waiting[:SHOWN]) + len(policy),
        "mine": mine,
        "alone": alone,
        "delivered": delivered,
        "drifts": Drift.objects.open().by_gateway(frame.gateways),
        "pace": pace,
        "chart": chart(pace.days),
        "steps": [] if all(step.is_done for step in steps) else steps,
        "steps_done": sum(step.is_done for step in steps),
    }
    return render(request, "home.html", context)


def _mine_delivered_alone(
    request: PersonRequest,
) -> tuple[list[ChangeRequest], list[ChangeRequest], list[ChangeRequest]]:
    """Return what this person asked for and is open, what went live, and what somebody
    delivered alone and nobody has reviewed since. One query.
    """
    person = request.user
    changes = ChangeRequest.objects.order_by("-number").values("pk")
    mine = changes.filter(author=person, state__in=OPEN)[:SHOWN]
    applied = changes.filter(gateway__in=person.gateways(), state=State.APPLIED)[
        :SHOWN_DELIVERED
    ]
    alone = to_review_after(person).order_by("-number").values("pk")[:SHOWN]
    found = ChangeRequest.objects.filter(
        Q(pk__in=mine) | Q(pk__in=applied) | Q(pk__in=alone)
    )
    rows: list[Any] = list(found.with_people().annotate(is_alone=Q(pk__in=alone)))
    return (
        [row for row in rows if row.author_id == person.pk and row.is_open][:SHOWN],
        [row for row in rows if row.state == State.APPLIED][:SHOWN_DELIVERED],
        [row for row in rows if row.is_alone],
    )
