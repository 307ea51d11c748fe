"""The life of a change: which moves exist, and the one function that makes them.

    draft ─► in_review ─► approved ─► delivering ─► applied
               ▲    │         │            ├─► failed      (retry ► approved)
               │    │         │            └─► conflicted  (rebase ► in_review)
               │    ├─► changes_requested ─► in_review
               │    ├─► rejected
               └────┴─► withdrawn ◄─ approved (cancelled)

A move is one conditional UPDATE that names the old state; the row count says who
won. Nothing else writes `state`.
"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from portal.changes.errors import WrongState


class State(models.TextChoices):
    """Where a change stands."""

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    APPROVED = "approved", _("Approved")
    DELIVERING = "delivering", _("Delivering")
    APPLIED = "applied", _("Applied")
    FAILED = "failed", _("Failed")
    CONFLICTED = "conflicted", _("Conflicted")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


ALLOWED: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.IN_REVIEW, State.WITHDRAWN}),
    State.IN_REVIEW: frozenset(
        {
            State.IN_REVIEW,
            State.CHANGES_REQUESTED,
            State.APPROVED,
            State.REJECTED,
            State.WITHDRAWN,
        }
    ),
    State.CHANGES_REQUESTED: frozenset({State.IN_REVIEW, State.WITHDRAWN}),
    State.APPROVED: frozenset(
        {State.DELIVERING, State.CONFLICTED, State.FAILED, State.WITHDRAWN}
    ),
    State.DELIVERING: frozenset(
        {State.APPROVED, State.APPLIED, State.FAILED, State.CONFLICTED}
    ),
    State.FAILED: frozenset({State.APPROVED, State.WITHDRAWN}),
    State.CONFLICTED: frozenset({State.IN_REVIEW, State.WITHDRAWN}),
    State.APPLIED: frozenset(),
    State.REJECTED: frozenset(),
    State.WITHDRAWN: frozenset(),
}

# Still moving or movable: shown as open, found again by an equal request.
OPEN = frozenset(
    {
        State.DRAFT,
        State.IN_REVIEW,
        State.CHANGES_REQUESTED,
        State.APPROVED,
        State.DELIVERING,
        State.FAILED,
        State.CONFLICTED,
    }
)
# Wanted and not live yet: it may meet another that touches the same.
ON_THE_WAY = (State.IN_REVIEW, State.APPROVED, State.DELIVERING)
# Nobody waits for a worker: the page need not ask again.
SETTLED = frozenset({State.APPLIED, State.REJECTED, State.WITHDRAWN})

# Its author may write a new revision.
REVISABLE = (State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED, State.CONFLICTED)
# Its author may join it with what the gateway holds now.
REBASABLE = (State.IN_REVIEW, State.CHANGES_REQUESTED, State.CONFLICTED)
# Its author may take it back.
WITHDRAWABLE = (*REVISABLE, State.FAILED)

# Why nothing moves, and what would move it: for people and for models.
EXPLAINED: dict[State, str] = {
    State.DRAFT: gettext_noop("It is a draft. Its author submits it when it is ready."),
    State.IN_REVIEW: gettext_noop(
        "It waits for approval by somebody who wrote none of it."
    ),
    State.CHANGES_REQUESTED: gettext_noop(
        "A reviewer asked for changes. Its author writes a new revision or withdraws it."
    ),
    State.APPROVED: gettext_noop(
        "It is approved and waits for its turn at the gateway."
    ),
    State.DELIVERING: gettext_noop("It is being written to the gateway."),
    State.APPLIED: gettext_noop(
        "It is live, verified by reading back from the gateway."
    ),
    State.FAILED: gettext_noop(
        "The gateway could not be brought to it. An operator retries it, or it is withdrawn."
    ),
    State.CONFLICTED: gettext_noop(
        "The gateway was changed by somebody else since this was planned. "
        "Its author rebases it on what is live now, or withdraws it."
    ),
    State.REJECTED: gettext_noop(
        "A reviewer rejected it. File a new change that answers the note."
    ),
    State.WITHDRAWN: gettext_noop(
        "It was withdrawn. File a new change if it is still wanted."
    ),
}


def expect(change: "HasState", *states: State) -> None:
    """Raise WrongState unless the change is in one of these states."""
    if change.state not in states:
        raise WrongState(
            gettext("Change #%(change)s is %(label)s. %(explained)s")
            % {
                "change": change.pk,
                "label": State(change.state).label.lower(),
                "explained": gettext(EXPLAINED[State(change.state)]),
            },
            field="state",
        )


def move(change: "HasState", to: State) -> None:
    """Move the change to another state; raise WrongState when that move does not exist
    or somebody else moved it first.
    """
    old = State(change.state)
    if to not in ALLOWED[old]:
        raise WrongState(
            gettext(
                "Change #%(change)s is %(old)s and cannot become %(to)s. %(explained)s"
            )
            % {
                "change": change.pk,
                "old": old.label.lower(),
                "to": to.label.lower(),
                "explained": gettext(EXPLAINED[old]),
            },
            field="state",
        )
    moved = (
        type(change)
        ._default_manager.filter(pk=change.pk, state=old)
        .update(state=to, moved_at=timezone.now())
    )
    if not moved:
        raise WrongState(
            gettext(
                "Change #%(change)s was moved by somebody else meanwhile. Reload it."
            )
            % {"change": change.pk},
            field="state",
        )
    change.state = to


class HasState(models.Model):
    """What `states` needs of a model; `ChangeRequest` is the only one."""

    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    moved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
