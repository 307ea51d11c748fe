"""Whoever let somebody in lately does not have them approve: of four eyes, two would be
theirs. Counted from the rows that were written with what they did (vouchings.py).
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from portal.accounts.models import Person, Vouched
from portal.accounts.vouchings import LetIn, acts_upon, lately_let_in, let_in
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


def vouched_for(person: Person, authors: Collection[int]) -> LetIn | None:
    """Return what keeps this person from deciding now on what these wrote, or None."""
    return lately_let_in(person.pk, authors)


def why_not(found: LetIn) -> str:
    """Say why this person does not decide, and who does instead."""
    by, author = found.act.by.username, found.comes_from.username
    lately = f"less than {settings.NEW_REVIEWER_DAYS} days ago"
    to_you = TO_YOU[Vouched(found.act.how)]
    wrote = f"{author}, who wrote part of this change"
    if found.act.by_id == found.comes_from.pk:
        words = f"{wrote}, {to_you} {lately}."
    else:
        words = f"{by} {to_you} {lately}, and was let in so by {wrote}."
    return f"{words} Somebody else must decide."


def without_newcomers(
    reviews: Sequence[Review], authors: Collection[int]
) -> list[Review]:
    """Keep the reviews by people whom no author had let in lately.

    One query, and one for each link of a chain. What an author did after a review counts
    as well: it may have made it count again.
    """
    if not reviews or not settings.NEW_REVIEWER_DAYS:
        return list(reviews)
    now, days = timezone.now(), timedelta(days=settings.NEW_REVIEWER_DAYS)
    since = {one.pk: min(one.created_at, now) - days for one in reviews}
    acts = acts_upon({one.reviewer_id for one in reviews}, min(since.values()))
    return [
        one
        for one in reviews
        if not let_in(one.reviewer_id, authors, acts, since[one.pk])
    ]
