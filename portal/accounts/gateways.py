"""Add and change gateways: what an administrator does.

One transaction and one audit entry each, which names the fields that changed and
never a secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, Subject, record


@dataclass(frozen=True)
class OneGateway:
    """A gateway as what an audit entry is about; `gateway` itself knows no ledger."""

    gateway: Gateway

    def audit_subject(self) -> Subject:
        slug = self.gateway.slug
        return Subject("gateway", slug, self.gateway.title, slug)


@transaction.atomic
def create_gateway(gateway: Gateway, *, admin_key: str, actor: Actor) -> Gateway:
    """Add a gateway (an unsaved row) with its admin key.

    Raises NotPresent for programs, NotAllowed for all but administrators.
    """
    actor.require_administrator()
    if admin_key:
        gateway.set_admin_key(admin_key)
    gateway.save(force_insert=True)
    record(
        Entry(
            Event.GATEWAY_CREATED,
            {"admin_url": gateway.admin_url, "has_admin_key": bool(admin_key)},
        ),
        actor=actor,
        subject=OneGateway(gateway),
    )
    return gateway


@transaction.atomic
def change_gateway(
    gateway: Gateway, *, fields: Iterable[str], admin_key: str = "", actor: Actor
) -> Gateway:
    """Save these changed fields of a gateway, and its admin key when one is given.

    A changed address clears a key that is not given anew. Raises NotPresent,
    NotAllowed or NotVisible by role.
    """
    actor.require_present_person()
    actor.require(Verb.ADMINISTER, Gateway.objects.get(pk=gateway.pk))
    names = sorted(set(fields) - {"admin_key"})
    before = Gateway.objects.locked().get(pk=gateway.pk)
    had_key = bool(gateway.sealed_admin_key)
    if admin_key:
        gateway.set_admin_key(admin_key)
    # The key too: saving clears one that was given for another address.
    gateway.save(update_fields=[*names, "sealed_admin_key"])
    if had_key and not gateway.sealed_admin_key:
        names.append("admin_key (cleared: it was for another address)")
    elif admin_key:
        names.append("admin_key")
    if names:
        record(
            Entry(
                Event.GATEWAY_CHANGED,
                {"fields": names, **_before_and_after(before, gateway, names)},
            ),
            actor=actor,
            subject=OneGateway(gateway),
        )
    return gateway


# Whoever lowers a rule for an hour shall find the figures in the ledger.
TOLD_WITH_VALUES = (
    "admin_url",
    "approvals_required",
    "control_urls",
    "environment",
    "public_url",
    "router",
    "variables",
    "verify_tls",
)


def _before_and_after(
    before: Gateway, after: Gateway, names: list[str]
) -> dict[str, dict[str, object]]:
    return {
        name: {"from": getattr(before, name), "to": getattr(after, name)}
        for name in TOLD_WITH_VALUES
        if name in names
    }
