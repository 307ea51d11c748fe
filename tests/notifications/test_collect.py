"""From the ledger to inboxes: whom it concerns, once, and never whoever did it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from portal.notifications import collect as collecting
from portal.notifications.collect import collect
from portal.notifications.models import Notification, Progress, Topic, Way
from portal.notifications.ways import set_ways
from tests.actors import present
from tests.factories import (
    Cast,
    make_cast,
    make_change,
    make_drift,
    make_gateway,
    make_person,
)

pytestmark = pytest.mark.django_db
Happens = Callable[..., None]


@pytest.fixture
def people() -> Cast:
    return make_cast()


@pytest.fixture
def gateway() -> Gateway:
    return make_gateway()


@pytest.fixture
def change(people: Cast, gateway: Gateway) -> ChangeRequest:
    return make_change(gateway=gateway, author=people.alice)


@pytest.fixture
def happens(people: Cast, change: ChangeRequest) -> Happens:
    """Write to the ledger; what was there before is read."""
    collect()

    def write(event: Event, by: str = "alice", **details: Any) -> None:
        with transaction.atomic():
            subject = details.pop("subject", change)
            actor = present(getattr(people, by))
            record(Entry(event, details), actor=actor, subject=subject)

    return write


def told() -> dict[str, str]:
    return dict(Notification.objects.values_list("person__username", "topic"))


def test_a_change_is_told_to_whom_may_decide_and_wrote_none_of_it(
    happens: Happens, people: Cast
) -> None:
    make_person("erin", Role.REVIEWER, gateway=make_gateway("other"))
    make_person("gone", Role.REVIEWER, is_active=False)

    happens(Event.CHANGE_SUBMITTED)

    assert collect() == 3
    assert told() == dict.fromkeys(("riley", "omar", "admin"), Topic.REVIEW_REQUESTED)
    assert Notification.objects.first().words == "alice submitted the change for review"


@pytest.mark.parametrize(
    ("event", "by", "topic"),
    [
        (Event.CHANGE_APPROVED, "riley", Topic.DECIDED),
        (Event.CHANGE_REJECTED, "riley", Topic.DECIDED),
        (Event.CHANGE_CHANGES_REQUESTED, "riley", Topic.DECIDED),
        (Event.CHANGE_APPLIED, "omar", Topic.APPLIED),
    ],
)
def test_whoever_asked_is_told_what_became_of_it(
    happens: Happens, event: Event, by: str, topic: Topic
) -> None:
    happens(event, by)
    collect()

    assert told() == {"alice": topic}


def test_what_stops_is_told_to_whoever_can_set_it_going_too(happens: Happens) -> None:
    happens(Event.CHANGE_FAILED, "riley")
    collect()

    assert told() == dict.fromkeys(("alice", "omar", "admin"), Topic.STOPPED)


def test_whoever_delivers_alone_is_heard_by_all_who_decide(happens: Happens) -> None:
    happens(Event.CHANGE_GLASS_BROKEN, "riley")
    collect()

    assert told() == dict.fromkeys(("alice", "omar", "admin"), Topic.ALONE)


def test_a_comment_reaches_those_near_and_those_it_names(
    happens: Happens, people: Cast
) -> None:
    words = "Ask @audrey, not @nobody or riley@example.com; thanks @alice."
    happens(Event.CHANGE_COMMENTED, "omar", text=words)
    collect()

    assert told() == dict.fromkeys(("alice", "audrey"), Topic.MENTIONED)
    assert {one.words for one in Notification.objects.all()} == {
        "omar mentioned you in a comment"
    }

    happens(Event.CHANGE_COMMENTED, "omar", text="Never mind.")
    collect()

    assert Notification.objects.get(topic=Topic.COMMENTED).person == people.alice


def test_drift_is_told_to_operators(happens: Happens, gateway: Gateway) -> None:
    happens(Event.DRIFT_FOUND, "riley", subject=make_drift(gateway))
    collect()

    assert told() == dict.fromkeys(("omar", "admin"), Topic.DRIFT)
    assert all(one.path.startswith("/gateways/") for one in Notification.objects.all())


def test_what_was_read_tells_nobody_twice(happens: Happens) -> None:
    happens(Event.CHANGE_SUBMITTED)
    seen = Progress.objects.get().seen
    collect()
    count = Notification.objects.count()

    assert collect() == 0
    # A worker that died before it could say how far it came.
    Progress.objects.update(seen=seen)
    collect()

    assert Notification.objects.count() == count


def test_a_long_pause_is_caught_up_in_several_goes(
    happens: Happens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "AT_ONCE", 1)
    happens(Event.CHANGE_APPLIED, "omar")
    happens(Event.CHANGE_APPLIED, "omar")

    assert [collect(), collect(), collect()] == [1, 1, 0]


def test_what_was_decided_meanwhile_asks_nobody(
    happens: Happens, change: ChangeRequest
) -> None:
    happens(Event.CHANGE_SUBMITTED)
    ChangeRequest.objects.filter(pk=change.pk).update(state=State.WITHDRAWN)

    assert collect() == 0


def test_whoever_wants_nothing_of_it_gets_nothing(
    happens: Happens, people: Cast
) -> None:
    set_ways(people.alice, {Topic.APPLIED: Way.NONE})
    happens(Event.CHANGE_APPLIED, "omar")

    assert collect() == 0


def test_what_one_may_no_longer_see_is_not_shown(
    happens: Happens, people: Cast
) -> None:
    happens(Event.CHANGE_APPLIED, "omar")
    collect()
    mine = Notification.objects.shown_to(people.alice).unread()
    assert mine.count() == 1

    Membership.objects.filter(person=people.alice).delete()

    assert mine.count() == 0
    assert timezone.now() > Notification.objects.get().at
