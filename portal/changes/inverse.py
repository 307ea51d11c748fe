"""What takes a delivered revision back, made from its own sealed items alone.

A revision that expires, or whose failed probe takes it back, announces its inverse:
whoever approves the one approves the other. So the inverse is proved by the approvals of
what announced it, by being exactly its inverse, and by its time or the ledger's word that
the probe failed. A row that says otherwise delivers nothing.
"""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from gateway.models import Gateway
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.changes.models import (
    DELIVERING,
    Action,
    Delivery,
    DeliveryState,
    Item,
    Review,
    Revision,
    RuleApproval,
    Verdict,
)
from portal.changes.plan import sealed_digest, stored_digest
from portal.changes.terms import Terms

# The detail of an audit event that names the inverse.
TAKEN_BACK_BY = "taken_back_by"
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
    return sealed_digest(inverse_items(revision), gateway, Terms())


def announcing_approvals(revision: Revision) -> list[Review]:
    """Return who approved a revision, and with it the inverse that it announces.

    Whoever delivered it alone let its inverse go too.

    Whether they may still decide was asked when it was delivered: what was opened for
    two months must not stay open because its reviewer has left.
    """
    authors = revision.change.author_ids()
    approvals = revision.reviews.filter(
        verdict__in=DELIVERING, digest=revision.digest
    ).select_related("reviewer")
    return [
        review
        for review in approvals
        if review.verdict == Verdict.BREAK_GLASS or review.reviewer_id not in authors
    ]


def passed_by_rule(revision: Revision) -> bool:
    """Say whether a rule let exactly this revision pass; quorum.py judges whether it may."""
    found = RuleApproval.objects.filter(revision=revision, digest=revision.digest)
    return found.exists()


def unproven_inverse(
    inverse: Revision, announcing: Revision, gateway: Gateway, now: datetime
) -> str:
    """Say why an inverse may not be delivered; "" when it is proved."""
    if not announcing.terms.announces_inverse:
        return f"Nobody who approved {announcing} approved taking it back."
    if stored_digest(announcing, gateway) != announcing.digest:
        return f"What is stored of {announcing} is not what was reviewed."
    if inverse_digest(announcing, gateway) != inverse.digest:
        return f"It is not exactly the inverse of {announcing}."
    if not announcing_approvals(announcing) and not passed_by_rule(announcing):
        return f"No approval of exactly {announcing} is there."
    if delivered_at(announcing) is None:
        return f"Nothing was delivered of {announcing}."
    ends = expires_at(announcing)
    if ends is not None and ends <= now:
        return ""
    return "" if was_let_go(inverse) else "Its time has not come."


def delivered_at(revision: Revision) -> datetime | None:
    """Return when a revision was delivered, or None."""
    delivered = Delivery.objects.filter(revision=revision, state=DeliveryState.VERIFIED)
    return delivered.values_list("finished_at", flat=True).first()


def expires_at(revision: Revision) -> datetime | None:
    """Return when a delivered revision is to be taken back; None if never, or not yet."""
    if revision.expires_after is None:
        return None
    delivered = delivered_at(revision)
    return delivered and delivered + revision.expires_after


def was_let_go(inverse: Revision) -> bool:
    """Say whether an operator or a failed probe let an inverse go: the ledger knows."""
    announcing = inverse.inverse_of
    if announcing is None:
        return False
    ended = _told_of(inverse.change_id, Event.EXPIRY_ENDED_EARLY)
    if announcing.expires_after is not None and ended.exists():
        return True
    probe = announcing.terms.probe
    # What the probe said first: nothing lets it be sent again.
    first = _told_of(
        announcing.change_id, Event.PROBE_PASSED, Event.PROBE_FAILED
    ).last()
    return (
        probe is not None
        and probe.take_back
        and first is not None
        and first.event == Event.PROBE_FAILED
        and first.details.get(TAKEN_BACK_BY) == inverse.change_id
    )


def waits_for_its_time(delivery: Delivery) -> bool:
    """Say whether this is the delivery of an inverse whose time has not come."""
    return (
        delivery.revision.inverse_of_id is not None
        and delivery.state == DeliveryState.PENDING
        # One that was tried waits for its next try.
        and not delivery.tries
        and delivery.not_before is not None
        and delivery.not_before > timezone.now()
    )


def _told_of(change_id: int, *events: Event) -> QuerySet[AuditEvent]:
    """Return what the ledger tells so of a change, latest first."""
    return AuditEvent.objects.filter(
        event__in=events, subject_type="change", subject_id=str(change_id)
    )
