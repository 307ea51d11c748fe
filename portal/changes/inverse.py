"""What takes a delivered revision back, made from its own sealed items alone.

A revision that expires announces its inverse: whoever approves the one approves the
other. So the inverse is proved by the approvals of what announced it, by being exactly
its inverse, and by its time. A row that says otherwise delivers nothing.
"""

from datetime import datetime

from django.utils import timezone

from gateway.models import Gateway
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.changes.models import (
    Action,
    Delivery,
    DeliveryState,
    Item,
    Review,
    Revision,
    Verdict,
)
from portal.changes.plan import document_digest, items_digest, stored_digest
from portal.changes.terms import Terms

UNDONE_BY = {
    Action.CREATE: Action.DELETE,
    Action.UPDATE: Action.UPDATE,
    Action.DELETE: Action.CREATE,
}


def inverse_items(revision: Revision) -> list[Item]:
    """Return the unsaved items that undo a revision: the last one first.

    Each state on the way is one that the gateway was in before.
    """
    return [
        Item(
            position=position,
            action=UNDONE_BY[Action(item.action)],
            kind=item.kind,
            resource_id=item.resource_id,
            base=item.wanted,
            base_sealed=item.wanted_sealed,
            base_digest=item.wanted_digest,
            wanted=item.base,
            wanted_sealed=item.base_sealed,
            wanted_digest=item.base_digest,
        )
        for position, item in enumerate(revision.items.order_by("-position"))
    ]


def inverse_digest(revision: Revision, gateway: Gateway) -> str:
    """Compute the digest that a revision's inverse must have, from sealed documents."""
    return items_digest(
        gateway,
        [
            (
                UNDONE_BY[Action(item.action)],
                item.kind,
                item.resource_id,
                document_digest(item.kind, item.whole_wanted()),
                document_digest(item.kind, item.whole_base()),
            )
            for item in revision.items.order_by("-position")
        ],
        Terms(),
    )


def announcing_approvals(revision: Revision) -> list[Review]:
    """Return who approved a revision, and with it the inverse that it announces.

    Whether they may still decide was asked when it was delivered: what was opened for
    two months must not stay open because its reviewer has left.
    """
    authors = revision.change.author_ids()
    approvals = revision.reviews.filter(
        verdict=Verdict.APPROVE, digest=revision.digest
    ).select_related("reviewer")
    return [review for review in approvals if review.reviewer_id not in authors]


def unproven_inverse(inverse: Revision, announcing: Revision, gateway: Gateway) -> str:
    """Say why an inverse may not be delivered now; "" when it is proved."""
    if announcing.expires_after is None:
        return f"Nobody who approved {announcing} approved taking it back."
    if stored_digest(announcing, gateway) != announcing.digest:
        return f"What is stored of {announcing} is not what was reviewed."
    if inverse_digest(announcing, gateway) != inverse.digest:
        return f"It is not exactly the inverse of {announcing}."
    if not announcing_approvals(announcing):
        return f"No approval of exactly {announcing} is there."
    ends = expires_at(announcing)
    if ends is None:
        return f"Nothing was delivered of {announcing}."
    if ends > timezone.now() and not was_let_go(inverse):
        return "Its time has not come."
    return ""


def expires_at(revision: Revision) -> datetime | None:
    """Return when a delivered revision is to be taken back; None if never, or not yet."""
    if revision.expires_after is None:
        return None
    delivered = (
        Delivery.objects.filter(revision=revision, state=DeliveryState.VERIFIED)
        .values_list("finished_at", flat=True)
        .first()
    )
    return delivered and delivered + revision.expires_after


def was_let_go(inverse: Revision) -> bool:
    """Say whether an operator let an inverse go before its time: the ledger knows."""
    return AuditEvent.objects.filter(
        event=Event.EXPIRY_ENDED_EARLY,
        subject_type="change",
        subject_id=str(inverse.change_id),
    ).exists()
