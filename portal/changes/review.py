"""Decide on a change: approve, reject, request changes, withdraw; and talk about it.

Four eyes are kept here: whoever wrote any revision of a change, or made the token that
filed it, is no reviewer of it, whatever their role. `quorum.py` holds every approval to
the same rule again, before it counts and before it is delivered.
"""

from django.db import transaction
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.awaited import note_awaited, would_not_count
from portal.changes.errors import (
    AlreadyReviewed,
    Malformed,
    NoSuchChange,
    NotYours,
    SelfReview,
    StaleRevision,
    WouldNotCount,
    WrongState,
)
from portal.changes.models import (
    ChangeRequest,
    Comment,
    Review,
    Revision,
    Verdict,
)
from portal.changes.newcomers import why_not_newcomer
from portal.changes.outbox import queue
from portal.changes.quorum import standing
from portal.changes.states import State

COMMENT_LIMIT = 10_000


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
            gettext(
                "Revision %(revision)s of change #%(change)s is no longer the latest. "
                "Reload and read what changed."
            )
            % {"revision": revision.number, "change": change.pk}
        )
    if revision.reviews.filter(reviewer=person).exists():
        raise AlreadyReviewed(
            gettext("You have already decided on %(revision)s.")
            % {"revision": revision}
        )
    states.expect(change, State.IN_REVIEW)
    authors = change.author_ids()
    if person.pk in authors:
        raise SelfReview(
            gettext(
                "You wrote part of this change or made the token that filed it. Somebody who "
                "wrote none of it must decide."
            )
        )
    if why := why_not_newcomer(person, authors):
        raise SelfReview(why)
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
        raise Malformed(
            gettext("Say why, so that the author can act on it."), field="comment"
        )
    if len(text) > COMMENT_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s characters.")
            % {"limit": f"{COMMENT_LIMIT:,}"},
            field="comment",
        )
    return text


@transaction.atomic
def approve(revision: Revision, *, actor: Actor, comment: str = "") -> Review:
    """Approve this revision; with the last approval needed, queue its delivery.

    Raises NotPresent for programs, NotAllowed or NotVisible by role, SelfReview for its
    authors, StaleRevision, AlreadyReviewed, WrongState, and WouldNotCount where it fills
    no place that the rules ask for.
    """
    text = _words(comment, needed=False)
    change = ChangeRequest.objects.locked().get(pk=revision.change_id)
    review = _review(
        revision, change, actor=actor, verdict=Verdict.APPROVE, comment=text
    )
    warnings = [f["code"] for f in revision.findings if f["severity"] == "warning"]
    stand = standing(change, revision)
    if review not in stand.approvers:
        raise SelfReview(would_not_count(stand, change, review.reviewer))
    if not (stand.has_quorum or stand.needs(review)):
        raise WouldNotCount(would_not_count(stand, change, review.reviewer))
    entries: list[Event | Entry] = [
        Entry(
            Event.CHANGE_APPROVED,
            {"comment": text, "warnings": warnings, **stand.as_details()},
        )
    ]
    if stand.has_quorum:
        states.move(change, State.APPROVED)
        queue(change, revision)
        entries.append(Event.DELIVERY_QUEUED)
    else:
        note_awaited(change, stand)
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
    change = ChangeRequest.objects.locked().get(pk=revision.change_id)
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
    """Say something about the change.

    Raises NotPresent, NotAllowed, Malformed, WrongState for one that was never sent.
    """
    person = actor.require_present_person()
    words = _words(text, needed=True)
    change = ChangeRequest.objects.select_related("gateway").get(pk=change.pk)
    actor.require(Verb.ASK, change.gateway)
    if change.submitted_at is None:
        raise WrongState(
            gettext(
                "Nobody else sees change #%(change)s before it is sent for review. Send "
                "it first."
            )
            % {"change": change.pk},
            field="state",
        )
    comment = Comment.objects.create(change=change, author=person, text=words)
    record(Entry(Event.CHANGE_COMMENTED, {"text": words}), actor=actor, subject=change)
    return comment


@transaction.atomic
def withdraw(
    change: ChangeRequest, *, actor: Actor, comment: str = ""
) -> ChangeRequest:
    """Take one's own change back before it is approved; a program may, too.

    One that was never sent is told of to nobody else. Raises NoSuchChange when the actor may not see it, NotYours for somebody else's,
    WrongState once it is approved or settled.
    """
    text = _words(comment, needed=False)
    change = ChangeRequest.objects.locked().get(pk=change.pk)
    person = actor.person
    if person is None or not actor.may(Verb.READ, change.gateway):
        raise NoSuchChange(
            gettext("There is no change #%(change)s that you may see.")
            % {"change": change.pk}
        )
    if change.author_id != person.pk:
        raise NotYours(
            gettext("Change #%(change)s is not yours. Only its author withdraws it.")
            % {"change": change.pk}
        )
    if change.gateway.out_of_service:
        # Nothing must wait there for ever: not even what a worker failed to bring.
        actor.require_scope(Verb.ASK)
    else:
        actor.require(Verb.ASK, change.gateway)
    states.expect(change, *states.WITHDRAWABLE)
    states.move(change, State.WITHDRAWN)
    was_sent = change.submitted_at is not None
    event = Event.CHANGE_WITHDRAWN if was_sent else Event.CHANGE_DISCARDED
    record(Entry(event, {"comment": text}), actor=actor, subject=change)
    return change
