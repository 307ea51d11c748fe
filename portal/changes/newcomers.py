"""Whoever let somebody in lately does not have them approve: of four eyes, two would be
theirs. Counted from the rows that were written with what they did.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from portal.accounts.models import Person, Vouched, Vouching
from portal.changes.models import Review

TO_YOU = {
    Vouched.MADE: "made your account",
    Vouched.LET_IN: "let your account in again",
    Vouched.ROLE: "gave you a role",
    Vouched.GROUP: "took you into a group",
    Vouched.EMAIL: "changed your mail address",
    Vouched.PASSWORD: "sent you a link to set your password",
    Vouched.SECOND_FACTOR: "took your second factor away",
}


def vouched_for(person: Person, authors: Iterable[int]) -> Vouching | None:
    """Return by which act an author keeps this person from deciding now, or None."""
    return (
        Vouching.objects.recent()
        .filter(person=person, by__in=authors)
        .select_related("by")
        .order_by("-at")
        .first()
    )


def why_not(vouching: Vouching) -> str:
    """Say why this person does not decide, and who does instead."""
    return (
        f"{vouching.by.username}, who wrote part of this change, "
        f"{TO_YOU[Vouched(vouching.how)]} less than {settings.NEW_REVIEWER_DAYS} days "
        "ago. Somebody else must decide."
    )


def without_newcomers(
    reviews: Sequence[Review], authors: Iterable[int]
) -> list[Review]:
    """Keep the reviews by people whom no author had let in lately. One query at most.

    What an author did after a review counts as well: it may have made it count again.
    """
    if not reviews or not settings.NEW_REVIEWER_DAYS:
        return list(reviews)
    latest: dict[int, datetime] = {}
    found = Vouching.objects.filter(
        by__in=authors, person__in=[review.reviewer_id for review in reviews]
    )
    for person, at in found.order_by("at").values_list("person", "at"):
        latest[person] = at
    now, days = timezone.now(), timedelta(days=settings.NEW_REVIEWER_DAYS)
    return [
        review
        for review in reviews
        if review.reviewer_id not in latest
        or latest[review.reviewer_id] <= min(review.created_at, now) - days
    ]
