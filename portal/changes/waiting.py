"""What waits for somebody: to decide on, to answer, to set going again."""

from django.db.models import Exists, OuterRef, Subquery

from portal.accounts.models import Person, Vouching
from portal.accounts.roles import Verb
from portal.changes.models import (
    AfterReview,
    ChangeRequest,
    ChangeRequestQuerySet,
    Review,
    Revision,
)
from portal.changes.states import State


def to_decide(person: Person) -> ChangeRequestQuerySet:
    """Return the changes in review that this person may decide on and has not.

    Those they wrote any revision of, or that a token of theirs filed, are left out.
    """
    latest = (
        Revision.objects.filter(change=OuterRef("pk"))
        .order_by("-number")
        .values("pk")[:1]
    )
    mine = Revision.objects.filter(change=OuterRef("pk"))
    return (
        ChangeRequest.objects.in_review()
        .filter(gateway__in=person.gateways(Verb.DECIDE))
        .exclude(author=person)
        .exclude(token__person=person)
        .exclude(
            author__in=Vouching.objects.recent().filter(person=person).values("by")
        )
        .exclude(Exists(mine.filter(author=person)))
        .exclude(Exists(mine.filter(token__person=person)))
        .alias(latest=Subquery(latest))
        .exclude(
            Exists(Review.objects.filter(reviewer=person, revision=OuterRef("latest")))
        )
    )


def to_review_after(person: Person) -> ChangeRequestQuerySet:
    """Return what somebody delivered alone, and nobody has reviewed since. Lazy.

    On the gateways in service that this person may see.
    """
    waiting = AfterReview.objects.open().values("review__revision__change")
    return ChangeRequest.objects.filter(gateway__in=person.gateways(), pk__in=waiting)


def to_answer(person: Person) -> ChangeRequestQuerySet:
    """Return one's own changes that a reviewer sent back or the gateway overtook."""
    return ChangeRequest.objects.filter(
        author=person, state__in=[State.CHANGES_REQUESTED, State.CONFLICTED]
    )


def to_retry(person: Person) -> ChangeRequestQuerySet:
    """Return failed changes that this person may try again."""
    return ChangeRequest.objects.filter(
        state=State.FAILED, gateway__in=person.gateways(Verb.OPERATE)
    )
