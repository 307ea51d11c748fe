"""Decide about a drift: accept it, leave it be, or ask for it to be undone.

Undoing files a change like any other, to be reviewed and delivered: that much a
program may do too.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from gateway.kinds import KINDS
from gateway.models import Gateway
from portal.accounts.actor import Actor, Channel
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes.asked import ChangeAsked, bringing
from portal.changes.models import ChangeRequest
from portal.changes.propose import Proposed, propose
from portal.drift.errors import MovedMeanwhile, NotStanding
from portal.drift.judge import words_of
from portal.drift.models import Drift, DriftState
from portal.drift.reason import reason_of
from portal.drift.settle import settle


@transaction.atomic
def adopt(drift: Drift, *, seen: str, reason: str, actor: Actor) -> Drift:
    """Accept what is live: from now on it is the baseline.

    `seen` is the `live_digest` that the person saw. Raises NotPresent for programs,
    NotAllowed, NotStanding, MovedMeanwhile, Malformed without a reason.
    """
    held = _held(drift, seen, actor)
    return _resolve(held, DriftState.ADOPTED, Event.DRIFT_ADOPTED, reason, actor)


@transaction.atomic
def ignore(drift: Drift, *, seen: str, reason: str, actor: Actor) -> Drift:
    """Leave it as it is and say no more of it, until it is changed again.

    The baseline stays. Raises what `adopt` raises.
    """
    held = _held(drift, seen, actor)
    if held.state == DriftState.IGNORED:
        raise NotStanding(gettext("It is ignored already."), field="action")
    return _resolve(held, DriftState.IGNORED, Event.DRIFT_IGNORED, reason, actor)


def revert(drift: Drift, *, reason: str, actor: Actor) -> Proposed:
    """File a change that restores the baseline; the drift stands until it is applied.

    Asked again while that change is open, it is refused. Raises NotAllowed,
    NotStanding, and whatever `propose` raises: for one Blocked, where a part was never
    shown to us.
    """
    actor.require(Verb.ASK, drift.gateway)
    drift = Drift.objects.select_related("gateway", "change").get(pk=drift.pk)
    _expect_nobody_asks(drift)
    name = f"{KINDS[drift.kind].title.lower()} {drift.resource_id}"
    return propose(
        ChangeAsked(
            gateway=drift.gateway,
            title=f"Undo what was done outside to {name}"[:200],
            reason=reason,
            items=(
                bringing(
                    drift.kind,
                    drift.resource_id,
                    drift.whole_live(),
                    drift.whole_baseline(),
                ),
            ),
        ),
        actor=actor.by_way_of(Channel.DRIFT),
        then=partial(_link, drift),
    )


def _link(drift: Drift, change: ChangeRequest) -> Sequence[Entry]:
    """Let the drift know its change, unless it is over or has another by now."""
    Gateway.objects.locked().get(pk=drift.gateway_id)
    held = Drift.objects.select_related("gateway", "change").get(pk=drift.pk)
    _expect_nobody_asks(held)
    held.change = change
    held.save(update_fields=["change"])
    return [Entry(Event.DRIFT_REVERT_ASKED, {"change": change.number}, held)]


def _expect_nobody_asks(drift: Drift) -> None:
    """Raise NotStanding unless it stands and no change is on its way to undo it."""
    _expect_standing(drift)
    if drift.change and drift.change.is_open:
        raise NotStanding(
            gettext("Change #%(change_id)s asks to undo it already and is %(state)s.")
            % {
                "change_id": drift.change_id,
                "state": drift.change.get_state_display().lower(),
            },
            field="action",
        )


def _held(drift: Drift, seen: str, actor: Actor) -> Drift:
    """Lock the gateway and return the drift, if this person may decide on it now."""
    actor.require_present_person()
    gateway = Gateway.objects.locked().get(pk=drift.gateway_id)
    actor.require(Verb.OPERATE, gateway)
    # A delivery of ours may have ended and not told its drifts yet.
    settle(gateway, actor=Actor.system("drift"))
    held = Drift.objects.select_related("gateway").get(pk=drift.pk)
    _expect_standing(held)
    if held.live_digest != seen:
        raise MovedMeanwhile(
            gettext(
                "It was changed again since you looked. Read it again and decide anew."
            )
        )
    return held


def _expect_standing(drift: Drift) -> None:
    if not drift.is_standing:
        raise NotStanding(
            gettext("This drift is %(state)s: there is nothing left to decide.")
            % {"state": drift.get_state_display().lower()},
            field="state",
        )


def _resolve(
    drift: Drift, state: DriftState, event: Event, reason: str, actor: Actor
) -> Drift:
    text = reason_of(reason)
    drift.state, drift.reason = state, text
    drift.resolved_at, drift.resolved_by = timezone.now(), actor.person
    drift.save(update_fields=["state", "reason", "resolved_at", "resolved_by"])
    details: dict[str, Any] = {
        "what": drift.what,
        "changes": words_of(drift),
        "reason": text,
    }
    record(Entry(event, details), actor=actor, subject=drift)
    return drift
