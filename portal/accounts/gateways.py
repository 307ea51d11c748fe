"""Add and change gateways: what an administrator does.

Where a gateway is, how it is trusted and how many people must agree to its changes is
policy: its administrators decide on that by two. The admin key is not: it is a secret,
and without the address it gives nobody a power that they have not. It counts at once,
and only for the address that is in force.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from gateway.models import Gateway, origin
from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed
from portal.accounts.models import PolicyChange, PolicyState
from portal.accounts.policy.deciding import lock_policy, propose_policy
from portal.accounts.policy.kinds import Document, PolicyKind
from portal.audit.events import Event
from portal.audit.ledger import Entry, Recordable, Subject, record

# What decides where changes go and by how many people.
GUARDED = ("admin_url", "approvals_required", "ca_bundle", "environment", "verify_tls")


def taken(gateway: Gateway) -> str:
    """Say that another gateway in service has this address; "" if none has.

    By a second row of other rules one would get past those of the first.
    """
    if (twin := gateway.twin()) is None:
        return ""
    return (
        f"Gateway {twin.slug} has this host and port already, and its rules hold for "
        "what is written there. Ask for changes on it, or retire it first."
    )


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

    Raises NotPresent for programs, NotAllowed for all but administrators, Malformed for
    an address that another has.
    """
    actor.require_administrator()
    # Whoever gives one an address waits here: of two at once, one finds the other.
    lock_policy()
    if words := taken(gateway):
        raise Malformed(words, field="admin_url")
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
    gateway: Gateway,
    *,
    fields: Iterable[str],
    admin_key: str = "",
    reason: str = "",
    actor: Actor,
) -> PolicyChange | None:
    """Save these changed fields of a gateway, and its admin key when one is given.

    Guarded ones are asked for, with the reason, and their change of policy is returned.
    The given object holds afterwards what is in force. Raises NotPresent, NotAllowed or
    NotVisible by role, Malformed, and as `propose_policy`.
    """
    actor.require_present_person()
    actor.require_administrator(Gateway.objects.get(pk=gateway.pk))
    names = sorted(set(fields) - {"admin_key"})
    wanted = {name: getattr(gateway, name) for name in names if name in GUARDED}
    policy = None
    if wanted:
        lock_policy()
        # Before the ledger's head, which the proposal locks.
        scope = Gateway.objects.locked().get(pk=gateway.pk)
        policy = propose_policy(
            GatewaySettings.name, wanted, scope=scope, reason=reason, actor=actor
        )
    now = Gateway.objects.locked().get(pk=gateway.pk)
    before = copy(now)
    names = [name for name in names if name not in GUARDED]
    for name in names:
        setattr(now, name, getattr(gateway, name))
    if admin_key:
        _expect_its_address(now, policy)
        now.set_admin_key(admin_key)
    if names or admin_key:
        now.save(update_fields=[*names, "sealed_admin_key"])
        entry = _changed(before, now, [*names, *(["admin_key"] if admin_key else [])])
        record(entry, actor=actor, subject=OneGateway(now))
    gateway.refresh_from_db()
    return policy


def _expect_its_address(gateway: Gateway, policy: PolicyChange | None) -> None:
    """Raise Malformed for a key that came with an address which does not count yet."""
    if policy is None or policy.state != PolicyState.OPEN:
        return
    address = policy.wanted.get("admin_url", gateway.admin_url)
    if origin(address) != origin(gateway.admin_url):
        raise Malformed(
            gettext(
                "This key is for an address that another administrator must accept first. "
                "Ask for the address alone, and enter the key once it counts."
            ),
            field="admin_key",
        )


class GatewaySettings(PolicyKind):
    """Those of the guarded settings that shall be different, by name."""

    name = "gateway_settings"
    title = "Gateway settings"

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        gateway = _fresh(scope)
        for name, value in wanted.items():
            if name not in GUARDED:
                raise Malformed(
                    gettext("Nobody else has to agree to this."), field=name
                )
            setattr(gateway, name, value)
        others = [f.name for f in Gateway._meta.fields if f.name not in wanted]
        try:
            gateway.full_clean(exclude=others, validate_unique=False)
        except ValidationError as error:
            name, words = next(iter(error.message_dict.items()))
            raise Malformed(" ".join(words), field=name) from error
        if "admin_url" in wanted and (said := taken(gateway)):
            raise Malformed(said, field="admin_url")
        return {name: getattr(gateway, name) for name in GUARDED if name in wanted}

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        gateway = _fresh(scope)
        return {name: getattr(gateway, name) for name in GUARDED if name in wanted}

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        return [_sentence(name, base[name], will) for name, will in wanted.items()]

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        gateway = locked_gateway(change)
        before = copy(gateway)
        for name, value in change.wanted.items():
            setattr(gateway, name, value)
        # The key too: saving clears one that was given for another address.
        gateway.save(update_fields=[*change.wanted, "sealed_admin_key"])
        names = sorted(change.wanted)
        if before.sealed_admin_key and not gateway.sealed_admin_key:
            names.append("admin_key (cleared: it was for another address)")
        return [_changed(before, gateway, names)]


def _sentence(name: str, was: object, will: object) -> str:
    match name:
        case "admin_url":
            return (
                f"Changes go to {will} instead of {was}. What was approved for the old "
                "address must be approved anew; where scheme, host or port differ, the "
                "admin key is gone and must be entered again."
            )
        case "approvals_required":
            return f"Every change needs {will} approvals at least, instead of {was}."
        case "environment":
            return f"Its environment is “{will}” instead of “{was}”."
        case "verify_tls" if not will:
            return "Whoever stands between can pose as it: TLS is no longer verified."
        case "verify_tls":
            return "TLS is verified."
    return "Other certificate authorities are trusted to vouch for it."


def locked_gateway(change: PolicyChange) -> Gateway:
    """Return, locked, the gateway whose policy is changed."""
    return Gateway.objects.locked().get(pk=_fresh(change.gateway).pk)


def _fresh(scope: Gateway | None) -> Gateway:
    if scope is None:
        raise Malformed(gettext("Say of which gateway."), field="gateway")
    return Gateway.objects.get(pk=scope.pk)


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


def _changed(before: Gateway, after: Gateway, names: list[str]) -> Entry:
    values = {
        name: {"from": getattr(before, name), "to": getattr(after, name)}
        for name in TOLD_WITH_VALUES
        if name in names
    }
    return Entry(Event.GATEWAY_CHANGED, {"fields": names, **values}, OneGateway(after))
