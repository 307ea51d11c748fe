"""Routes and services that other changes on their way bring to the same gateway."""

from collections import defaultdict
from typing import Any

from gateway.models import Gateway
from gateway.overlap.compare import Layer
from portal.changes.models import ChangeRequest, Item

# The newest are looked at: one change may hold as many.
LIMIT = 2_000


def arrivals(
    gateway: Gateway, *, besides: ChangeRequest | None = None
) -> dict[str, Layer]:
    """Return {number of a change: what it brings}, the newest first. One query."""
    items = (
        Item.objects.on_the_way(gateway)
        .filter(kind__in=("route", "service"))
        .exclude(revision__change=besides)
        .order_by("-revision__change_id", "position")
        .values_list("revision__change_id", "kind", "resource_id", "wanted")
    )
    held: dict[str, dict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for number, kind, resource_id, wanted in items[:LIMIT]:
        held[str(number)][kind][resource_id] = wanted
    return {
        number: Layer(
            routes=of["route"],
            services={key: one or {} for key, one in of["service"].items()},
        )
        for number, of in held.items()
    }
