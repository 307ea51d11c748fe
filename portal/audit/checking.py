"""Prove the ledger bit by bit, for good: what is new, and the old anew in turns.

What was proved is remembered, so that each look takes the same time however long the
ledger is. A row that is altered after it was proved is found when its turn comes.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from portal.audit import triggers
from portal.audit.archived import archived, problems_of_archives
from portal.audit.chain import Chain, Problem
from portal.audit.events import Event
from portal.audit.ledger import Entry, Ledger, Recordable, record
from portal.audit.models import AuditEvent, LedgerCheck, LedgerHead

AT_ONCE = 2_000


@dataclass
class _Look:
    """One look: where it is, and the first thing that was wrong."""

    until: float
    new: Chain
    old: Chain
    problem: Problem | None = None
    has_read_all: bool = False


def check(*, seconds: float, actor: Recordable, anew: bool = False) -> LedgerCheck:
    """Look at the ledger for so many seconds; remember and return how far it holds.

    `anew`: begin with the oldest entry. What breaks it, and that it holds again, is
    recorded once. One look at a time counts: the later of two is forgotten.
    """
    before = LedgerCheck.objects.get_or_create(pk=1)[0]
    look = _look_from(before, seconds, anew=anew)
    look.problem = next(_problems(look), None)
    after = _remembered(before, look)
    with transaction.atomic():
        moved = LedgerCheck.objects.filter(pk=1, looks=before.looks).update(
            **{name: getattr(after, name) for name in LedgerCheck.WRITTEN}
        )
        if moved and after.is_broken != before.is_broken:
            _tell(after, actor)
    return LedgerCheck.objects.get(pk=1)


def _look_from(before: LedgerCheck, seconds: float, *, anew: bool = False) -> _Look:
    base = archived()
    return _Look(
        time.monotonic() + seconds,
        new=_from(Chain(before.number, before.hash), base),
        old=_from(Chain() if anew else Chain(before.again, before.again_hash), base),
    )


def _from(chain: Chain, base: Chain) -> Chain:
    """Go on where one was, or where the archives end."""
    return chain if chain.number > base.number else Chain(base.number, base.hash)


def _problems(look: _Look) -> Iterator[Problem]:
    for name in triggers.missing(connection):
        yield Problem(None, f"Database trigger {name} is missing: rows can be altered.")
    yield from problems_of_archives()
    head = LedgerHead.objects.filter(pk=1).first()
    if head is None:
        yield Problem(None, "The ledger's head is missing.")
        return
    yield from _follow(look.new, head.number, look.until)
    if look.new.number >= head.number and (
        (look.new.number, look.new.hash) != (head.number, head.hash)
    ):
        yield Problem(
            None,
            f"The ledger's head names event {head.number}; event {look.new.number} was "
            "proved.",
        )
    yield from _follow(look.old, look.new.number, look.until)
    look.has_read_all = look.old.number >= look.new.number


def _follow(chain: Chain, last: int, until: float) -> Iterator[Problem]:
    """Follow the entries up to `last`, page by page, until time is up."""
    while chain.number < last and time.monotonic() < until:
        rows = AuditEvent.objects.filter(number__gt=chain.number, number__lte=last)
        found = list(rows.order_by("number")[:AT_ONCE])
        if not found:
            yield Problem(
                None, f"Events {chain.number + 1} to {last} are missing at its end."
            )
            return
        for event in found:
            # At a problem the chain stays before it: there the next look goes on.
            yield from chain.follow(
                event.number, event.previous_hash, event.hash, event.computed_hash()
            )


def _remembered(before: LedgerCheck, look: _Look) -> LedgerCheck:
    now = timezone.now()
    problem = look.problem
    is_whole = look.has_read_all and problem is None
    return LedgerCheck(
        pk=1,
        looks=before.looks + 1,
        number=look.new.number,
        hash=look.new.hash,
        at=now,
        again=0 if is_whole else look.old.number,
        again_hash=Chain().hash if is_whole else look.old.hash,
        whole_at=now if is_whole else before.whole_at,
        broken_at=(before.broken_at or now) if problem else None,
        broken_number=problem.number if problem else None,
        broken_words=problem.words if problem else "",
    )


def _tell(after: LedgerCheck, actor: Recordable) -> None:
    if after.is_broken:
        record(
            Entry(
                Event.AUDIT_BROKEN,
                {"number": after.broken_number, "words": after.broken_words},
            ),
            actor=actor,
            subject=Ledger(),
        )
    else:
        record(
            Entry(Event.AUDIT_MENDED, {"number": after.number}),
            actor=actor,
            subject=Ledger(),
        )
