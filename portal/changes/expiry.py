"""Changes for a time: once one is live, its inverse waits to take it back.

The inverse is a change of its own, approved with the one that announced it. Operators
may let it go early, or cancel it like any approved change.
"""

from django.db import transaction
from django.utils import timezone

from gateway.sentences import sentence
from portal.accounts.actor import Actor, Channel
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.errors import Malformed, WrongState
from portal.changes.inverse import inverse_digest, inverse_items
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    DeliveryState,
    Item,
    Revision,
)
from portal.changes.outbox import hint_on_commit
from portal.changes.plan import summed_up
from portal.changes.states import State

COMMENT_LIMIT = 1_000


def announce(delivery: Delivery, change: ChangeRequest) -> list[Entry]:
    """Let the inverse of what was just delivered wait for its time, if it has one.

    Within the caller's transaction; returns what to record of it.
    """
    revision = delivery.revision
    if revision.expires_after is None or delivery.finished_at is None:
        return []
    ends = delivery.finished_at + revision.expires_after
    items = inverse_items(revision)
    inverse = ChangeRequest.objects.create(
        gateway=change.gateway,
        title=f"Take back #{change.number}",
        reason=f"Asked for with #{change.number}, and approved with it.",
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
    Delivery.objects.create(revision=written, gateway=delivery.gateway, not_before=ends)
    return [
        Entry(
            Event.EXPIRY_SCHEDULED,
            {"taken_back_by": inverse.number, "at": ends.isoformat()},
        ),
        Entry(Event.DELIVERY_QUEUED, {"at": ends.isoformat()}, inverse),
    ]


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


@transaction.atomic
def end_early(change: ChangeRequest, *, actor: Actor, comment: str = "") -> Delivery:
    """Let an inverse take its change back now, before its time.

    Raises NotPresent, NotAllowed for all but operators, Malformed for too long a
    comment, WrongState unless it is an inverse that waits for its time.
    """
    actor.require_present_person()
    change = ChangeRequest.objects.locked().get(pk=change.pk)
    actor.require(Verb.OPERATE, change.gateway)
    text = comment.strip()
    if len(text) > COMMENT_LIMIT:
        raise Malformed(f"Use at most {COMMENT_LIMIT:,} characters.", field="comment")
    states.expect(change, State.APPROVED)
    delivery = (
        Delivery.objects.select_for_update(of=("self",), no_key=True)
        .filter(revision=change.latest_revision())
        .first()
    )
    if delivery is None or not waits_for_its_time(delivery):
        raise WrongState(
            f"Change #{change.pk} does not wait to take another back.", field="state"
        )
    delivery.not_before = None
    delivery.save(update_fields=["not_before"])
    hint_on_commit(delivery.pk)
    record(
        Entry(Event.EXPIRY_ENDED_EARLY, {"comment": text}),
        actor=actor,
        subject=change,
        revision=delivery.revision.number,
    )
    return delivery


def waits_for_its_time(delivery: Delivery) -> bool:
    """Say whether this is the delivery of an inverse whose time has not come."""
    return (
        delivery.revision.inverse_of_id is not None
        and delivery.state == DeliveryState.PENDING
        and delivery.not_before is not None
        and delivery.not_before > timezone.now()
    )
