"""What deliveries that failed left on a gateway: ours, and no drift."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.conf import settings

from gateway.models import Gateway
from portal.changes.models import Delivery, DeliveryState, Item
from portal.changes.write import may_be_written

Key = tuple[str, str]


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
