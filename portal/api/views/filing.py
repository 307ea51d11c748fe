"""Filing a change, as every operation does that asks for one."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actor import Actor
from portal.accounts.which_gateway import choose_gateway
from portal.callers import conversation_of
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.errors import Malformed
from portal.changes.probe import Probe
from portal.changes.propose import Proposed, propose
from portal.changes.terms import Terms, read_length, read_moment
from portal.wire.answers.changes import filed


def asked_for(
    items: Sequence[ItemAsked], given: dict[str, Any], request: Request, actor: Actor
) -> ChangeAsked:
    """Return the request for a change of these items, as the body or query says."""
    return ChangeAsked(
        gateway=choose_gateway(given.get("gateway"), actor=actor),
        title=given.get("title", ""),
        reason=given.get("reason", ""),
        items=tuple(items),
        idempotency_key=idempotency_key(request, given.get("idempotency_key")),
        conversation=conversation_of(request._request),
        terms=terms_of(given),
    )


def terms_of(given: dict[str, Any]) -> Terms:
    """Return when the change shall go live, for how long, and how it proves itself.

    Raises Malformed.
    """
    due, life = given.get("deliver_after"), given.get("expires_after")
    probe = given.get("probe")
    return Terms(
        deliver_after=read_moment(due, "deliver_after") if due else None,
        expires_after=read_length(life, "expires_after") if life else None,
        probe=Probe.of(probe) if probe else None,
    )


def idempotency_key(request: Request, given: str | None) -> str:
    """Return the key from the header or the field. Raises Malformed if they differ."""
    header = request.headers.get("Idempotency-Key", "")
    if header and given and header != given:
        raise Malformed(
            "The Idempotency-Key header and this field differ. Send one of them.",
            field="idempotency_key",
        )
    return header or given or ""


def file(asked: ChangeAsked, actor: Actor) -> Response:
    """File a change and answer 202: nothing happens until a person approves it."""
    return filed_answer(propose(asked, actor=actor))


def filed_answer(proposed: Proposed, **more: Any) -> Response:
    """Answer 202 with the change, and say when it had been filed before.

    `more` is what else there is to tell.
    """
    headers = {"Location": f"/api/changes/{proposed.change.number}"}
    if proposed.is_replay:
        headers["Idempotent-Replayed"] = "true"
    return Response(filed(proposed.change) | more, status=202, headers=headers)
