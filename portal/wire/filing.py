"""Filing a change, as every operation does that asks for one."""

from collections.abc import Sequence
from typing import Any

from portal.accounts.actor import Actor
from portal.accounts.which_gateway import choose_gateway
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.errors import Malformed
from portal.changes.probe import Probe
from portal.changes.terms import Terms, read_length, read_moment
from portal.wire.operation import Given


def asked_for(
    items: Sequence[ItemAsked], fields: dict[str, Any], given: Given, actor: Actor
) -> ChangeAsked:
    """Return the request for a change of these items, as the body or query says."""
    return ChangeAsked(
        gateway=choose_gateway(fields.get("gateway"), actor=actor),
        title=fields.get("title", ""),
        reason=fields.get("reason", ""),
        items=tuple(items),
        idempotency_key=one_key(given.idempotency_key, fields.get("idempotency_key")),
        conversation=given.conversation,
        terms=terms_of(fields),
    )


def terms_of(fields: dict[str, Any]) -> Terms:
    """Return when the change shall go live, for how long, and how it proves itself.

    Raises Malformed.
    """
    due, life = fields.get("deliver_after"), fields.get("expires_after")
    probe = fields.get("probe")
    return Terms(
        deliver_after=read_moment(due, "deliver_after") if due else None,
        expires_after=read_length(life, "expires_after") if life else None,
        probe=Probe.of(probe) if probe else None,
    )


def one_key(beside: str, given: str | None) -> str:
    """Return the key said beside the body or in it. Raises Malformed if they differ."""
    if beside and given and beside != given:
        raise Malformed(
            "The Idempotency-Key header and this field differ. Send one of them.",
            field="idempotency_key",
        )
    return beside or given or ""
