"""Upstreams and services that a route may go to, for people to find by typing."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from gateway.models import Gateway, Resource
from portal.accounts.roles import Verb
from portal.web.gateways.glance import row_of
from portal.web.pages import PersonRequest, page, words_in

SHOWN = 50
KINDS = ("upstream", "service")


@dataclass(frozen=True)
class Target:
    """`value` is what the form takes, `words` what people know it by."""

    value: str
    words: str


def targets_on(gateway: Gateway, typed: str = "") -> list[Target]:
    """Return some that fit what is typed, by id. One query.

    What is typed may begin with the kind, as what was chosen does.
    """
    kind, _, rest = typed.strip().partition(" ")
    kinds, words = (KINDS, typed) if kind not in KINDS else ((kind,), rest)
    found = (
        Resource.objects.filter(gateway=gateway, kind__in=kinds)
        .matching(words)
        .defer("sealed")
        .order_by("-kind", "resource_id")[:SHOWN]
    )
    return [
        Target(
            f"{one.kind} {one.resource_id}",
            " · ".join(words for words in (row.name, row.target) if words),
        )
        for one in found
        for row in [row_of(one)]
    ]


@require_GET
@page
def targets_page(request: PersonRequest) -> HttpResponse:
    """Tell, while somebody types, what the route may go to on the gateway meant."""
    slug = words_in(request, "gateway", 40)
    gateway = request.user.gateways(Verb.ASK).filter(slug=slug).first()
    targets = targets_on(gateway, words_in(request, "upstream")) if gateway else []
    return render(request, "changes/_targets.html", {"targets": targets})
