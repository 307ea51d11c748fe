"""Take a gateway out of service: nothing is written to it, and nothing waits for it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed
from portal.accounts.gateways import OneGateway, locked_gateway
from portal.accounts.models import PolicyChange, PolicyState
from portal.accounts.policy.deciding import propose_policy
from portal.accounts.policy.kinds import Document, PolicyKind
from portal.audit.events import Event
from portal.audit.ledger import Entry, Recordable
from portal.changes import states
from portal.changes.errors import WrongState
from portal.changes.models import ChangeRequest, Delivery, DeliveryState
from portal.changes.signals import retired
from portal.changes.states import State


def retire_gateway(gateway: Gateway, *, reason: str, actor: Actor) -> PolicyChange:
    """Ask to retire a gateway for good. Raises as `propose_policy`."""
    return propose_policy(
        GatewayRetirement.name,
        {"retired": True},
        scope=gateway,
        reason=reason,
        actor=actor,
    )


class GatewayRetirement(PolicyKind):
    """`{"retired": true}`: nothing is written there any more, and nothing waits for it.

    Its history stays. Every change of it that is open is withdrawn, and what others ask
    for by policy there. It comes into force while nothing is being written there, since
    nothing may be left half done for good: else `apply` raises WrongState.
    """

    name = "gateway_retirement"
    title = "Retirement of a gateway"

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        if scope is None or wanted != {"retired": True}:
            raise Malformed(gettext("A gateway is retired, for good."), field="retired")
        return wanted

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        in_service = Gateway.objects.in_service().filter(pk=scope.pk if scope else 0)
        return {"retired": not in_service.exists()}

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        return [
            "It is taken out of service for good: nothing is written to it any more.",
            "Its open changes are withdrawn, and its drifts closed. Its history stays.",
        ]

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        gateway = locked_gateway(change)
        changes = list(
            ChangeRequest.objects.locked().filter(gateway=gateway).open().order_by("pk")
        )
        _expect_nothing_half_done(gateway, changes)
        Delivery.objects.filter(gateway=gateway, state=DeliveryState.PENDING).update(
            state=DeliveryState.CANCELLED,
            finished_at=timezone.now(),
            outcome="Cancelled: the gateway was retired.",
        )
        gateway.retired_at = timezone.now()
        gateway.save(update_fields=["retired_at"])
        answers: list[tuple[Any, Any]] = retired.send(type(self), gateway=gateway)
        told = {name: count for _, closed in answers for name, count in closed.items()}
        entries = [Entry(Event.GATEWAY_RETIRED, told, OneGateway(gateway))]
        comment = {"comment": f"Gateway {gateway.slug} was retired."}
        for waits in changes:
            event = _event(waits)
            states.move(waits, State.WITHDRAWN)
            entries.append(Entry(event, comment, waits))
        for asked in PolicyChange.objects.open().filter(gateway=gateway):
            asked.settle(PolicyState.WITHDRAWN, change.decided_by or change.author)
            entries.append(Entry(Event.POLICY_WITHDRAWN, comment, asked))
        return entries


def _expect_nothing_half_done(
    gateway: Gateway, changes: Iterable[ChangeRequest]
) -> None:
    begun = next((one for one in changes if one.state == State.DELIVERING), None)
    if begun is not None:
        raise WrongState(
            gettext(
                "Change #%(begun)s is being written to gateway %(gateway)s. Retire the "
                "gateway once that has ended."
            )
            % {"begun": begun.pk, "gateway": gateway.slug},
            field="state",
        )


def _event(change: ChangeRequest) -> Event:
    """Return how the ledger calls it: what was never sent is told of to nobody else."""
    if change.submitted_at is None:
        return Event.CHANGE_DISCARDED
    if change.state == State.APPROVED:
        return Event.CHANGE_CANCELLED
    return Event.CHANGE_WITHDRAWN
