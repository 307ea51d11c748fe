"""Everything that the page of a change shows, fetched in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.changes import quorum
from portal.changes.break_glass import open_after_review
from portal.changes.meanwhile import also_asking
from portal.changes.models import (
    AfterReview,
    ChangeRequest,
    Delivery,
    NodeSighting,
    ProbeRun,
    ProbeState,
    Revision,
    Sight,
)
from portal.changes.quorum import Standing
from portal.changes.schedule import Waiting, taken_back_by, waits
from portal.changes.states import State
from portal.web.changes.story import Gate, by_weight, way_of
from portal.web.changes.talk import Said, talk_of


@dataclass(frozen=True)
class Told:
    """What happened to a change. Its items are told apart: see `items.py`."""

    change: ChangeRequest
    revision: Revision
    revisions: Sequence[Revision]
    findings: Sequence[dict[str, Any]]
    standing: Standing
    delivery: Delivery | None
    way: Sequence[Gate]
    talk: Sequence[Said]
    others: Sequence[ChangeRequest]
    reverted_by: Sequence[ChangeRequest]
    waits: Waiting | None = None
    taken_back_by: ChangeRequest | None = None
    nodes: Sequence[NodeSighting] = ()
    probe: ProbeRun | None = None
    after_review: AfterReview | None = None

    @property
    def is_watched(self) -> bool:
        """Whether Gatehouse still looks after what was delivered."""
        return any(node.state == Sight.WAITING for node in self.nodes) or (
            self.probe is not None and self.probe.state == ProbeState.WAITING
        )

    @property
    def has_failed_probe(self) -> bool:
        return self.probe is not None and self.probe.state == ProbeState.FAILED

    @property
    def taken_back_for_probe(self) -> ChangeRequest | None:
        """What takes the change back because its probe failed, or was to."""
        asked = self.revision.terms.probe
        takes_back = self.has_failed_probe and asked is not None and asked.take_back
        return self.taken_back_by if takes_back else None

    @property
    def is_being_taken_back(self) -> bool:
        """Whether that has still to come: a page that is open tells when it did."""
        inverse = self.taken_back_for_probe
        return inverse is not None and inverse.state in (
            State.APPROVED,
            State.DELIVERING,
        )

    @property
    def stays_in_spite_of_probe(self) -> bool:
        """Whether the probe failed, and nothing undid the change or is about to."""
        was_undone = any(one.state == State.APPLIED for one in self.reverted_by)
        return self.has_failed_probe and not was_undone and not self.is_being_taken_back

    @property
    def is_somewhere_late(self) -> bool:
        """Whether a node was not seen to hold what was delivered in time."""
        late = (Sight.LAGGING, Sight.UNREACHABLE)
        return any(node.state in late for node in self.nodes)


def tell(change: ChangeRequest) -> Told:
    """Fetch what the page shows of a change, save its items."""
    revisions = list(
        change.revisions.select_related("author", "token").order_by("number")
    )
    revision = revisions[-1]
    standing = quorum.standing(change, revision)
    delivery = (
        Delivery.objects.filter(revision__change=change)
        .select_related("revision", "probe")
        .order_by("-pk")
        .first()
    )
    return Told(
        change=change,
        revision=revision,
        revisions=revisions,
        findings=by_weight(revision.findings),
        standing=standing,
        delivery=delivery,
        way=way_of(change, standing, delivery, revision),
        talk=talk_of(change, revisions, delivery),
        others=also_asking(revision) if change.is_open else [],
        reverted_by=list(
            change.reverted_by.exclude(submitted_at=None).order_by("number")
        ),
        waits=waits(change, revision),
        taken_back_by=taken_back_by(revision),
        nodes=list(delivery.sightings.all()) if delivery else (),
        probe=getattr(delivery, "probe", None),
        after_review=open_after_review(change) if delivery else None,
    )
