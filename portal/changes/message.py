"""One sentence about a change that a model can repeat: from its items and state alone.

Title and reason never go in: they are somebody's words, and a model would take them
for ours.
"""

from django.conf import settings

from portal.changes.models import (
    ChangeRequest,
    Delivery,
    Item,
    ProbeRun,
    ProbeState,
    Revision,
)
from portal.changes.schedule import gathers, lasts, waits
from portal.changes.states import State

SUMMARY_LIMIT = 400

# How the sentence goes on after "Change #128 on gateway default".
NEXT: dict[State, str] = {
    State.DRAFT: "is a draft that its author has yet to submit",
    State.IN_REVIEW: "waits for approval by a person who wrote none of it",
    State.CHANGES_REQUESTED: "was sent back by a reviewer and waits for a new revision",
    State.APPROVED: "is approved and waits for its turn at the gateway",
    State.DELIVERING: "is being written to the gateway",
    State.APPLIED: "is applied: it is live, verified by reading back",
    State.FAILED: "failed: the gateway could not be brought to it and an operator has to look",
    State.CONFLICTED: "conflicts with what the gateway holds now and waits for its author to rebase it",
    State.REJECTED: "was rejected by a reviewer, whose note says why",
    State.WITHDRAWN: "was withdrawn and will not be applied",
}


def link(change: ChangeRequest) -> str:
    """Return the page where people read and decide."""
    return f"{settings.PUBLIC_URL}{change.get_absolute_url()}"


def message_for(change: ChangeRequest, revision: Revision | None = None) -> str:
    """Say in one sentence what the change is, where it stands, and where people decide.

    `revision` is the latest, where the caller has it: then it is not read again.
    """
    summary = change.summary.rstrip(".")
    if len(summary) > SUMMARY_LIMIT:
        summary = f"{summary[:SUMMARY_LIMIT]}…"
    return (
        f"Change #{change.number} on gateway {change.gateway.slug} "
        f"{_next(change, revision or change.latest_revision())}{_progress(change)}{_probed(change)} ({summary}): {link(change)}"
    )


def _next(change: ChangeRequest, revision: Revision) -> str:
    if waiting := waits(change, revision):
        return f"is approved and {waiting.words}"
    return lasts(change, revision) or gathers(change) or NEXT[State(change.state)]


def _probed(change: ChangeRequest) -> str:
    """Say that a change did not answer as it should once it was live."""
    if change.state != State.APPLIED:
        return ""
    run = ProbeRun.objects.filter(
        delivery__revision__change=change, state=ProbeState.FAILED
    ).first()
    return f"; its probe failed: {run.words.rstrip('.')}" if run else ""


def _progress(change: ChangeRequest) -> str:
    """Say how far the delivery of several items is, while it runs."""
    if change.state != State.DELIVERING:
        return ""
    delivery = Delivery.objects.filter(revision__change=change).order_by("pk").last()
    if delivery is None:
        return ""
    count = Item.objects.filter(revision=delivery.revision_id).count()
    return f", {delivery.done:,} of {count:,} items done" if count > 1 else ""
