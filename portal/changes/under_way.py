"""What this desk itself writes while somebody looks: half done, it proves nothing."""

from dataclasses import dataclass

from django.db.models import Max, Q

from gateway.models import Gateway
from portal.changes.models import Attempt, Delivery, DeliveryState, Item

Key = tuple[str, str]


@dataclass(frozen=True)
class Moment:
    """How far this desk was with its writing to one gateway.

    `sending` are the deliveries under way; `attempt` is the last one made by then. A
    gateway has one delivery under way at a time, so its attempts come in order.
    """

    sending: frozenset[int]
    attempt: int


def moment(gateway: Gateway) -> Moment:
    """Return how far we are now."""
    deliveries = Delivery.objects.filter(gateway=gateway, state=DeliveryState.SENDING)
    attempts = Attempt.objects.filter(delivery__gateway=gateway)
    return Moment(
        frozenset(deliveries.values_list("pk", flat=True)),
        attempts.aggregate(last=Max("pk"))["last"] or 0,
    )


def under_way(gateway: Gateway, since: Moment) -> set[Key]:
    """Return the resources of all deliveries that were under way at any time since.

    A look in that time may have seen them half way, or before they were restored.
    """
    deliveries = Delivery.objects.filter(gateway=gateway).filter(
        Q(state=DeliveryState.SENDING)
        | Q(pk__in=since.sending)
        | Q(pk__in=Attempt.objects.filter(pk__gt=since.attempt).values("delivery"))
    )
    items = Item.objects.filter(revision__delivery__in=deliveries.values("pk"))
    return set(items.values_list("kind", "resource_id"))
