"""What waits for somebody: to decide on, to answer, to set going again."""

from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.accounts.vouchings import those_barring
from portal.changes.models import (
    AfterReview,
    Awaited,
    ChangeRequest,
    ChangeRequestQuerySet,
    Review,
    Revision,
)
from portal.changes.states import State


def to_decide(person: Person) -> ChangeRequestQuerySet:
    """Return the changes in review to which this person can give what is missing. Lazy.

    Not those they decided on, nor those that they, or somebody to whom they are no second
    person yet, wrote or filed any of.
    """
    latest = (
        Revision.objects.filter(change=OuterRef("pk"))
        .order_by("-number")
        .values("pk")[:1]
    )
    awaited = Awaited.objects.filter(change=OuterRef("pk"))
    fitting = awaited.filter(
        Q(group="") | Q(group__in=person.groups.order_by().values("name"))
    )
    earlier = [
        Exists(_written_by(person, name))
        for name in ("promotes", "reverts", "supersedes")
    ]
    return (
        ChangeRequest.objects.in_review()
        .filter(gateway__in=person.gateways(Verb.DECIDE))
        .exclude(Exists(_written_by(person, "pk")))
        .alias(latest=Subquery(latest))
        .exclude(
            Exists(Review.objects.filter(reviewer=person, revision=OuterRef("latest")))
        )
        .exclude(Exists(awaited) & ~Exists(fitting))
        .exclude(
            Exists(awaited.filter(bars_editors=True)) & reduce(or_, map(Q, earlier))
        )
    )


def _written_by(person: Person, change: str) -> "QuerySet[Revision]":
    """Return the revisions of a change that bar somebody from deciding on it."""
    wrote = [
        f"{before}{who}"
        for before in ("", "change__")
        for who in ("author", "token__person", "token__made_by")
    ]
    # Looked up once for all of them: pages count by this what waits.
    one_of_them = reduce(or_, (Q(pk=OuterRef(who)) for who in wrote))
    by = those_barring(person).filter(one_of_them)
    return Revision.objects.filter(Exists(by), change=OuterRef(change))


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
