"""For whom a change waits once rules ask for groups: in lists, on its page, when they act."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.accounts.group_members import join_group
from portal.accounts.models import Person, Vouched, Vouching
from portal.accounts.policy.deciding import accept_policy
from portal.accounts.roles import Role
from portal.changes.awaited import SEEN, renew_awaited
from portal.changes.errors import WouldNotCount
from portal.changes.models import Awaited, ChangeRequest, Review
from portal.changes.permissions import permissions
from portal.changes.review import approve
from portal.changes.states import State
from portal.changes.waiting import to_decide
from tests.actors import present
from tests.changes.rules.test_deciding import SECURITY, member, put_in_force
from tests.factories import (
    Cast,
    make_change,
    make_gateway,
    make_person,
    make_revision,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unseen() -> None:
    cache.delete(SEEN)


@pytest.fixture
def groups(people: Cast) -> None:
    """Riley is of security, omar of owners; the rules ask both."""
    member(people.riley, "security")
    member(people.omar, "owners")


@pytest.fixture
def rita(people: Cast) -> Person:
    return make_person("rita", Role.REVIEWER)


def waits_for(change: ChangeRequest, *people: Person) -> list[str]:
    """Return for whom it waits; what the page offers must be the same."""
    change = ChangeRequest.objects.get(pk=change.pk)
    named = [one.username for one in people if change in to_decide(one)]
    offered = [
        one.username
        for one in people
        if permissions(change, actor=present(one)).approve
    ]
    assert named == offered
    return named


@pytest.mark.usefixtures("each_database", "groups")
def test_it_waits_for_those_whose_approval_is_missing(
    people: Cast, rita: Person, change: ChangeRequest
) -> None:
    riley, omar = people.riley, people.omar
    put_in_force(SECURITY)
    renew_awaited()
    assert waits_for(change, riley, omar, rita) == ["riley", "omar"]
    told = permissions(change, actor=present(rita))
    assert (told.reject, told.request_changes) == (True, True)
    assert told.why_not == (
        "An approval of yours would not count: missing is 1 approval from group security "
        "and 1 approval from group owners."
    )
    with pytest.raises(WouldNotCount, match="missing is 1 approval from group"):
        approve(change.latest_revision(), actor=present(rita))
    assert not Review.objects.exists()

    approve(change.latest_revision(), actor=present(riley))
    assert waits_for(change, riley, omar, rita) == ["omar"]
    approve(change.latest_revision(), actor=present(omar))
    assert ChangeRequest.objects.get(pk=change.pk).state == State.APPROVED


def test_who_takes_another_place_makes_room(
    people: Cast, rita: Person, change: ChangeRequest
) -> None:
    """Riley is of both: her place is the one that nobody else takes."""
    member(people.riley, "security", "owners")
    member(people.omar, "security")
    put_in_force(SECURITY)
    approve(change.latest_revision(), actor=present(people.riley))

    assert waits_for(change, people.omar, rita) == ["omar"]


@pytest.mark.usefixtures("groups")
def test_it_is_seen_anew_once_the_policy_is_another(
    people: Cast, rita: Person, change: ChangeRequest
) -> None:
    everybody = people.riley, people.omar, rita
    renew_awaited()
    assert waits_for(change, *everybody) == ["riley", "omar", "rita"]
    put_in_force(SECURITY)
    renew_awaited()
    assert waits_for(change, *everybody) == ["riley", "omar"]
    owners = Group.objects.get(name="owners")
    asked = join_group(owners, rita, reason="So.", actor=present(people.admin))
    accept_policy(asked, actor=present(Person.objects.get(username="ada")))
    assert waits_for(change, *everybody) == ["riley", "omar", "rita"]
    put_in_force({"name": "One", "needs": [{"approvals": 1}]})
    renew_awaited()
    assert not Awaited.objects.exists()


@pytest.mark.usefixtures("groups")
def test_nothing_new_costs_one_query(
    change: ChangeRequest, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    put_in_force(SECURITY)
    renew_awaited()
    with django_assert_num_queries(1):
        renew_awaited()


def test_who_wrote_what_it_reverts_is_not_asked_where_a_rule_says_so(
    people: Cast,
) -> None:
    gateway = make_gateway()
    earlier = make_change(gateway=gateway, author=people.riley)
    change = make_change(gateway=gateway, author=people.alice, reverts=earlier)
    put_in_force({"name": "Fresh eyes", "last_editor_counts": False})
    renew_awaited()

    assert waits_for(change, people.riley, people.omar) == ["omar"]
    told = permissions(change, actor=present(people.riley))
    assert "a rule asks for somebody who did not" in told.why_not
    assert told.reject


def _revised(change: ChangeRequest, ada: Person) -> None:
    make_revision(change, author=ada)


def _reverting(change: ChangeRequest, ada: Person) -> None:
    change.reverts = make_change(gateway=change.gateway, author=ada)
    change.save()
    put_in_force({"name": "Fresh eyes", "last_editor_counts": False})
    renew_awaited()


@pytest.mark.parametrize("wrote", [_revised, _reverting])
def test_a_newcomer_is_not_asked_about_what_whoever_let_them_in_wrote(
    people: Cast,
    change: ChangeRequest,
    wrote: Callable[[ChangeRequest, Person], None],
) -> None:
    gate: Gateway = change.gateway
    keeper = make_person("keeper", Role.REVIEWER, gateway=gate)
    Vouching.objects.create(by=keeper, person=people.riley, how=Vouched.ROLE)
    wrote(change, keeper)

    assert waits_for(change, people.riley, people.omar) == ["omar"]
    assert (
        "less than 7 days" in permissions(change, actor=present(people.riley)).why_not
    )
