"""Changes for a time: once one is live, its inverse waits to take it back.

The inverse is a change of its own, approved with the one that announced it. Operators
may let it go early, or cancel it like any approved change.
"""

from django.db import transaction
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.errors import Malformed, WrongState
from portal.changes.inverse import TAKEN_BACK_BY
from portal.changes.models import ChangeRequest, Delivery
from portal.changes.states import State
from portal.changes.take_back import file_inverse, let_go

COMMENT_LIMIT = 1_000


def announce(delivery: Delivery, change: ChangeRequest) -> list[Entry]:
    """Let the inverse of what was just delivered wait for its time, if it has one.

    Within the caller's transaction; returns what to record of it.
    """
    revision = delivery.revision
    if revision.expires_after is None or delivery.finished_at is None:
        return []
    ends = delivery.finished_at + revision.expires_after
    inverse = file_inverse(delivery, change, due=ends)
    return [
        Entry(
            Event.EXPIRY_SCHEDULED,
            {TAKEN_BACK_BY: inverse.number, "at": ends.isoformat()},
        ),
        Entry(Event.DELIVERY_QUEUED, {"at": ends.isoformat()}, inverse),
    ]


@transaction.atomic
def end_early(change: ChangeRequest, *, actor: Actor, comment: str = "") -> Delivery:
    """Let an inverse take its change back now, before its time.

    Raises NotPresent, NotAllowed for all but operators, Malformed for too long a
    comment, WrongState unless it is an inverse that waits for its time.
    """
    actor.require_present_person()
    change = ChangeRequest.objects.locked().get(pk=change.pk)
    actor.require(Verb.OPERATE, change.gateway)
    text = comment.strip()
    if len(text) > COMMENT_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s characters.")
            % {"limit": f"{COMMENT_LIMIT:,}"},
            field="comment",
        )
    states.expect(change, State.APPROVED)
    delivery = let_go(change)
    if delivery is None:
        raise WrongState(
            gettext("Change #%(change)s does not wait to take another back.")
            % {"change": change.pk},
            field="state",
        )
    record(
        Entry(Event.EXPIRY_ENDED_EARLY, {"comment": text}),
        actor=actor,
        subject=change,
        revision=delivery.revision.number,
    )
    return delivery
