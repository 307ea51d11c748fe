"""File what takes a delivered change back: a change of its own, approved with it.

It waits for its time (expiry.py), or goes at once where the probe failed. Operators may
cancel it like any approved change.
"""

from datetime import datetime

from django.utils import timezone

from gateway.sentences import sentence
from portal.accounts.actor import Channel
from portal.audit.events import Event
from portal.audit.ledger import Entry
from portal.changes.inverse import inverse_digest, inverse_items, waits_for_its_time
from portal.changes.models import ChangeRequest, Delivery, Item, Revision
from portal.changes.outbox import hint_on_commit
from portal.changes.plan import summed_up
from portal.changes.search import file_words
from portal.changes.states import State


def take_back(
    delivery: Delivery, change: ChangeRequest, *, because: str
) -> tuple[ChangeRequest | None, list[Entry]]:
    """Let the inverse of what was delivered go now; file it unless it waits already.

    Within the caller's transaction. Returns the inverse and what to record of it; None
    where somebody decided about it before.
    """
    inverse = (
        ChangeRequest.objects.locked()
        .filter(revisions__inverse_of=delivery.revision)
        .first()
    )
    if inverse is None:
        inverse = file_inverse(delivery, change, because=because)
        return inverse, [Entry(Event.DELIVERY_QUEUED, {}, inverse)]
    if let_go(inverse) is None:
        return None, []
    return inverse, [Entry(Event.EXPIRY_ENDED_EARLY, {"comment": because}, inverse)]


def let_go(inverse: ChangeRequest) -> Delivery | None:
    """Let an inverse that waits for its time be delivered now. Its row is locked.

    Returns its delivery, or None when it does not wait.
    """
    delivery = (
        Delivery.objects.select_for_update(of=("self",), no_key=True)
        .filter(revision=inverse.latest_revision())
        .first()
    )
    if delivery is None or not waits_for_its_time(delivery):
        return None
    delivery.not_before = None
    delivery.save(update_fields=["not_before"])
    hint_on_commit(delivery.pk)
    return delivery


def file_inverse(
    delivery: Delivery,
    change: ChangeRequest,
    *,
    due: datetime | None = None,
    because: str = "",
) -> ChangeRequest:
    """Write the inverse of what was delivered, to be delivered when it is `due`.

    Within the caller's transaction; `because` says why, None of `due` is at once.
    """
    revision = delivery.revision
    items = inverse_items(revision)
    asked = f"Asked for with #{change.number}, and approved with it."
    inverse = ChangeRequest.objects.create(
        gateway=change.gateway,
        title=f"Take back #{change.number}",
        reason=f"{because} {asked}".lstrip(),
        summary=_summary(items),
        author=change.author,
        channel=Channel.ROLLBACK,
        reverts=change,
        state=State.APPROVED,
        submitted_at=timezone.now(),
    )
    written = Revision.objects.create(
        change=inverse,
        number=1,
        author=revision.author,
        digest=inverse_digest(revision, change.gateway),
        inverse_of=revision,
    )
    for item in items:
        item.revision = written
    Item.objects.bulk_create(items)
    file_words(inverse, items)
    queued = Delivery.objects.create(
        revision=written, gateway=delivery.gateway, not_before=due
    )
    if due is None:
        hint_on_commit(queued.pk)
    return inverse


def _summary(items: list[Item]) -> str:
    return summed_up(
        [
            (
                item.action,
                item.kind,
                sentence(
                    item.action, item.kind, item.resource_id, item.base, item.wanted
                ),
            )
            for item in items
        ]
    )
