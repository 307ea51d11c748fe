"""From the ledger to inboxes: whom it concerns, once, and never whoever did it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.group_members import leave_group
from portal.accounts.memberships import grant, revoke
from portal.accounts.models import Membership, Ownership
from portal.accounts.roles import Role
from portal.audit.events import Event
from portal.audit.ledger import Entry, Ledger, record
from portal.changes.models import Awaited, ChangeRequest, Verdict
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
    make_policy_change,
    make_review,
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


def test_owners_hear_of_it_too_and_whoever_did_it_hears_of_the_review(
    happens: Happens, people: Cast, change: ChangeRequest
) -> None:
    team = Group.objects.create(name="talks")
    Ownership.objects.create(group=team, uri_prefix="/speaker")
    people.audrey.groups.add(team)
    make_review(change.latest_revision(), people.riley, Verdict.BREAK_GLASS)

    happens(Event.CHANGE_GLASS_BROKEN, by="riley", reason="It burns.")
    collect()
    assert told() == dict.fromkeys(["admin", "alice", "audrey", "omar"], "alone")

    Notification.objects.all().delete()
    happens(Event.CHANGE_REVIEWED_AFTER, by="omar")
    collect()
    assert told() == {"alice": "alone", "riley": "alone"}


def test_only_those_whose_approval_is_missing_are_asked(
    happens: Happens, people: Cast, change: ChangeRequest
) -> None:
    people.riley.groups.add(Group.objects.create(name="security"))
    Awaited.objects.create(change=change, group="security")

    happens(Event.CHANGE_SUBMITTED)
    collect()

    assert told() == {"riley": "review_requested"}


def test_a_team_is_told_of_what_its_program_asked_for(
    happens: Happens, people: Cast, change: ChangeRequest
) -> None:
    team = Group.objects.create(name="shop")
    account = make_person("shop-ci", team=team)
    Membership.objects.create(group=team, role=Role.AUTHOR)
    account.groups.add(team)
    member = make_person("sam")
    member.groups.add(team)
    ChangeRequest.objects.filter(pk=change.pk).update(author=account)
    change.revisions.update(author=account)

    happens(Event.CHANGE_REJECTED, by="riley")
    collect()

    assert told() == {"sam": "decided"}


def test_a_broken_audit_is_told_to_auditors_and_administrators(
    happens: Happens, people: Cast
) -> None:
    make_person("gate", Role.ADMINISTRATOR, gateway=make_gateway("other"))
    with transaction.atomic():
        record(
            Entry(Event.AUDIT_BROKEN, {}),
            actor=Actor.system("check"),
            subject=Ledger(),
        )
    collect()

    assert told() == {"admin": "audit", "audrey": "audit"}
    assert {one.path for one in Notification.objects.all()} == {"/audit/"}


def test_whoever_asked_for_policy_is_told_what_became_of_it(
    happens: Happens, people: Cast
) -> None:
    ada = make_person("ada", Role.ADMINISTRATOR)
    policy = make_policy_change(ada)

    happens(Event.POLICY_ACCEPTED, by="admin", subject=policy)
    collect()

    assert told() == {"ada": "policy"}


def test_power_taken_at_once_is_told_to_the_others_and_to_who_had_it(
    happens: Happens, people: Cast, gateway: Gateway
) -> None:
    make_person("ada", Role.ADMINISTRATOR)
    make_person("gone", Role.ADMINISTRATOR, is_active=False)
    group = Group.objects.create(name="shop")
    rob = make_person("rob", team=group)
    for person in (people.omar, rob):
        person.groups.add(group)
    # Of a gateway that is not theirs to see then.
    nina = make_person("nina", Role.AUTHOR, gateway=gateway)
    of_group = Membership.objects.create(group=group, role=Role.OPERATOR)
    admin = present(people.admin)

    for held, whose, says in (
        (nina.memberships.get(), "nina", "nina loses the role Author on default."),
        (of_group, "omar", "Group shop loses the role Operator on all gateways."),
    ):
        assert revoke(held, reason="So.", actor=admin).alone
        collect()
        assert told() == {"ada": "policy", whose: "taken"}
        [mine] = Notification.objects.filter(person__username=whose)
        assert (mine.words, mine.label) == ("admin took this away alone", says)
        assert (mine.path, mine.mail_due_at is not None) == ("/roles/", True)
        assert Notification.objects.shown_to(mine.person).exists()
        other = Notification.objects.get(person__username="ada")
        assert (other.words, other.label) == ("admin changed policy alone", says)
        assert other.path.startswith("/policy/")
        Notification.objects.all().delete()
    leave_group(group, people.omar, reason="So.", actor=admin)
    collect()

    assert told() == {"ada": "policy", "omar": "taken"}


def test_power_given_alone_is_told_to_nobody_where_there_is_nobody_else(
    happens: Happens, people: Cast
) -> None:
    given = Membership(person=people.alice, role=Role.REVIEWER)
    assert grant(given, reason="So.", actor=present(people.admin)).alone

    collect()

    assert told() == {}


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
