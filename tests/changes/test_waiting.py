"""What waits for whom."""

import pytest

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.accounts.roles import Role
from portal.changes.states import State
from portal.changes.waiting import to_answer, to_decide, to_retry
from tests.factories import (
    Cast,
    make_change,
    make_gateway,
    make_person,
    make_review,
    make_revision,
    make_token,
)


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


@pytest.mark.parametrize(
    ("name", "waits"),
    [("alice", 0), ("riley", 1), ("omar", 1), ("audrey", 0), ("admin", 1)],
)
def test_a_change_in_review_waits_for_those_who_may_decide(
    people: Cast, gateway: Gateway, name: str, waits: int
) -> None:
    make_change(gateway=gateway, author=people.alice)

    assert to_decide(getattr(people, name)).count() == waits


def test_nothing_waits_for_who_wrote_or_filed_or_decided_it(
    people: Cast, gateway: Gateway
) -> None:
    riley: Person = people.riley
    token, _ = make_token(riley)
    make_change(gateway=gateway, author=riley)
    make_change(gateway=gateway, author=people.alice, token=token)
    rewritten = make_change(gateway=gateway, author=people.alice)
    make_revision(rewritten, author=riley)
    filed = make_change(gateway=gateway, author=people.alice)
    make_revision(filed, token=token)
    decided = make_change(gateway=gateway, author=people.alice)
    make_review(decided.latest_revision(), riley)

    assert list(to_decide(riley)) == []


def test_a_new_revision_waits_again(people: Cast, gateway: Gateway) -> None:
    change = make_change(gateway=gateway, author=people.alice)
    make_review(change.latest_revision(), people.riley)
    make_revision(change)

    assert list(to_decide(people.riley)) == [change]


def test_nothing_waits_on_another_gateway_or_for_somebody_switched_off(
    people: Cast, gateway: Gateway
) -> None:
    make_change(gateway=gateway, author=people.alice)
    elsewhere = make_person("rob", Role.REVIEWER, gateway=make_gateway("other"))
    people.riley.is_active = False

    assert not to_decide(elsewhere).exists()
    assert not to_decide(people.riley).exists()


def test_what_was_sent_back_waits_for_its_author(
    people: Cast, gateway: Gateway
) -> None:
    for state in State:
        make_change(gateway=gateway, author=people.alice, state=state)

    states = set(to_answer(people.alice).values_list("state", flat=True))

    assert states == {State.CHANGES_REQUESTED, State.CONFLICTED}
    assert not to_answer(people.riley).exists()


def test_what_failed_waits_for_operators(people: Cast, gateway: Gateway) -> None:
    make_change(gateway=gateway, author=people.alice, state=State.FAILED)

    assert to_retry(people.omar).count() == 1
    assert not to_retry(people.riley).exists()
