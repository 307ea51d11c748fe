"""Ask to undo an applied change: its inverse, made of the documents that it replaced.

It is a change like any other, checked, reviewed and delivered. Where somebody wrote to
a resource since, nothing is undone there: that would undo their work as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from gateway.kinds import KINDS
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.schemas import Schemas
from portal.accounts.actor import Actor, Channel
from portal.accounts.errors import NotAllowed
from portal.accounts.roles import Verb
from portal.audit.ledger import Entry
from portal.changes import states
from portal.changes.asked import ChangeAsked, ItemAsked, bringing
from portal.changes.errors import CannotRollBack, WrongState
from portal.changes.history import delivered
from portal.changes.inverse import inverse_items
from portal.changes.links import Links
from portal.changes.models import ChangeRequest, Delivery, Item, Position
from portal.changes.plan import Plan, gateway_or_down, read_ahead
from portal.changes.propose import (
    Proposed,
    check_words,
    filed_before,
    preview,
    propose,
)
from portal.changes.states import State
from portal.changes.verify import position

Document = dict[str, Any]

NAMED_AT_MOST = 5


def rollback(
    change: ChangeRequest,
    *,
    reason: str,
    actor: Actor,
    idempotency_key: str = "",
    conversation: str = "",
) -> Proposed:
    """File the change that undoes this one.

    Raises WrongState unless it is applied and nobody asked to undo it yet,
    CannotRollBack with `reasons`, and whatever `propose` raises.
    """
    person = actor.require(Verb.ASK, change.gateway)
    actor = actor.by_way_of(Channel.ROLLBACK)
    states.expect(change, State.APPLIED)
    asked = ChangeAsked(
        gateway=change.gateway,
        title=f"Roll back #{change.number}",
        reason=reason,
        items=_inverse(change),
        idempotency_key=idempotency_key,
        conversation=conversation,
    )
    check_words(asked)
    if earlier := filed_before(asked, actor, person):
        return Proposed(earlier, is_replay=True)
    _expect_nobody_asks(change)

    def alone(filed: ChangeRequest) -> Sequence[Entry]:
        # Two who ask at once: the second finds the first once it has the lock.
        ChangeRequest.objects.locked().get(pk=change.pk)
        _expect_nobody_asks(change, but=filed.pk)
        return ()

    return propose(asked, actor=actor, links=Links(reverts=change), then=alone)


def preview_rollback(change: ChangeRequest, *, actor: Actor) -> Plan:
    """Show what a rollback would do. Raises as `rollback` does; nothing is stored."""
    if change.gateway.out_of_service:
        raise NotAllowed(change.gateway.out_of_service)
    states.expect(change, State.APPLIED)
    _expect_nobody_asks(change)
    asked = ChangeAsked(gateway=change.gateway, reason="", items=_inverse(change))
    return preview(asked, actor=actor)


def may_be_asked_for(change: ChangeRequest) -> bool:
    """Say whether a rollback is to be offered: it is live and nobody asks to undo it."""
    return (
        change.state == State.APPLIED
        and not change.reverted_by.open().exists()
        and not _is_undone(change)
    )


def _is_undone(change: ChangeRequest) -> bool:
    """Say whether it was undone, and that was not undone in turn.

    A query for each link of that chain.
    """
    undid = change.reverted_by.filter(state=State.APPLIED)
    return any(not _is_undone(other) for other in undid)


def _expect_nobody_asks(change: ChangeRequest, *, but: int = 0) -> None:
    """Raise WrongState while another change is on its way to undo this one."""
    asking = change.reverted_by.open()
    if (other := asking.exclude(pk=but).first()) is not None:
        raise WrongState(
            gettext("Change #%(other)s asks to undo it already and is %(state)s.")
            % {"other": other.number, "state": other.get_state_display().lower()},
            field="number",
        )


@dataclass(frozen=True)
class _Undone:
    """One item: what undoes it, None where nothing is left to undo; or why nothing can."""

    asked: ItemAsked | None = None
    trouble: str = ""


def _inverse(change: ChangeRequest) -> tuple[ItemAsked, ...]:
    """Return the items that undo a change. Raises CannotRollBack, WrongState, GatewayDown."""
    delivery = Delivery.objects.get(revision=change.latest_revision())
    items = inverse_items(delivery.revision)
    with gateway_or_down(change.gateway) as client:
        schemas, live = catalogue_of(change.gateway, client), Live(client)
        read_ahead(live, [item.kind for item in items])
        undone = [_undone(item, delivery, live, schemas) for item in items]
    if reasons := [one.trouble for one in undone if one.trouble]:
        more = len(reasons) - NAMED_AT_MOST
        told = [*reasons[:NAMED_AT_MOST], *([f"And {more} more."] if more > 0 else [])]
        raise CannotRollBack(
            gettext("Change #%(change)s cannot be rolled back. %(told)s")
            % {"change": change.number, "told": " ".join(told)},
            field="number",
            reasons=told,
        )
    asked = tuple(one.asked for one in undone if one.asked)
    if not asked:
        raise WrongState(
            gettext(
                "Nothing is left to undo: %(gateway)s is as it was before change #%(change)s."
            )
            % {"gateway": change.gateway.slug, "change": change.number},
            field="number",
        )
    return asked


def _undone(item: Item, delivery: Delivery, live: Live, schemas: Schemas) -> _Undone:
    """Fit an item of the inverse to what is live."""
    base, wanted = item.whole_wanted(), item.whole_base()
    now = live.find(item.kind, item.resource_id)
    where = position(item.kind, now, base=base, wanted=wanted, schemas=schemas)
    if where is Position.BASE:
        return _Undone()
    name = f"{KINDS[item.kind].title} {item.resource_id}"
    if where is Position.MOVED:
        return _Undone(trouble=f"{name} {_moved_by(item, delivery)}")
    if base is not None and KINDS[item.kind].write_only:
        hidden = _never_shown(item, delivery, base)
        if not hidden:
            return _Undone(
                trouble=f"{name} had a private key that is not known here: the gateway "
                "never shows it. Ask for a change that brings certificate and key."
            )
        base |= hidden
    return _Undone(bringing(item.kind, item.resource_id, now, base))


def _moved_by(item: Item, delivery: Delivery) -> str:
    """Say who wrote to the resource since, and what to do first."""
    later = (
        delivered(delivery.gateway, item.kind, item.resource_id)
        .filter(revision__delivery__finished_at__gte=delivery.finished_at)
        .exclude(revision=delivery.revision)
        .values_list("revision__change", flat=True)
    )
    numbers = [f"#{number}" for number in later[:NAMED_AT_MOST]]
    if not numbers:
        return (
            "was changed outside of Gatehouse since. Undo or accept that first, or ask "
            "for what you want instead."
        )
    return (
        f"was changed since by {', '.join(numbers)}. Roll that back first, latest "
        "first, or ask for what you want instead."
    )


def _never_shown(item: Item, delivery: Delivery, base: Document) -> Document:
    """Return what GET never shows of the base, from our own latest copy of it.

    It belongs to a certificate: only a copy with the same one has the right key.
    """
    hidden = KINDS[item.kind].write_only
    for copy in _copies(item, delivery):
        if all(copy.get(name) == base.get(name) for name in ("cert", "certs")):
            return {name: copy[name] for name in hidden & copy.keys()}
    return {}


def _copies(item: Item, delivery: Delivery) -> Iterator[Document]:
    """Yield what this and earlier changes brought of a resource, latest first."""
    before = delivered(delivery.gateway, item.kind, item.resource_id).filter(
        revision__delivery__finished_at__lte=delivery.finished_at
    )
    for one in before:
        if wanted := one.whole_wanted():
            yield wanted
