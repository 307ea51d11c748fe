"""Say why somebody does not count as the second person, and from when they do."""

from collections.abc import Collection

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from portal.accounts.models import Person, Vouched
from portal.accounts.vouchings import Tie, tied_lately

TO_YOU = {
    Vouched.MADE: "made your account",
    Vouched.LET_IN: "let your account in again",
    Vouched.ROLE: "gave you a role",
    Vouched.GROUP: "took you into a group",
    Vouched.EMAIL: "changed your mail address",
    Vouched.PASSWORD: "sent you a link to set your password",
    Vouched.SECOND_FACTOR: "took your second factor away",
}
TO_AUTHOR = {
    Vouched.MADE: "made the account of {}",
    Vouched.LET_IN: "let {} in again",
    Vouched.EMAIL: "changed the mail address of {}",
    Vouched.SECOND_FACTOR: "took away the second factor of {}",
}


def why_not_second(person: Person, authors: Collection[int], *, did: str) -> str:
    """Say why this person's word does not count beside these; "" if it does.

    `did` is what made them authors: `wrote part of this change`.
    """
    tied = tied_lately(person.pk, authors)
    if tied is None:
        return ""
    why, until = tied
    counts = date_format(timezone.localtime(until), "j M Y, H:i")
    return f"{_tie_words(why, did)} Somebody else must decide; your word counts from {counts}."


def _tie_words(why: Tie, did: str) -> str:
    lately = f"less than {settings.NEW_REVIEWER_DAYS} days ago"
    mine, theirs = why.mine, why.theirs
    if mine and theirs:
        return (
            f"{mine.comes_from.username} let in both you and "
            f"{theirs.act.person.username}, who {did}, {lately}."
        )
    if mine:
        by, to_you = mine.act.by.username, TO_YOU[Vouched(mine.act.how)]
        author = f"{mine.comes_from.username}, who {did}"
        if mine.act.by_id == mine.comes_from.pk:
            return f"{author}, {to_you} {lately}."
        return f"{by} {to_you} {lately}, and was let in so by {author}."
    if theirs is None:
        return ""
    author = f"{theirs.act.person.username}, who {did}"
    to_author = TO_AUTHOR[Vouched(theirs.act.how)].format(author)
    if theirs.act.by_id == theirs.comes_from.pk:
        return f"You {to_author}, {lately}."
    return f"{theirs.act.by.username}, whom you let in, {to_author}, {lately}."
