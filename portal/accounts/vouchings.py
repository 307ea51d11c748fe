"""Who let whom in: written within the transaction of what they did, and followed back.

Whom an account lets in that was let in itself, its own maker let in.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from portal.accounts.models import Person, PolicyChange, Vouched, Vouching


@dataclass(frozen=True)
class LetIn:
    """By which act somebody was let in, and from whom that comes in the end."""

    act: Vouching
    comes_from: Person


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


def lately_let_in(person: int, by: Collection[int]) -> LetIn | None:
    """Return by which act one of these let a person in lately, or None; None when off.

    One query, and one for each link of a chain.
    """
    since = _lately()
    if since is None:
        return None
    return let_in(person, by, acts_upon([person], since), since)


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
        found += more.select_related("by")
        wanted = {act.by_id for act in found} - seen
    return sorted(found, key=lambda act: act.at, reverse=True)


def let_in(
    person: int, by: Collection[int], acts: Iterable[Vouching], since: datetime
) -> LetIn | None:
    """Return what of these acts, latest first, leads from one of `by` to a person. Pure."""
    led = _led_to(person, acts, since)
    return next((one for who, one in led.items() if who in by), None)


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
