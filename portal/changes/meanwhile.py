"""What happens around a change while it waits: others ask for the same, the gateway moves."""

from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from gateway.connect import connect
from gateway.errors import GatewayError
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.models import Gateway
from gateway.sighting import rows_of
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.changes import states
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    DeliveryState,
    Item,
    Position,
    Revision,
)
from portal.changes.states import State
from portal.changes.under_way import Moment, moment, under_way
from portal.changes.verify import position

NAMED_AT_MOST = 5


def also_asking(revision: Revision) -> Sequence[ChangeRequest]:
    """Return the newest other changes on their way that touch the same. One query."""
    same = Item.objects.filter(
        revision=revision, kind=OuterRef("kind"), resource_id=OuterRef("resource_id")
    )
    touching = (
        Item.objects.on_the_way(revision.change.gateway)
        .filter(Exists(same))
        .exclude(revision__change=revision.change_id)
    )
    others = ChangeRequest.objects.filter(pk__in=touching.values("revision__change"))
    return list(others.order_by("-number")[:NAMED_AT_MOST])


def notice_conflicts(gateway: Gateway, *, actor: Actor) -> None:
    """Look after all approved changes of a gateway that was just read."""
    for change in gateway.changes.filter(state=State.APPROVED).order_by("pk"):
        notice_conflict(change, actor=actor)


def notice_conflict(change: ChangeRequest, *, actor: Actor) -> bool:
    """Let an approved change conflict before it is due, if the gateway overtook it.

    The mirror says where to look; what is live decides, as it would when it is due.
    Says whether it conflicts now. A gateway in trouble proves nothing.
    """
    revision, began = change.latest_revision(), moment(change.gateway)
    doubtful = list(_not_as_seen(revision, change.gateway))
    try:
        moved = _moved(change.gateway, doubtful) if doubtful else None
    except GatewayError:
        return False
    return moved is not None and _conflict(revision, moved, began, actor)


def _not_as_seen(revision: Revision, gateway: Gateway) -> Iterator[Item]:
    """Yield the items whose resource the mirror has otherwise than was planned against."""
    items = list(revision.items.order_by("position"))
    keys = [(item.kind, item.resource_id) for item in items]
    seen = {(row.kind, row.resource_id): row.digest for row in rows_of(gateway, keys)}
    for item in items:
        digest = seen.get((item.kind, item.resource_id), "")
        if digest not in (item.base_digest, item.wanted_digest):
            yield item


def _moved(gateway: Gateway, items: Sequence[Item]) -> Item | None:
    """Return the first item that would conflict with what is live."""
    with connect(gateway) as client:
        schemas, live = catalogue_of(gateway, client), Live(client)
        for item in items:
            where = position(
                item.kind,
                live.find(item.kind, item.resource_id),
                base=item.whole_base(),
                wanted=item.whole_wanted(),
                schemas=schemas,
            )
            if where is Position.MOVED:
                return item
    return None


@transaction.atomic
def _conflict(revision: Revision, moved: Item, began: Moment, actor: Actor) -> bool:
    """End the delivery that waits, unless a worker has it or somebody was faster.

    Nor where another delivery was writing the same while we looked: it may restore it.
    """
    change = ChangeRequest.objects.locked().get(pk=revision.change_id)
    if (moved.kind, moved.resource_id) in under_way(change.gateway, began):
        return False
    delivery = (
        Delivery.objects.select_for_update(no_key=True)
        .filter(revision=revision, state=DeliveryState.PENDING, wrote=False)
        .first()
    )
    if delivery is None or change.state != State.APPROVED:
        return False
    delivery.state, delivery.finished_at = DeliveryState.CONFLICTED, timezone.now()
    delivery.outcome = (
        f"{moved.kind} {moved.resource_id} was changed on the gateway by somebody else "
        "since this change was planned. It was noticed before it was due; nothing was "
        "written."
    )
    delivery.save(update_fields=["state", "finished_at", "outcome"])
    states.move(change, State.CONFLICTED)
    record(
        Event.CHANGE_CONFLICTED,
        actor=actor,
        subject=change,
        revision=revision.number,
        outcome=delivery.outcome,
    )
    return True
