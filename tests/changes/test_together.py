"""Several approvals in one go: each stands for itself."""

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.models import Gateway
from portal.accounts.errors import NotPresent
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest, Delivery, Review
from portal.changes.states import State
from portal.changes.together import (
    ITEMS_AT_MOST,
    Seen,
    approve_together,
    harmless,
)
from tests.actors import present, program
from tests.factories import (
    Cast,
    item,
    make_cast,
    make_change,
    make_gateway,
    make_review,
    make_revision,
)

pytestmark = pytest.mark.django_db

WARNING = {
    "code": "auth_missing",
    "severity": "warning",
    "item": 0,
    "path": "",
    "words": "Open to all.",
    "mend": "",
}


@pytest.fixture
def people() -> Cast:
    return make_cast()


@pytest.fixture
def gateway() -> Gateway:
    return make_gateway()


def seen(*changes: ChangeRequest) -> Sequence[Seen]:
    return [
        Seen(one.number, latest.number, latest.digest)
        for one in changes
        for latest in [one.latest_revision()]
    ]


def many_items(count: int) -> list[dict[str, Any]]:
    return [item(resource_id=f"r{n}") for n in range(count)]


def test_each_is_approved_delivered_and_recorded_by_itself(
    people: Cast, gateway: Gateway
) -> None:
    changes = [make_change(gateway=gateway, author=people.alice) for _ in range(3)]

    outcomes = approve_together(seen(*changes), actor=present(people.riley))

    assert [(one.change, one.refused) for one in outcomes] == [
        (change.number, "") for change in changes
    ]
    for change in changes:
        change.refresh_from_db()
        assert change.state == State.APPROVED
        review = Review.objects.get(revision__change=change)
        assert review.digest == change.latest_revision().digest
    assert Delivery.objects.count() == 3
    assert AuditEvent.objects.filter(event=Event.CHANGE_APPROVED).count() == 3


def test_what_one_is_refused_does_not_stop_the_others(
    people: Cast, gateway: Gateway
) -> None:
    own = make_change(gateway=gateway, author=people.riley)
    revised = make_change(gateway=gateway, author=people.alice)
    decided = make_change(gateway=gateway, author=people.alice)
    good = make_change(gateway=gateway, author=people.alice)
    asked = seen(own, revised, decided, good)
    make_revision(revised)
    make_review(decided.latest_revision(), people.riley)
    altered = Seen(good.number, 1, "0" * 64)

    outcomes = approve_together([*asked, altered], actor=present(people.riley))

    assert [bool(one.refused) for one in outcomes] == [True, True, True, False, True]
    states = {
        one.number: State(one.state) for one in ChangeRequest.objects.order_by("number")
    }
    assert states.pop(good.number) is State.APPROVED
    assert set(states.values()) == {State.IN_REVIEW}


@pytest.mark.parametrize(
    "fields",
    [{"findings": [WARNING]}, {"items": many_items(ITEMS_AT_MOST + 1)}],
    ids=["warned-of", "large"],
)
def test_what_is_not_harmless_is_decided_on_by_itself(
    people: Cast, gateway: Gateway, fields: dict[str, Any]
) -> None:
    change = make_change(gateway=gateway, author=people.alice, **fields)

    [outcome] = approve_together(seen(change), actor=present(people.riley))

    assert "by itself" in outcome.refused
    assert harmless(people.riley, [change.number]) == []
    assert not Review.objects.exists()


def test_harmless_are_those_that_wait_for_this_person(
    people: Cast, gateway: Gateway
) -> None:
    info = WARNING | {"severity": "info"}
    good = make_change(gateway=gateway, author=people.alice, findings=[info])
    own = make_change(gateway=gateway, author=people.riley)

    found = harmless(people.riley, [own.number, good.number, 10**9])

    assert [one.change_id for one in found] == [good.number]
    assert harmless(people.audrey, [good.number]) == []


def test_what_a_person_may_not_see_is_not_told_of(gateway: Gateway) -> None:
    from tests.factories import make_person

    author, stranger = make_person("author"), make_person("stranger")
    change = make_change(gateway=gateway, author=author)

    outcomes = approve_together(
        [*seen(change), Seen(10**9, 1, "x")], actor=present(stranger)
    )

    assert len({one.refused for one in outcomes}) == 1
    assert not Review.objects.exists()


def test_no_program_approves(people: Cast, gateway: Gateway) -> None:
    change = make_change(gateway=gateway, author=people.alice)

    with pytest.raises(NotPresent):
        approve_together(seen(change), actor=program(people.riley))

    assert not Review.objects.exists()
