"""What an approved change waits for before a worker may take it, in words."""

from datetime import UTC, datetime

from django.utils import timezone

from portal.changes.models import ChangeRequest, Revision
from portal.changes.states import EXPLAINED, State


def waits(change: ChangeRequest, revision: Revision) -> str:
    """Say what an approved change waits for; "" when only for its turn, or not at all.

    The words go on after "It is approved and".
    """
    if change.state != State.APPROVED:
        return ""
    due = revision.deliver_after
    if due is not None and due > timezone.now():
        return f"goes live not before {in_utc(due)}"
    return ""


def explained(change: ChangeRequest, revision: Revision) -> str:
    """Say why a change stands where it does and what would move it."""
    if words := waits(change, revision):
        return f"It is approved and {words}."
    return EXPLAINED[State(change.state)]


def in_utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
