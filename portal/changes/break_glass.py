"""Deliver a change alone in an emergency, and have somebody look at it afterwards.

The one way past four eyes: a verdict of its own by a role of its own, so that a delivery
is still preceded by a person's decision. `quorum.py` takes this verdict as proof as long
as whoever gave it may still give it; nothing else is taken for it.
"""

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.models import Membership, Person
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.errors import (
    Blocked,
    Malformed,
    SelfReview,
    StaleRevision,
    WrongState,
)
from portal.changes.findings import Severity
from portal.changes.freezes import frozen
from portal.changes.message import link
from portal.changes.models import (
    AfterReview,
    ChangeRequest,
    FreezeOverride,
    Review,
    Revision,
    Verdict,
)
from portal.changes.newcomers import why_not_newcomer
from portal.changes.outbox import queue
from portal.changes.quorum import standing
from portal.changes.states import State

TEXT_LIMIT = 1_000


@transaction.atomic
def break_glass(revision: Revision, *, actor: Actor, reason: str) -> Review:
    """Queue the delivery of this revision at once, past the freezes that hold now.

    Its authors may do it too. Raises NotPresent for programs, NotAllowed or NotVisible
    without the role, Malformed without a reason, StaleRevision, WrongState, and Blocked
    where a blocker stands.
    """
    person = actor.require_present_person()
    text = _words(reason, "Say why it cannot wait for a second person.")
    change = ChangeRequest.objects.locked().get(pk=revision.change_id)
    actor.require(Verb.BREAK_GLASS, change.gateway)
    if change.revisions.filter(number__gt=revision.number).exists():
        raise StaleRevision(
            gettext(
                "Revision %(revision)s of change #%(change)s is no longer the latest. "
                "Reload and read what changed."
            )
            % {"revision": revision.number, "change": change.pk}
        )
    states.expect(change, State.IN_REVIEW)
    _expect_deliverable(revision)
    stood = standing(change, revision)
    review = Review.objects.create(
        revision=revision,
        reviewer=person,
        verdict=Verdict.BREAK_GLASS,
        comment=text,
        digest=revision.digest,
    )
    AfterReview.objects.create(review=review)
    states.move(change, State.APPROVED)
    delivery = queue(change, revision)
    entries: list[Event | Entry] = [
        Entry(
            Event.CHANGE_GLASS_BROKEN,
            {"comment": text, "approvals": f"{stood.given} of {stood.required}"},
        )
    ]
    if frozen(change.gateway):
        FreezeOverride.objects.create(delivery=delivery, operator=person, reason=text)
        entries.append(Entry(Event.FREEZE_OVERRIDDEN, {"comment": text}))
    _tell(change, person, text)
    record(
        *entries,
        Event.DELIVERY_QUEUED,
        actor=actor,
        subject=change,
        revision=revision.number,
        digest=revision.digest,
    )
    return review


@transaction.atomic
def review_afterwards(
    change: ChangeRequest, *, actor: Actor, comment: str
) -> AfterReview:
    """Close the review of what somebody delivered alone, and say what was found.

    Raises NotPresent, NotAllowed, NotVisible, Malformed without a comment, SelfReview
    for its authors and whoever broke the glass, WrongState where none is open.
    """
    person = actor.require_present_person()
    text = _words(comment, "Say what you found.")
    change = ChangeRequest.objects.locked().get(pk=change.pk)
    actor.require(Verb.DECIDE, change.gateway)
    after = open_after_review(change)
    if after is None:
        raise WrongState(
            gettext("Change #%(change)s waits for no review afterwards.")
            % {"change": change.pk},
            field="state",
        )
    if why := why_not_afterwards(after, change, person):
        raise SelfReview(why)
    after.closed_at, after.closed_by, after.comment = timezone.now(), person, text
    after.save(update_fields=["closed_at", "closed_by", "comment"])
    record(
        Entry(Event.CHANGE_REVIEWED_AFTER, {"comment": text}),
        actor=actor,
        subject=change,
        revision=after.review.revision.number,
    )
    return after


def open_after_review(change: ChangeRequest) -> AfterReview | None:
    """Return the oldest review afterwards that a change waits for. One query."""
    return (
        AfterReview.objects.open()
        .filter(review__revision__change=change)
        .select_related("review__revision", "review__reviewer")
        .order_by("pk")
        .first()
    )


def why_not_afterwards(
    after: AfterReview, change: ChangeRequest, person: Person
) -> str:
    """Say why this person cannot close it; "" if they can, by their role."""
    involved = change.author_ids() | {after.review.reviewer_id}
    if person.pk in involved:
        return "You wrote part of it or delivered it alone. Somebody else looks at it."
    return why_not_newcomer(person, involved)


def _words(text: str, needed: str) -> str:
    words = text.strip()
    if not words:
        raise Malformed(needed, field="comment")
    if len(words) > TEXT_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s characters.") % {"limit": f"{TEXT_LIMIT:,}"},
            field="comment",
        )
    return words


def _expect_deliverable(revision: Revision) -> None:
    blockers = [f for f in revision.findings if f["severity"] == Severity.BLOCKER]
    if blockers:
        raise Blocked(
            gettext(
                "A blocker stops this change, in an emergency too: %(words)s %(mend)s"
            )
            % {"words": blockers[0]["words"], "mend": blockers[0]["mend"]},
            findings=revision.findings,
        )
    due = revision.deliver_after
    if due is not None and due > timezone.now():
        raise WrongState(
            gettext(
                "It asks to be delivered later. Write a revision without that time first."
            ),
            field="state",
        )


def _tell(change: ChangeRequest, person: Person, reason: str) -> None:
    """Mail everybody who could have decided, and the authors, once it is committed."""
    deciders = Membership.objects.allowing(Verb.DECIDE).on(change.gateway).holders()
    concerned = (
        Person.objects.filter(is_active=True)
        .filter(
            Q(pk__in=deciders.values("pk"))
            | Q(is_superuser=True)
            | Q(pk__in=change.author_ids())
        )
        .exclude(pk=person.pk)
        .exclude(email="")
    )
    addresses = sorted(set(concerned.values_list("email", flat=True)))
    if not addresses:
        return
    mail = EmailMessage(
        subject=f"Glass broken: change #{change.number} on {change.gateway.slug}",
        body=(
            f"{person.username} delivers change #{change.number} alone on gateway "
            f"{change.gateway.slug}:\n\n{change.summary}\n\nWhy, in their words:\n\n"
            f"{reason}\n\nSomebody who had no part in it reviews it afterwards:\n\n"
            f"{link(change)}\n"
        ),
        bcc=addresses,
    )
    # robust: a mail server that is down must not undo what an emergency needs.
    transaction.on_commit(mail.send, robust=True)
