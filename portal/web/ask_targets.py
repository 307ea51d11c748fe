"""Upstreams and services that a route may go to, for people to find by typing."""

from dataclasses import dataclass

from gateway.models import Gateway, Resource
from portal.web.resources import row_of

SHOWN = 200


@dataclass(frozen=True)
class Target:
    """`value` is what the form takes, `words` what people know it by."""

    value: str
    words: str


def targets_on(gateway: Gateway) -> list[Target]:
    """Return those seen last, by id. One query."""
    found = (
        Resource.objects.filter(gateway=gateway, kind__in=("upstream", "service"))
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
