"""What this desk itself wrote: never a drift, however it went."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Q

from gateway.models import Gateway
from portal.changes.models import Attempt, Delivery, DeliveryState, Item
from portal.changes.write import may_be_written

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


def left_behind(gateway: Gateway, since: datetime) -> dict[Key, list[Item]]:
    """Return items that stand, or may stand, written by deliveries that failed since.

    What was applied is in the mirror; how these ended only a look at the gateway tells.
    Clocks may differ by as much as one request may take, as leases assume.
    """
    ended = since - timedelta(seconds=settings.GATEWAY_REQUEST_DEADLINE)
    failed = (
        Delivery.objects.filter(gateway=gateway, wrote=True)
        .exclude(state=DeliveryState.VERIFIED)
        .filter(attempts__finished_at__gte=ended)
    )
    found: defaultdict[Key, list[Item]] = defaultdict(list)
    for item in Item.objects.filter(revision__delivery__in=failed.values("pk")):
        if may_be_written(item):
            found[item.kind, item.resource_id].append(item)
    return dict(found)
