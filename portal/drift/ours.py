"""What this desk itself wrote: never a drift, however it went."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from gateway.models import Gateway
from portal.changes.models import Delivery, DeliveryState, Item
from portal.changes.write import may_be_written

Key = tuple[str, str]


def under_way(gateway: Gateway, since: datetime) -> set[Key]:
    """Return the resources of deliveries that were under way at any time since.

    A look that began then may have seen them half way, or as they were before they were
    restored. Clocks may differ by as much as one request may take, as leases assume.
    """
    ended = _a_little_before(since)
    deliveries = Delivery.objects.filter(gateway=gateway).filter(
        Q(state=DeliveryState.SENDING)
        | Q(finished_at__gte=ended)
        | Q(state=DeliveryState.PENDING, attempts__finished_at__gte=ended)
    )
    items = Item.objects.filter(revision__delivery__in=deliveries.values("pk"))
    return set(items.values_list("kind", "resource_id"))


def left_behind(gateway: Gateway, since: datetime) -> dict[Key, list[Item]]:
    """Return items that stand, or may stand, written by deliveries that failed since.

    What was applied is in the mirror; how these ended only a look at the gateway tells.
    """
    failed = (
        Delivery.objects.filter(gateway=gateway, wrote=True)
        .exclude(state=DeliveryState.VERIFIED)
        .filter(attempts__finished_at__gte=_a_little_before(since))
    )
    found: defaultdict[Key, list[Item]] = defaultdict(list)
    for item in Item.objects.filter(revision__delivery__in=failed.values("pk")):
        if may_be_written(item):
            found[item.kind, item.resource_id].append(item)
    return dict(found)


def _a_little_before(moment: datetime) -> datetime:
    return moment - timedelta(seconds=settings.GATEWAY_REQUEST_DEADLINE)
