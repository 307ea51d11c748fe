"""Decide on a change: approve, reject, request changes, withdraw; and talk about it.

Four eyes are kept here and nowhere else: whoever wrote any revision of a change, or
made the token that filed it, is no reviewer of it, whatever their role.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.errors import (
    AlreadyReviewed,
    Malformed,
    NoSuchChange,
    NotYours,
    SelfReview,
    StaleRevision,
)
from portal.changes.models import (
    ChangeRequest,
    Comment,
    Review,
    Revision,
    Verdict,
)
from portal.changes.outbox import queue
from portal.changes.plan import stored_digest
from portal.changes.states import State

COMMENT_LIMIT = 10_000


@dataclass(frozen=True)
class Standing:
    """How far a revision is from its quorum; `missing` is for people and models."""

    given: int
    required: int
    approvers: Sequence[Review]
    missing: str

    @property
    def has_quorum(self) -> bool:
        return self.given >= self.required


def valid_approvals(revision: Revision, authors: set[int]) -> list[Review]:
    """Return the approvals that count now.

    Each names exactly this revision's digest and was given by somebody who is active,
    may still decide on this gateway and wrote none of the change.
    """
    gateway = revision.change.gateway
    return [
        review
        for review in revision.reviews.filter(verdict=Verdict.APPROVE).select_related(
            "reviewer"
        )
        if review.digest == revision.digest
        and review.reviewer_id not in authors
        and review.reviewer.may(Verb.DECIDE, gateway)
    ]


def standing(change: ChangeRequest) -> Standing:
    """Say how many approvals the latest revision has and what is missing."""
    revision = change.latest_revision()
    approvals = valid_approvals(revision, change.author_ids())
    required = change.gateway.approvals_required
    lacking = max(required - len(approvals), 0)
    missing = ""
    if change.state == State.IN_REVIEW and lacking:
        people = "approval" if lacking == 1 else "approvals"
        missing = (
            f"{lacking} {people} missing, from a reviewer of gateway {change.gateway.slug} "
            "who wrote none of this change."
        )
    return Standing(len(approvals), required, approvals, missing)


def _locked(revision: Revision) -> ChangeRequest:
    """Lock the revision's change: two decisions at once would each count only itself."""
    return (
        ChangeRequest.objects.select_for_update(of=("self",))
        .select_related("gateway")
        .get(pk=revision.change_id)
    )


def _review(
    revision: Revision,
    change: ChangeRequest,
    *,
    actor: Actor,
    verdict: Verdict,
    comment: str,
) -> Review:
    """Check that this person may decide on this revision now and write the verdict."""
    person = actor.require_present_person()
    actor.require(Verb.DECIDE, change.gateway)
    if change.revisions.filter(number__gt=revision.number).exists():
        raise StaleRevision(
            f"Revision {revision.number} of change #{change.pk} is no longer the latest. "
            "Reload and read what changed."
        )
    if revision.reviews.filter(reviewer=person).exists():
        raise AlreadyReviewed(f"You have already decided on {revision}.")
    states.expect(change, State.IN_REVIEW)
    if person.pk in change.author_ids():
        raise SelfReview(
            "You wrote part of this change or made the token that filed it. Somebody who "
            "wrote none of it must decide."
        )
    return Review.objects.create(
        revision=revision,
        reviewer=person,
        verdict=verdict,
        comment=comment,
        digest=revision.digest,
    )


def _words(comment: str, *, needed: bool) -> str:
    text = comment.strip()
    if needed and not text:
        raise Malformed("Say why, so that the author can act on it.", field="comment")
    if len(text) > COMMENT_LIMIT:
        raise Malformed(f"Use at most {COMMENT_LIMIT:,} characters.", field="comment")
    return text


@transaction.atomic
def approve(revision: Revision, *, actor: Actor, comment: str = "") -> Review:
    """Approve this revision; with the last approval needed, queue its delivery.

    Raises NotPresent for programs, NotAllowed or NotVisible by role, SelfReview for its
    authors, StaleRevision, AlreadyReviewed, WrongState.
    """
    text = _words(comment, needed=False)
    change = _locked(revision)
    review = _review(
        revision, change, actor=actor, verdict=Verdict.APPROVE, comment=text
    )
    warnings = [f["code"] for f in revision.findings if f["severity"] == "warning"]
    entries: list[Event | Entry] = [
        Entry(Event.CHANGE_APPROVED, {"comment": text, "warnings": warnings})
    ]
    if (
        len(valid_approvals(revision, change.author_ids()))
        >= change.gateway.approvals_required
    ):
        states.move(change, State.APPROVED)
        queue(change, revision)
        entries.append(Event.DELIVERY_QUEUED)
    record(
        *entries,
        actor=actor,
        subject=change,
        revision=revision.number,
        digest=revision.digest,
    )
    return review


@transaction.atomic
def reject(revision: Revision, *, actor: Actor, comment: str) -> Review:
    """Refuse this change for good, with a note. Raises as `approve` does, and Malformed."""
    return _turn_down(
        revision, actor, comment, Verdict.REJECT, State.REJECTED, Event.CHANGE_REJECTED
    )


@transaction.atomic
def request_changes(revision: Revision, *, actor: Actor, comment: str) -> Review:
    """Send this revision back to its author with a note. Raises as `reject` does."""
    return _turn_down(
        revision,
        actor,
        comment,
        Verdict.REQUEST_CHANGES,
        State.CHANGES_REQUESTED,
        Event.CHANGE_CHANGES_REQUESTED,
    )


def _turn_down(
    revision: Revision,
    actor: Actor,
    comment: str,
    verdict: Verdict,
    state: State,
    event: Event,
) -> Review:
    text = _words(comment, needed=True)
    change = _locked(revision)
    review = _review(revision, change, actor=actor, verdict=verdict, comment=text)
    states.move(change, state)
    record(
        Entry(event, {"comment": text}),
        actor=actor,
        subject=change,
        revision=revision.number,
        digest=revision.digest,
    )
    return review


@transaction.atomic
def add_comment(change: ChangeRequest, *, actor: Actor, text: str) -> Comment:
    """Say something about the change. Raises NotPresent, NotAllowed, Malformed."""
    person = actor.require_present_person()
    words = _words(text, needed=True)
    change = ChangeRequest.objects.select_related("gateway").get(pk=change.pk)
    actor.require(Verb.ASK, change.gateway)
    comment = Comment.objects.create(change=change, author=person, text=words)
    record(Entry(Event.CHANGE_COMMENTED, {"text": words}), actor=actor, subject=change)
    return comment


@transaction.atomic
def withdraw(
    change: ChangeRequest, *, actor: Actor, comment: str = ""
) -> ChangeRequest:
    """Take one's own change back before it is approved; a program may, too.

    Raises NoSuchChange when the actor may not see it, NotYours for somebody else's,
    WrongState once it is approved or settled.
    """
    text = _words(comment, needed=False)
    change = (
        ChangeRequest.objects.select_for_update(of=("self",))
        .select_related("gateway")
        .get(pk=change.pk)
    )
    person = actor.person
    if person is None or not actor.may(Verb.READ, change.gateway):
        raise NoSuchChange(f"There is no change #{change.pk} that you may see.")
    if change.author_id != person.pk:
        raise NotYours(
            f"Change #{change.pk} is not yours. Only its author withdraws it."
        )
    actor.require(Verb.ASK, change.gateway)
    states.expect(change, *states.WITHDRAWABLE)
    states.move(change, State.WITHDRAWN)
    record(
        Entry(Event.CHANGE_WITHDRAWN, {"comment": text}), actor=actor, subject=change
    )
    return change


@dataclass(frozen=True)
class Permissions:
    """What an actor may do with a change now; `why_not` says why not approve."""

    approve: bool = False
    reject: bool = False
    request_changes: bool = False
    comment: bool = False
    withdraw: bool = False
    revise: bool = False
    cancel: bool = False
    retry: bool = False
    why_not: str = ""


def permissions(change: ChangeRequest, *, actor: Actor) -> Permissions:
    """Say which controls to offer; the operations check again."""
    person = actor.person
    if person is None:
        return Permissions()
    state = State(change.state)
    may_ask = actor.may(Verb.ASK, change.gateway)
    present = actor.is_present_person
    is_author = change.author_id == person.pk
    why_not = _why_not(change, person, actor) if state is State.IN_REVIEW else ""
    decides = state is State.IN_REVIEW and not why_not
    operates = present and actor.may(Verb.OPERATE, change.gateway)
    return Permissions(
        approve=decides,
        reject=decides,
        request_changes=decides,
        comment=present and may_ask,
        withdraw=is_author and may_ask and state in states.WITHDRAWABLE,
        revise=is_author and may_ask and state in states.REVISABLE,
        cancel=operates and state is State.APPROVED,
        retry=operates and state is State.FAILED,
        why_not=why_not,
    )


def _why_not(change: ChangeRequest, person: Person, actor: Actor) -> str:
    """Say why this person may not decide on this change; "" if they may."""
    if not actor.is_present_person:
        return "Only a person signed in to the portal decides."
    if not person.may(Verb.DECIDE, change.gateway):
        return f"Your role on {change.gateway.slug} does not decide on changes."
    if person.pk in change.author_ids():
        return "You wrote part of this change; somebody else decides."
    if change.latest_revision().reviews.filter(reviewer=person).exists():
        return "You have already decided on this revision."
    return ""


def unproven(revision: Revision, change: ChangeRequest) -> str:
    """Say why this revision may not be delivered; "" when its approval is proved.

    What is trusted are the reviews and the sealed items, recomputed here, not a state
    that somebody may have written. The caller holds the change's lock.
    """
    if change.state not in (State.APPROVED, State.DELIVERING):
        return f"The change is {State(change.state).label.lower()}, not approved."
    if change.revisions.filter(number__gt=revision.number).exists():
        return f"Revision {revision.number} is not the latest."
    if stored_digest(revision, change.gateway) != revision.digest:
        return "The stored items, or the gateway's address, are not those that were reviewed."
    given = len(valid_approvals(revision, change.author_ids()))
    if given < change.gateway.approvals_required:
        return (
            f"{given} of {change.gateway.approvals_required} approvals count now: of exactly "
            "this revision, by active people who may decide and wrote none of it."
        )
    return ""
