"""How many approvals count, and whether they prove that a revision may be delivered.

Nothing here is remembered: each answer is counted anew from the reviews, by what their
authors may do now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.accounts.roles import Verb
from portal.changes.inverse import announcing_approvals, unproven_inverse
from portal.changes.models import (
    DELIVERING,
    ChangeRequest,
    Review,
    Revision,
    Verdict,
)
from portal.changes.newcomers import without_newcomers
from portal.changes.plan import stored_digest
from portal.changes.states import State


@dataclass(frozen=True)
class Standing:
    """How far a revision is from its quorum; `missing` is for people and models.

    `broken` is the verdict by which somebody delivers it alone, if one holds.
    """

    given: int
    required: int
    approvers: Sequence[Review]
    missing: str
    broken: Review | None = None

    @property
    def has_quorum(self) -> bool:
        """Say whether enough approved it, or somebody may deliver it alone."""
        return self.broken is not None or self.given >= self.required


def standing(change: ChangeRequest, revision: Revision | None = None) -> Standing:
    """Say how many approvals the latest revision has and what is missing.

    An inverse has those of the revision that announced it, all that were needed.
    `revision` is the latest, where the caller has it: then it is not read again.
    """
    revision = revision or change.latest_revision()
    if revision.inverse_of is not None:
        approvals = announcing_approvals(revision.inverse_of)
        return Standing(len(approvals), max(len(approvals), 1), approvals, "")
    approvals, broken = _valid_verdicts(revision, change)
    required = change.gateway.approvals_required
    lacking = max(required - len(approvals), 0)
    missing = ""
    if change.state == State.IN_REVIEW and lacking:
        people = "approval" if lacking == 1 else "approvals"
        missing = (
            f"{lacking} {people} missing, from a reviewer of gateway {change.gateway.slug} "
            "who wrote none of this change."
        )
    return Standing(len(approvals), required, approvals, missing, broken)


def _valid_verdicts(
    revision: Revision, change: ChangeRequest
) -> tuple[list[Review], Review | None]:
    """Return the approvals that count now, and by which verdict the glass is broken.

    Each approval names exactly this revision's digest and was given by somebody who is active,
    may still decide on this gateway, wrote none of the change and was not let in lately
    by somebody who did. Who breaks the glass may be an author, and must still hold the
    role for it.
    """
    authors = change.author_ids()
    verdicts = revision.reviews.filter(
        verdict__in=DELIVERING, digest=revision.digest
    ).select_related("reviewer")
    approvals, broken = [], None
    for review in verdicts:
        if review.verdict == Verdict.BREAK_GLASS:
            if review.reviewer.may(Verb.BREAK_GLASS, change.gateway):
                broken = review
        elif review.reviewer_id not in authors and review.reviewer.may(
            Verb.DECIDE, change.gateway
        ):
            approvals.append(review)
    return without_newcomers(approvals, authors), broken


def unproven(revision: Revision, change: ChangeRequest, now: datetime) -> str:
    """Say why this revision may not be delivered now; "" when its approval is proved.

    What is trusted are the reviews and the sealed items, recomputed here, not a state
    that somebody may have written. The caller holds the change's lock.
    """
    if change.state not in (State.APPROVED, State.DELIVERING):
        return f"The change is {State(change.state).label.lower()}, not approved."
    if change.revisions.filter(number__gt=revision.number).exists():
        return f"Revision {revision.number} is not the latest."
    if stored_digest(revision, change.gateway) != revision.digest:
        return "The stored items, or the gateway's address, are not those that were reviewed."
    if revision.inverse_of is not None:
        return unproven_inverse(revision, revision.inverse_of, change.gateway, now)
    stand = standing(change)
    if not stand.has_quorum:
        return (
            f"{stand.given} of {stand.required} approvals count now: of exactly this "
            "revision, by active people who may decide and wrote none of it."
        )
    return ""
