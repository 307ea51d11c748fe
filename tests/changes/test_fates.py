"""What became of an item, as the requests that were sent for it tell."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.changes.fates import Fate, ItemFate, Told, counted
from portal.changes.models import Attempt, Delivery, DeliveryState

NOW = timezone.now()
UNDER_WAY = Delivery(state=DeliveryState.SENDING)
FAILED = Delivery(state=DeliveryState.FAILED, finished_at=NOW)
VERIFIED = Delivery(state=DeliveryState.VERIFIED, finished_at=NOW)


def step(kind: str, told: str = "accepted", attempt: int = 1) -> Told:
    """A step: `told` is what a read found, or how a request ended; "" while under way."""
    is_found = told in ("base", "wanted", "moved")
    outcome, found = ("accepted", told) if is_found else (told, "")
    words = "" if outcome in ("accepted", "") else f"{kind} {told}"
    return Told(1, attempt, kind, outcome, found, 200, words, 3)


def fate(*steps: Told, delivery: Delivery = UNDER_WAY, attempt: int = 1) -> ItemFate:
    one = ItemFate()
    for each in steps:
        one.hear(each)
    ended = NOW if delivery.finished_at else None
    one.end(delivery, Attempt(number=attempt, finished_at=ended))
    return one


READ, WRITE, VERIFY = step("read", "base"), step("write"), step("verify", "wanted")
RESTORE, RESTORED = step("restore"), step("verify", "base")
REFUSED, NOT_REACHED = step("write", "invalid"), step("read", "unreachable")
LOST = step("write", "unknown")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), Fate.WAITING),
        ((READ,), Fate.WAITING),
        ((READ, step("write", "")), Fate.WRITING),
        ((READ, WRITE), Fate.WRITTEN),
        ((READ, WRITE, step("verify", "")), Fate.WRITTEN),
        ((READ, WRITE, VERIFY), Fate.LIVE),
        ((step("read", "wanted"),), Fate.ALREADY),
        ((step("read", "moved"),), Fate.MOVED),
        ((READ, WRITE, step("verify", "base")), Fate.MOVED),
        ((READ, REFUSED), Fate.FAILED),
        ((READ, REFUSED, RESTORED), Fate.FAILED),
        ((NOT_REACHED,), Fate.FAILED),
        # It had arrived, though no answer came.
        ((READ, LOST, VERIFY), Fate.LIVE),
        ((READ, WRITE, VERIFY, step("restore", "")), Fate.UNDOING),
        ((READ, WRITE, VERIFY, RESTORE, RESTORED), Fate.UNDONE),
        ((READ, WRITE, VERIFY, RESTORE, step("verify", "wanted")), Fate.LEFT),
        (
            (READ, WRITE, VERIFY, step("restore", "invalid"), step("verify", "wanted")),
            Fate.LEFT,
        ),
    ],
)
def test_while_it_is_delivered(steps: tuple[Told, ...], expected: Fate) -> None:
    assert fate(*steps).fate == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((READ,), Fate.UNTOUCHED),
        ((READ, REFUSED), Fate.FAILED),
        ((READ, WRITE, VERIFY), Fate.LEFT),
        ((READ, LOST), Fate.LEFT),
        ((READ, LOST, RESTORED), Fate.FAILED),
        ((step("read", "wanted"),), Fate.ALREADY),
        ((READ, WRITE, VERIFY, RESTORE, RESTORED), Fate.UNDONE),
        # A worker that died never heard the answer.
        ((READ, step("write", "")), Fate.LEFT),
    ],
)
def test_once_it_has_failed(steps: tuple[Told, ...], expected: Fate) -> None:
    assert fate(*steps, delivery=FAILED).fate == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((READ, REFUSED), Fate.WAITING),
        ((READ, WRITE, VERIFY, RESTORE, RESTORED), Fate.WAITING),
        ((READ, WRITE, VERIFY), Fate.LIVE),
        ((READ, step("write", "")), Fate.WAITING),
        ((READ, WRITE, VERIFY, step("restore", "invalid")), Fate.WRITTEN),
    ],
)
def test_a_later_attempt_tries_again_what_failed_and_keeps_what_stands(
    steps: tuple[Told, ...], expected: Fate
) -> None:
    assert fate(*steps, attempt=2).fate == expected
    again = [one._replace(attempt=2) for one in (READ, WRITE, VERIFY)]
    assert fate(*steps, *again, attempt=2).fate == Fate.LIVE


def test_between_two_attempts_it_waits_and_says_what_was_wrong() -> None:
    one = ItemFate()
    one.hear(NOT_REACHED)

    one.end(UNDER_WAY, Attempt(number=1, finished_at=NOW - timedelta(seconds=1)))

    assert (one.fate, one.words) == (Fate.WAITING, "read unreachable")


def test_what_an_old_delivery_verified_is_live_though_no_step_says_what_was_found() -> (
    None
):
    unknown = step("verify")
    assert fate(step("read"), WRITE, unknown, delivery=VERIFIED).fate == Fate.LIVE
    assert fate(step("read"), delivery=VERIFIED).fate == Fate.ALREADY


def test_they_are_counted_the_gravest_first() -> None:
    refused = fate(READ, REFUSED)
    many = [fate(READ, WRITE, VERIFY), refused, replace(refused), fate()]

    assert list(counted(many).items()) == [
        (Fate.FAILED, 2),
        (Fate.WAITING, 1),
        (Fate.LIVE, 1),
    ]
