"""Who let whom in: written within the transaction of what they did, and followed back.

Whom an account lets in that was let in itself, its own maker let in. Two people are
wanted for what one of them asks; for `NEW_REVIEWER_DAYS` these are one:

1. who asks and whom they let in;
2. who asks and who made their account, or may have it in hand by another such act: what
   the account asks, its maker asks;
3. so also who asks and whom their account's maker let in.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import (
    TAKES_IN_HAND,
    Person,
    PolicyChange,
    Vouched,
    Vouching,
)


@dataclass(frozen=True)
class LetIn:
    """By which act somebody was let in, and from whom that comes in the end."""

    act: Vouching
    comes_from: Person


@dataclass(frozen=True)
class Tie:
    """Why somebody is no second person to one who asks.

    `mine` let them in, `theirs` the one who asks; where there are both, they come from
    the same person.
    """

    mine: LetIn | None = None
    theirs: LetIn | None = None


def vouch(by: Person, people: Iterable[Person], how: Vouched) -> None:
    """Note that this person did so to each account but their own."""
    Vouching.objects.bulk_create(
        Vouching(by=by, person=person, how=how) for person in people if person != by
    )


def vouch_together(
    change: PolicyChange, people: Iterable[Person], how: Vouched
) -> None:
    """Note it of whoever asked for a change of policy and of whoever accepted it."""
    whom = list(people)
    for by in {change.author, change.decided_by}:
        if by is not None:
            vouch(by, whom, how)


def tied_lately(person: int, authors: Collection[int]) -> tuple[Tie, datetime] | None:
    """Return what keeps a person from being second to these, and until when; or None.

    None when off. One query, and one for each link of a chain.
    """
    since = _lately()
    if since is None:
        return None
    acts = acts_upon({person, *authors}, since)
    found = tie(person, authors, acts, since)
    if found is None:
        return None
    ends = sorted(act.at for act in acts)
    end = next(at for at in ends if tie(person, authors, acts, at) is None)
    return found, end + (timezone.now() - since)


def not_second_to(authors: Collection[int]) -> Q:
    """Return which people are no second person to these now, chains not followed. Lazy."""
    recent = Vouching.objects.recent()
    makers = recent.taking_in_hand().filter(person__in=authors).values("by")
    let_in = recent.filter(Q(by__in=authors) | Q(by__in=makers)).values("person")
    return Q(pk__in=makers) | Q(pk__in=let_in)


def those_barring(person: Person) -> QuerySet[Person]:
    """Return a person and to whom they are no second one now, chains not followed. Lazy."""
    recent = Vouching.objects.recent()
    above = recent.filter(person=person).values("by")
    in_hand = recent.taking_in_hand().filter(Q(by=person) | Q(by__in=above))
    return Person.objects.filter(
        Q(pk=person.pk) | Q(pk__in=above) | Q(pk__in=in_hand.values("person"))
    )


def may_be_one(person: int, other: int) -> bool:
    """Say whether one of two lately let the other in, or somebody let both in."""
    since = _lately()
    if since is None:
        return False
    behind = [
        {one, *(_led_to(one, acts_upon([one], since), since))}
        for one in (person, other)
    ]
    return not behind[0].isdisjoint(behind[1])


def acts_upon(people: Iterable[int], since: datetime) -> list[Vouching]:
    """Return what let these in since then, and those who did it, latest first."""
    found: list[Vouching] = []
    seen, wanted = set[int](), set(people)
    while wanted:
        seen |= wanted
        more = Vouching.objects.filter(person__in=wanted, at__gt=since)
        found += more.select_related("by", "person")
        wanted = {act.by_id for act in found} - seen
    return sorted(found, key=lambda act: act.at, reverse=True)


def tie(
    person: int,
    authors: Collection[int],
    acts: Iterable[Vouching],
    since: datetime,
    until: datetime | None = None,
) -> Tie | None:
    """Return what of these acts, latest first, ties a person to who asks. Pure.

    After `until` nobody's account became another's for what it had asked before.
    """
    led = _led_to(person, acts, since)
    for author in authors:
        if author in led:
            return Tie(mine=led[author])
    in_hand = [
        act
        for act in acts
        if act.how in TAKES_IN_HAND and (until is None or act.at <= until)
    ]
    for author in authors:
        for maker, theirs in _led_to(author, in_hand, since).items():
            if maker == person:
                return Tie(theirs=theirs)
            if maker in led:
                return Tie(led[maker], theirs)
    return None


def _led_to(person: int, acts: Iterable[Vouching], since: datetime) -> dict[int, LetIn]:
    """Return all from whom it comes that a person was let in. Pure.

    Latest first, each act is met after all that it made possible.
    """
    led: dict[int, LetIn] = {}
    for act in acts:
        if act.at <= since:
            continue
        if act.person_id == person:
            led.setdefault(act.by_id, LetIn(act, act.by))
        elif act.person_id in led:
            led.setdefault(act.by_id, LetIn(led[act.person_id].act, act.by))
    return led


def _lately() -> datetime | None:
    days = settings.NEW_REVIEWER_DAYS
    return timezone.now() - timedelta(days=days) if days else None
