"""Where one change stands, as its page tells it: the way, and what is new of it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext

from portal.accounts.models import Person
from portal.changes.findings import Severity
from portal.changes.meanwhile import also_asking
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    NodeSighting,
    Revision,
)
from portal.changes.quorum import Standing
from portal.changes.schedule import waits
from portal.changes.states import State


def by_weight(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings, heaviest first."""
    order = [Severity.BLOCKER, Severity.WARNING, Severity.INFO]
    return sorted(findings, key=lambda f: order.index(Severity(f["severity"])))


@dataclass(frozen=True)
class Gate:
    """One of the four gates on a change's way: done, now, ahead or stopped."""

    name: str
    icon: str
    state: str
    words: str = ""
    at: datetime | None = None


def way_of(
    change: ChangeRequest,
    standing: Standing,
    delivery: Delivery | None,
    revision: Revision,
) -> list[Gate]:
    """Say which gates the change has passed and where it stands."""
    state = State(change.state)
    was_approved = delivery is not None
    reviewed, words = "ahead", ""
    if state is State.IN_REVIEW:
        reviewed, words = (
            "now",
            gettext("%(given)s of %(required)s approvals")
            % {
                "given": standing.given,
                "required": standing.required,
            },
        )
    elif state in (State.REJECTED, State.CHANGES_REQUESTED):
        reviewed, words = "stopped", str(state.label)
    elif was_approved:
        reviewed = "done"
        words = (
            ", ".join(review.reviewer.username for review in standing.approvers)
            or standing.passed_by
        )
        if standing.broken:
            words = gettext("%(person)s alone") % {
                "person": standing.broken.reviewer.username
            }
    elif state is State.WITHDRAWN:
        reviewed, words = "stopped", str(state.label)
    approved_at = standing.approvers[-1].created_at if standing.approvers else None
    asked = "now" if state is State.DRAFT else "done"
    return [
        Gate(
            gettext("Asked"), "send", asked, change.author.username, change.created_at
        ),
        Gate(
            gettext("Reviewed"),
            "cross" if reviewed == "stopped" else "admin",
            reviewed,
            words,
            (change.moved_at if reviewed == "stopped" else approved_at)
            if reviewed != "ahead"
            else None,
        ),
        _written(state, delivery, change, revision),
        Gate(
            gettext("Live"),
            "check",
            "done" if state is State.APPLIED else "ahead",
            gettext("read back and equal") if state is State.APPLIED else "",
            delivery.finished_at if delivery and state is State.APPLIED else None,
        ),
    ]


def _written(
    state: State, delivery: Delivery | None, change: ChangeRequest, revision: Revision
) -> Gate:
    if delivery is None:
        return Gate(gettext("Written"), "gateway", "ahead")
    if state in (State.FAILED, State.CONFLICTED, State.WITHDRAWN):
        return Gate(
            gettext("Written"),
            "cross",
            "stopped",
            str(state.label),
            delivery.finished_at,
        )
    if state is State.APPLIED:
        return Gate(gettext("Written"), "gateway", "done", change.gateway.slug)
    if state is State.DELIVERING:
        return Gate(gettext("Written"), "gateway", "now", gettext("in progress"))
    due = revision.deliver_after or delivery.not_before
    if due and due > timezone.now():
        return Gate(gettext("Written"), "clock", "now", gettext("not before"), due)
    return Gate(gettext("Written"), "gateway", "now", gettext("waits for its turn"))


@dataclass(frozen=True)
class Marks:
    """What a page has seen: when either differs, that part is sent anew."""

    live: str
    decide: str

    def __str__(self) -> str:
        return f"{self.live}.{self.decide}"


def marks_of(
    change: ChangeRequest,
    person: Person,
    revision: Revision | None = None,
    others: Sequence[ChangeRequest] | None = None,
) -> Marks:
    """Return the marks of a change as it is now. A fixed number of queries.

    Fewer for a page that knows the latest revision and who else asks for the same.
    """
    counted = ChangeRequest.objects.filter(pk=change.pk).aggregate(
        written=Count("revisions", distinct=True),
        decided=Count("revisions__reviews", distinct=True),
        said=Count("comments", distinct=True),
        looked=Count("revisions__reviews__after_review__closed_at", distinct=True),
    )
    deliveries = list(
        Delivery.objects.filter(revision__change=change).values_list(
            "state",
            "tries",
            "finished_at",
            "not_before",
            "probe__state",
            "probe__tries",
        )
    )
    revision = revision or change.latest_revision()
    if others is None:
        others = also_asking(revision) if change.is_open else []
    waiting = waits(change, revision)
    decide = [
        change.state,
        counted["written"],
        counted["decided"],
        counted["looked"],
        person.pk,
        waiting and waiting.words,
        list(change.reverted_by.order_by("pk").values_list("pk", "state")),
    ]
    nodes = list(
        NodeSighting.objects.filter(delivery__revision__change=change).values_list(
            "state", "words"
        )
    )
    asking = [(one.number, one.state) for one in others]
    live = _mark(decide, counted, deliveries, asking, nodes)
    return Marks(live, _mark(decide))


def _mark(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
