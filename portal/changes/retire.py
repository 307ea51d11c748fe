"""Take a gateway out of service: nothing is written to it, and nothing waits for it."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.gateways import OneGateway
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.errors import WrongState
from portal.changes.models import ChangeRequest, Delivery, DeliveryState
from portal.changes.states import State


@transaction.atomic
def retire_gateway(gateway: Gateway, *, actor: Actor) -> Gateway:
    """Retire a gateway for good and withdraw every change of it that is still open.

    Its history stays. Idempotent; raises NotPresent, NotAllowed for all but its administrators, WrongState while a
    change is being written: nothing may be left half done there for good.
    """
    actor.require_present_person()
    actor.require(Verb.ADMINISTER, gateway)
    locked = Gateway.objects.locked().get(pk=gateway.pk)
    changes = list(
        ChangeRequest.objects.locked().filter(gateway=locked).open().order_by("pk")
    )
    _expect_nothing_half_done(locked, changes)
    Delivery.objects.filter(gateway=locked, state=DeliveryState.PENDING).update(
        state=DeliveryState.CANCELLED,
        finished_at=timezone.now(),
        outcome="Cancelled: the gateway was retired.",
    )
    entries: list[Event | Entry] = []
    if locked.retired_at is None:
        locked.retired_at = timezone.now()
        locked.save(update_fields=["retired_at"])
        entries.append(Event.GATEWAY_RETIRED)
    for change in changes:
        event = _event(change)
        states.move(change, State.WITHDRAWN)
        comment = f"Gateway {locked.slug} was retired."
        entries.append(Entry(event, {"comment": comment}, change))
    if entries:
        record(*entries, actor=actor, subject=OneGateway(locked))
    return locked


def _expect_nothing_half_done(
    gateway: Gateway, changes: Iterable[ChangeRequest]
) -> None:
    begun = next((one for one in changes if one.state == State.DELIVERING), None)
    if begun is not None:
        raise WrongState(
            f"Change #{begun.pk} is being written to gateway {gateway.slug}. Retire the "
            "gateway once that has ended.",
            field="state",
        )


def _event(change: ChangeRequest) -> Event:
    """Return how the ledger calls it: what was never sent is told of to nobody else."""
    if change.submitted_at is None:
        return Event.CHANGE_DISCARDED
    if change.state == State.APPROVED:
        return Event.CHANGE_CANCELLED
    return Event.CHANGE_WITHDRAWN
