"""When a change goes live and how long it stays so, in words."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from gateway.visible import visible
from portal.changes.freezes import frozen, let_pass_at
from portal.changes.inverse import expires_at, was_let_go
from portal.changes.models import ChangeRequest, Delivery, Gathering, Revision
from portal.changes.states import EXPLAINED, OPEN, State


@dataclass(frozen=True)
class Waiting:
    """Why nothing is written yet: `words` go on after "It is approved and".

    `because` is what an administrator wrote of a freeze, "" when none holds it.
    """

    words: str
    because: str = ""

    @property
    def is_frozen(self) -> bool:
        return bool(self.because)


def waits(change: ChangeRequest, revision: Revision) -> Waiting | None:
    """Say what an approved change waits for; None when only for its turn, or not at all.

    At most five queries.
    """
    if change.state != State.APPROVED:
        return None
    due = revision.deliver_after
    if due is not None and due > timezone.now():
        return Waiting(f"goes live not before {by_the_clock(due)}")
    if (announcing := revision.inverse_of) is not None:
        ends = expires_at(announcing)
        if ends and ends > timezone.now() and not was_let_go(revision):
            number = announcing.change_id
            return Waiting(f"takes #{number} back not before {by_the_clock(ends)}")
    held = frozen(change.gateway, let_pass=let_pass_at(revision))
    if held is None:
        return None
    until = (
        f"until {by_the_clock(held.until)}" if held.until else "with no end in sight"
    )
    return Waiting(
        f"waits: {held.freeze.reaches} frozen {until}", visible(held.freeze.reason)
    )


def lasts(change: ChangeRequest, revision: Revision) -> str:
    """Say until when a change is live that is taken back; "" for any other, or not yet.

    The words go on after "It" or the change's name. At most two queries.
    """
    inverse = taken_back_by(revision) if change.state == State.APPLIED else None
    if inverse is None:
        return ""
    number = f"change #{inverse.number}"
    if inverse.state == State.APPLIED:
        return f"was live until {number} took it back"
    if inverse.state in (State.APPROVED, State.DELIVERING):
        due = (
            Delivery.objects.filter(
                revision__inverse_of=revision, not_before__gt=timezone.now()
            )
            .values_list("not_before", flat=True)
            .first()
        )
        at = f"at {by_the_clock(due)}" if due else "now"
        return f"is live, verified by reading back, until {number} takes it back {at}"
    label = inverse.get_state_display().lower()
    return f"is live; {number}, which was to take it back, is {label}"


def taken_back_by(revision: Revision) -> ChangeRequest | None:
    """Return the change that waits to take a revision back, or did so."""
    if not revision.terms.announces_inverse:
        return None
    return ChangeRequest.objects.filter(revisions__inverse_of=revision).first()


def gathers(change: ChangeRequest) -> str:
    """Say that a draft is its program's to write to; "" for any other change."""
    if change.state != State.DRAFT:
        return ""
    if not Gathering.objects.open().filter(pk=change.pk).exists():
        return ""
    return (
        "still gathers what its program writes, and is sent for review once that ends"
    )


def explained(
    change: ChangeRequest, revision: Revision, waiting: Waiting | None
) -> str:
    """Say why a change stands where it does and what would move it."""
    if change.gateway.out_of_service and change.state in {*OPEN, State.WITHDRAWN}:
        return change.gateway.out_of_service
    if words := lasts(change, revision) or gathers(change):
        return f"It {words}."
    if waiting is None:
        return gettext(EXPLAINED[State(change.state)])
    because = f", because: {waiting.because}" if waiting.because else ""
    return f"It is approved and {waiting.words}{because}."


def by_the_clock(moment: datetime) -> str:
    """Name a moment in the time zone that is active: a reader's own, UTC for programs."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"
