"""Freezes: times in which nothing is delivered. Deny wins, whoever approved.

What had begun before a freeze is brought to its end: a gateway left half done would be
worse. `claim.py` asks here before it lets anything begin.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.errors import Malformed, WrongState
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    Freeze,
    FreezeOverride,
    Revision,
)
from portal.changes.outbox import hint_on_commit
from portal.changes.states import State
from portal.changes.windows import LONGEST, Window, joined

REASON_LIMIT = 1_000
LASTS_AT_MOST = timedelta(days=366)
# How far ahead is looked for the end of windows that follow one another.
LOOK_AHEAD = 2 * LONGEST


@dataclass(frozen=True)
class Frozen:
    """A gateway may not be written now: which freeze lasts longest, and until when.

    `until` is None where no end is in sight.
    """

    freeze: Freeze
    until: datetime | None


def frozen(
    gateway: Gateway, now: datetime | None = None, *, let_pass: datetime | None = None
) -> Frozen | None:
    """Say whether a freeze holds on the gateway now. One query.

    For what an operator let pass, only those count that began after `let_pass`.
    """
    now = now or timezone.now()
    held = [
        Frozen(freeze, _end(freeze, now))
        for freeze in Freeze.objects.in_force().on(gateway).select_related("gateway")
        if _holds(freeze, now) and not (let_pass and _held_at(freeze, let_pass, now))
    ]
    return max(
        held,
        key=lambda one: (one.until is None, one.until or now),
        default=None,
    )


def is_held(delivery: Delivery, gateway: Gateway) -> bool:
    """Say whether a freeze keeps this delivery from beginning now. Two queries."""
    return frozen(gateway, let_pass=let_pass_at(delivery.revision)) is not None


def let_pass_at(revision: Revision) -> datetime | None:
    """Return when an operator last let this pass what held it then, or None."""
    return (
        FreezeOverride.objects.filter(delivery__revision=revision)
        .order_by("-created_at")
        .values_list("created_at", flat=True)
        .first()
    )


def windows_of(freeze: Freeze, start: datetime, end: datetime) -> Iterator[Window]:
    """Yield when the freeze holds between two moments, joined where it goes on."""
    return joined(_windows(freeze, start, end))


def _windows(freeze: Freeze, start: datetime, end: datetime) -> Iterable[Window]:
    if freeze.recurrence is not None:
        return freeze.recurrence.between(start, end)
    if freeze.starts_at is None or freeze.ends_at is None:
        return []
    once = Window(freeze.starts_at, freeze.ends_at)
    return [once] if once.start < end and once.end > start else []


def _holds(freeze: Freeze, now: datetime) -> bool:
    if freeze.recurrence is not None:
        return freeze.recurrence.current(now) is not None
    return any(_windows(freeze, now, now + timedelta.resolution))


def _held_at(freeze: Freeze, then: datetime, now: datetime) -> bool:
    """Say whether what holds now was there at that moment, and has held since."""
    windows = windows_of(freeze, then, now + timedelta.resolution)
    return freeze.made_at <= then and any(
        window.start <= then and now < window.end for window in windows
    )


def _end(freeze: Freeze, now: datetime) -> datetime | None:
    """Return when a freeze that holds now lets go; None when no end is in sight."""
    end = next(windows_of(freeze, now, now + LOOK_AHEAD)).end
    return end if freeze.recurrence is None or end < now + LOOK_AHEAD else None


@transaction.atomic
def make_freeze(freeze: Freeze, *, actor: Actor) -> Freeze:
    """Begin a freeze (an unsaved row) of a gateway, an environment, or all.

    Raises NotPresent for programs, NotAllowed for all but administrators of what it
    reaches, Malformed naming the field.
    """
    freeze.made_by = actor.require_administrator(freeze.gateway)
    freeze.reason = freeze.reason.strip()
    _check(freeze)
    freeze.save(force_insert=True)
    record(Entry(Event.FREEZE_MADE, _told(freeze)), actor=actor, subject=freeze)
    return freeze


def _check(freeze: Freeze) -> None:
    if not freeze.reason:
        raise Malformed(gettext("Say why: whoever waits will ask."), field="reason")
    if len(freeze.reason) > REASON_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s characters.")
            % {"limit": f"{REASON_LIMIT:,}"},
            field="reason",
        )
    if freeze.recurrence is not None:
        freeze.recurrence.check()
        return
    if freeze.starts_at is None:
        raise Malformed(gettext("Say when it begins."), field="starts_at")
    if freeze.ends_at is None or freeze.ends_at <= freeze.starts_at:
        raise Malformed(gettext("Say when it ends, after it begins."), field="ends_at")
    if freeze.ends_at <= timezone.now():
        raise Malformed(
            gettext("This is over already. Give a later end."), field="ends_at"
        )
    if freeze.ends_at - freeze.starts_at > LASTS_AT_MOST:
        raise Malformed(gettext("A freeze lasts at most a year."), field="ends_at")


def _told(freeze: Freeze) -> dict[str, str]:
    told = {
        "reason": freeze.reason,
        "starts_at": freeze.starts_at and freeze.starts_at.isoformat(),
        "ends_at": freeze.ends_at and freeze.ends_at.isoformat(),
        "cron": freeze.cron,
        "length": freeze.length and str(freeze.length),
        "zone": freeze.cron and freeze.zone,
    }
    return {name: value for name, value in told.items() if value}


@transaction.atomic
def end_freeze(freeze: Freeze, *, actor: Actor) -> Freeze:
    """End a freeze now and for good. Idempotent; raises as `make_freeze` does."""
    locked = Freeze.objects.select_for_update(of=("self",), no_key=True).get(
        pk=freeze.pk
    )
    person = actor.require_administrator(locked.gateway)
    if locked.ended_at is None:
        locked.ended_at, locked.ended_by = timezone.now(), person
        locked.save(update_fields=["ended_at", "ended_by"])
        record(
            Entry(Event.FREEZE_ENDED, {"reason": locked.reason}),
            actor=actor,
            subject=locked,
        )
    return locked


@transaction.atomic
def override_freeze(
    change: ChangeRequest, *, actor: Actor, comment: str
) -> FreezeOverride:
    """Let one approved change pass the freezes that hold it now; deny wins again later.

    Raises NotPresent, NotAllowed for all but operators, Malformed without a reason,
    WrongState unless it is approved and a freeze holds it.
    """
    person = actor.require_present_person()
    change = ChangeRequest.objects.locked().get(pk=change.pk)
    actor.require(Verb.OPERATE, change.gateway)
    reason = comment.strip()
    if not reason:
        raise Malformed(gettext("Say why it cannot wait."), field="comment")
    if len(reason) > REASON_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s characters.")
            % {"limit": f"{REASON_LIMIT:,}"},
            field="comment",
        )
    states.expect(change, State.APPROVED)
    delivery = Delivery.objects.filter(revision=change.latest_revision()).first()
    if delivery is None or not is_held(delivery, change.gateway):
        raise WrongState(
            gettext("No freeze holds change #%(change)s now.") % {"change": change.pk},
            field="state",
        )
    override = FreezeOverride.objects.create(
        delivery=delivery, operator=person, reason=reason
    )
    hint_on_commit(delivery.pk)
    record(
        Entry(Event.FREEZE_OVERRIDDEN, {"comment": reason}),
        actor=actor,
        subject=change,
        revision=delivery.revision.number,
    )
    return override
