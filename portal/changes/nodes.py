"""Ask the data plane's nodes whether a delivery has arrived there.

The Admin API is proof of what is stored, not of what carries traffic. Each node's
Control API tells which revision it holds; one that holds the store's present one, or
a later one, has it. Nothing here fails a delivery or keeps the gateway from the next.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.utils import timezone

from gateway.client import AdminClient
from gateway.connect import connect
from gateway.control import TOLD, has_caught_up, index_of, path_of
from gateway.errors import GatewayError, NotFound
from gateway.models import Gateway
from gateway.sentences import kind_words
from gateway.trust import NoCertificates, trusting
from portal.changes.checkpoints import reached
from portal.changes.models import Delivery, Item, NodeSighting, Sight
from portal.outbound import OutboundError, Reach, fetch

# A node applies writes in their order: of many items the last ones tell.
ITEMS_AT_MOST = 8
# So long a worker stays with it; the rest is left to the sweep. Seconds.
LOOK_FOR = 1.0
PAUSE = 0.05
NODE_DEADLINE = 2.0

# {(kind, id): the store's revision, None where it holds none}
Stored = Mapping[tuple[str, str], int | None]


def expect(delivery: Delivery, gateway: Gateway) -> bool:
    """Note which nodes to ask, within the transaction that ends the delivery.

    Returns whether there are any.
    """
    if not gateway.control_urls or not _items(delivery):
        return False
    NodeSighting.objects.bulk_create(
        NodeSighting(delivery=delivery, url=url) for url in gateway.control_urls
    )
    return True


def watch(delivery_id: int) -> bool:
    """Ask the nodes that are not seen to have it; say whether all are settled.

    Looks again and again for about a second. Call it again later for the rest: from
    NODE_WAIT seconds after the delivery on, what a node answers is final. Harmless to
    call twice.
    """
    waiting = list(
        NodeSighting.objects.waiting()
        .filter(delivery=delivery_id)
        .select_related("delivery__gateway")
    )
    if not waiting:
        return True
    delivery = waiting[0].delivery
    until = time.monotonic() + LOOK_FOR
    while True:
        is_last = _waited(delivery) >= timedelta(seconds=settings.NODE_WAIT)
        waiting = _look(delivery, waiting, is_last=is_last)
        reached("watched")
        if not waiting or is_last:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE)


def _look(
    delivery: Delivery, waiting: list[NodeSighting], *, is_last: bool
) -> list[NodeSighting]:
    """Ask each node once, all at the same time; return those that lack something."""
    try:
        ask = partial(_ask, delivery.gateway, _stored(delivery))
    except GatewayError as error:
        for one in waiting:
            words = f"Nobody can compare what it holds: {error}"
            _note(one, Sight.UNREACHABLE, words, is_last=is_last)
        return waiting
    with ThreadPoolExecutor(len(waiting)) as threads:
        found = list(threads.map(ask, [one.url for one in waiting]))
    for one, (state, words) in zip(waiting, found, strict=True):
        _note(one, state, words, is_last=is_last)
    return [one for one in waiting if one.state != Sight.REACHED]


def _ask(gateway: Gateway, stored: Stored, url: str) -> tuple[Sight, str]:
    """Return how one node stands. Runs in a thread of its own: touches no database."""
    behind = []
    until = time.monotonic() + NODE_DEADLINE
    try:
        bundle = gateway.ca_bundle if gateway.verify_tls else ""
        context = trusting(bundle) if bundle.strip() else None
        for (kind, resource_id), index in stored.items():
            answer = fetch(
                "GET",
                url.rstrip("/") + path_of(kind, resource_id),
                reach=Reach.CONFIGURED,
                seconds=max(until - time.monotonic(), PAUSE),
                context=context,
                verify=gateway.verify_tls,
            )
            if not has_caught_up(index_of(answer.status, answer.content), index):
                behind.append(f"{kind_words(kind)} {resource_id}")
    except (OutboundError, GatewayError, NoCertificates) as error:
        return Sight.UNREACHABLE, str(error)
    if behind:
        return Sight.LAGGING, f"It does not hold this yet: {', '.join(behind)}."
    return Sight.REACHED, ""


def _note(one: NodeSighting, state: Sight, words: str, *, is_last: bool) -> None:
    """Write what was seen of a node; what is not good stays open until the last look."""
    seen = state if is_last or state is Sight.REACHED else Sight.WAITING
    if (seen, words) == (one.state, one.words):
        return
    one.state, one.words = seen, words
    if seen is Sight.REACHED:
        passed = _waited(one.delivery) // timedelta(milliseconds=1)
        one.milliseconds = max(passed, 0)
    # Another worker may have seen it there meanwhile: that stays.
    NodeSighting.objects.waiting().filter(pk=one.pk).update(
        state=one.state, words=words, milliseconds=one.milliseconds
    )


def _waited(delivery: Delivery) -> timedelta:
    now = timezone.now()
    return now - (delivery.finished_at or now)


def _items(delivery: Delivery) -> list[Item]:
    """Return the items that nodes are asked about."""
    told = delivery.revision.items.filter(kind__in=TOLD).order_by("-position")
    return list(told.only("kind", "resource_id")[:ITEMS_AT_MOST])


def _stored(delivery: Delivery) -> Stored:
    """Return what the store holds now: a later change of the same things counts too.

    Raises GatewayError.
    """
    with connect(delivery.gateway) as client:
        return {
            (item.kind, item.resource_id): _index(client, item)
            for item in _items(delivery)
        }


def _index(client: AdminClient, item: Item) -> int | None:
    try:
        # One that tells no revision is content with any.
        return client.get(item.kind, item.resource_id).modified_index or 0
    except NotFound:
        return None
