"""Routes and services that other changes on their way bring to the same gateway."""

from collections import defaultdict
from typing import Any

from django.db.models import Exists, OuterRef

from gateway.models import Gateway
from gateway.overlap import Layer
from portal.changes.models import ChangeRequest, Item, Revision
from portal.changes.states import ON_THE_WAY

# The newest are looked at: one change may hold as many.
LIMIT = 2_000


def arrivals(
    gateway: Gateway, *, besides: ChangeRequest | None = None
) -> dict[str, Layer]:
    """Return {number of a change: what it brings}, the newest first. One query."""
    newer = Revision.objects.filter(
        change=OuterRef("revision__change"), number__gt=OuterRef("revision__number")
    )
    items = (
        Item.objects.filter(
            ~Exists(newer),
            kind__in=("route", "service"),
            revision__change__gateway=gateway,
            revision__change__state__in=ON_THE_WAY,
        )
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
