"""Whoever let somebody in lately does not have them approve: of four eyes, two would be
theirs. Nor does a newcomer have their maker (accounts/vouchings.py says who is tied).
Counted from the rows that were written with what they did.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from portal.accounts.models import Person
from portal.accounts.tie_words import why_not_second
from portal.accounts.vouchings import acts_upon, tie
from portal.changes.models import Review


def why_not_newcomer(person: Person, authors: Collection[int]) -> str:
    """Say why a person does not decide now on what these wrote; "" if they may."""
    return why_not_second(person, authors, did="wrote part of this change")


def without_newcomers(
    reviews: Sequence[Review], authors: Collection[int]
) -> list[Review]:
    """Keep the reviews by people whom nothing lately tied to an author.

    One query, and one for each link of a chain. What an author did to a reviewer after
    the review counts as well: it may have made it count again.
    """
    if not reviews or not settings.NEW_REVIEWER_DAYS:
        return list(reviews)
    now, days = timezone.now(), timedelta(days=settings.NEW_REVIEWER_DAYS)
    since = {one.pk: min(one.created_at, now) - days for one in reviews}
    people = {*authors, *(one.reviewer_id for one in reviews)}
    acts = acts_upon(people, min(since.values()))
    return [
        one
        for one in reviews
        if not tie(one.reviewer_id, authors, acts, since[one.pk], one.created_at)
    ]
