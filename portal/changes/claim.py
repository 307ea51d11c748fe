"""Take a delivery, if it is due, ours to take, and proved to be approved."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from gateway.models import Gateway
from gateway.sealing import Unsealable
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.changes import states
from portal.changes.freezes import frozen, is_held
from portal.changes.lease import Lease, expiry
from portal.changes.models import (
    DELIVERING,
    Attempt,
    ChangeRequest,
    Delivery,
    DeliveryQuerySet,
    DeliveryState,
    FreezeOverride,
    RuleApproval,
)
from portal.changes.plan import stored_digest
from portal.changes.quorum import unproven
from portal.changes.states import State


@dataclass(frozen=True)
class Claim:
    """A delivery that this worker holds, and its new attempt.

    `gateway` is as it was when the approval was checked: its address is part of that.
    `unproven` says in words why the approval does not hold: nothing may be delivered.
    `is_as_reviewed` says whether the stored items are those that somebody approved for
    a gateway in service: no other may be restored either. `unreadable` says why nobody can tell now.
    """

    delivery: Delivery
    gateway: Gateway
    attempt: Attempt
    lease: Lease
    unproven: str = ""
    is_as_reviewed: bool = True
    unreadable: str = ""

    @property
    def is_out_of_time(self) -> bool:
        """Whether it has been tried for as long as it may: this attempt is the last."""
        since = self.delivery.trying_since or timezone.now()
        limit = timedelta(seconds=settings.DELIVERY_RETRY_LIMIT)
        return timezone.now() - since > limit


def claim_next(gateway: Gateway, *, actor: Actor) -> Claim | None:
    """Claim the gateway's next due delivery: first approved, first served.

    Returns None when nothing is due, another delivery has the gateway or it is frozen.
    """
    due = Delivery.objects.filter(gateway=gateway).due(timezone.now())
    # One that was left half done has the gateway: nobody passes it, whenever approved.
    first = due.filter(state=DeliveryState.SENDING).first()
    if first is None:
        first = _first_to_begin(due, gateway)
    if first is None:
        return None
    try:
        return _claim(first.pk, actor)
    except IntegrityError:
        return None  # another worker took the gateway between our look and our update
    except Held:
        return None  # a freeze began between our look and our entry in the ledger


def _first_to_begin(due: DeliveryQuerySet, gateway: Gateway) -> Delivery | None:
    """Return the first that no freeze holds: in one, what an operator lets pass it."""
    if frozen(gateway) is None:
        return due.first()
    let_pass = due.filter(pk__in=FreezeOverride.objects.values("delivery"))
    return next((one for one in let_pass if not is_held(one, gateway)), None)


class Held(Exception):
    """A freeze holds the delivery that was to begin: nothing of its claim stays."""


@transaction.atomic
def _claim(delivery_id: int, actor: Actor) -> Claim | None:
    change_id = Delivery.objects.values_list("revision__change", flat=True).get(
        pk=delivery_id
    )
    change = ChangeRequest.objects.locked().get(pk=change_id)
    now = timezone.now()
    delivery = (
        Delivery.objects.select_for_update(of=("self",), no_key=True)
        .select_related("revision")
        .filter(pk=delivery_id)
        .due(now)
        .first()
    )
    if delivery is None or _gateway_is_taken(delivery):
        return None
    begins = delivery.state == DeliveryState.PENDING
    taken_over = (
        delivery.state == DeliveryState.SENDING and delivery.lease_token is not None
    )
    lease = Lease(delivery.pk, uuid.uuid4())
    if taken_over and delivery.lease_expires_at:
        lease.quiet_from = delivery.lease_expires_at + timedelta(
            seconds=settings.GATEWAY_REQUEST_DEADLINE
        )
    proof = _proof(delivery, change, now)
    delivery.state = DeliveryState.SENDING
    delivery.lease_token, delivery.lease_expires_at = lease.token, expiry()
    delivery.not_before = None
    delivery.trying_since = delivery.trying_since or now
    delivery.tries += 1
    delivery.save(
        update_fields=[
            "state",
            "lease_token",
            "lease_expires_at",
            "not_before",
            "trying_since",
            "tries",
        ]
    )
    last = delivery.attempts.order_by("-number").first()
    if last and last.finished_at is None:
        last.finished_at, last.outcome = now, "The worker stopped answering."
        last.save(update_fields=["finished_at", "outcome"])
    attempt = Attempt.objects.create(
        delivery=delivery,
        number=(last.number if last else 0) + 1,
        worker=actor.client,
        started_at=now,
    )
    if change.state == State.APPROVED:
        states.move(change, State.DELIVERING)
    record(
        Event.DELIVERY_TAKEN_OVER if taken_over else Event.DELIVERY_STARTED,
        actor=actor,
        subject=change,
        revision=delivery.revision.number,
        attempt=attempt.number,
    )
    # Last: a freeze that the ledger has before this holds it, one after it does not.
    if begins and is_held(delivery, change.gateway):
        raise Held
    return Claim(delivery, change.gateway, attempt, lease, **proof)


class Proof(TypedDict, total=False):
    """The fields of a Claim that say what its approval is worth."""

    unproven: str
    is_as_reviewed: bool
    unreadable: str


def _proof(delivery: Delivery, change: ChangeRequest, now: datetime) -> Proof:
    """Check again that what is stored was approved. The change is locked.

    `now` is when it was found to be due: a clock may be put back meanwhile.
    """
    if delivery.gateway_id != change.gateway_id:
        return {
            "unproven": "It was approved for another gateway.",
            "is_as_reviewed": False,
        }
    if change.gateway.out_of_service:
        return {"unproven": change.gateway.out_of_service, "is_as_reviewed": False}
    revision = delivery.revision
    try:
        why = unproven(revision, change, now)
        if not why:
            return {}
        digest = stored_digest(revision, change.gateway)
    except Unsealable as error:
        return {"unreadable": str(error)}
    seen = revision.reviews.filter(verdict__in=DELIVERING, digest=digest)
    passed = RuleApproval.objects.filter(revision=revision, digest=digest)
    return {"unproven": why, "is_as_reviewed": seen.exists() or passed.exists()}


def _gateway_is_taken(delivery: Delivery) -> bool:
    return (
        Delivery.objects.filter(
            gateway_id=delivery.gateway_id, state=DeliveryState.SENDING
        )
        .exclude(pk=delivery.pk)
        .exists()
    )
