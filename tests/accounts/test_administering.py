"""What administrators do: nobody else does it, no program, and all is recorded."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotPresent
from portal.accounts.gateways import change_gateway, create_gateway
from portal.accounts.group_members import join_group, leave_group
from portal.accounts.groups import make_group
from portal.accounts.memberships import grant, revoke
from portal.accounts.models import Membership, Person
from portal.accounts.passwords import send_reset_link
from portal.accounts.people import change_person, create_person
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from portal.changes.retire import retire_gateway
from tests.accounts.conftest import KEY
from tests.actors import present, program
from tests.factories import Cast


def new_gateway() -> Gateway:
    return Gateway(slug="new", title="New", admin_url="http://new.example:9180")


Operation = Callable[[Actor, Gateway, Cast], Any]

OPERATIONS: dict[str, Operation] = {
    "create_gateway": lambda actor, gateway, people: create_gateway(
        new_gateway(), admin_key=KEY, actor=actor
    ),
    "change_gateway": lambda actor, gateway, people: change_gateway(
        gateway, fields=["title"], actor=actor
    ),
    "retire_gateway": lambda actor, gateway, people: retire_gateway(
        gateway, reason="Gone.", actor=actor
    ),
    "create_person": lambda actor, gateway, people: create_person(
        Person(username="new", email="new@example.com"), actor=actor
    ),
    "change_person": lambda actor, gateway, people: change_person(
        people.alice, fields=["first_name"], actor=actor
    ),
    "grant": lambda actor, gateway, people: grant(
        Membership(person=people.alice, role=Role.OPERATOR), reason="So.", actor=actor
    ),
    "revoke": lambda actor, gateway, people: revoke(
        people.alice.memberships.get(), reason="So.", actor=actor
    ),
    "make_group": lambda actor, gateway, people: make_group("shop", actor=actor),
    "join_group": lambda actor, gateway, people: join_group(
        Group.objects.get_or_create(name="shop")[0],
        people.alice,
        reason="So.",
        actor=actor,
    ),
    "leave_group": lambda actor, gateway, people: leave_group(
        people.riley.groups.get(), people.riley, reason="So.", actor=actor
    ),
    "send_reset_link": lambda actor, gateway, people: send_reset_link(
        people.alice, actor=actor
    ),
}


def stored() -> list[int]:
    """Count what a refused operation must leave as it was."""
    counted = [model.objects.count() for model in (Gateway, Person, Membership)]
    return [*counted, Person.groups.through.objects.count()]


@pytest.fixture(autouse=True)
def _group(people: Cast) -> None:
    people.riley.groups.add(Group.objects.create(name="pay"))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("who", ["alice", "riley", "omar", "audrey"])
def test_only_administrators_manage(
    people: Cast, gateway: Gateway, name: str, who: str
) -> None:
    before = stored()

    with pytest.raises(NotAllowed):
        OPERATIONS[name](present(getattr(people, who)), gateway, people)

    assert stored() == before
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_superusers_token_manages_nothing(
    people: Cast, gateway: Gateway, name: str
) -> None:
    with pytest.raises(NotPresent):
        OPERATIONS[name](program(people.admin), gateway, people)

    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_is_recorded_and_tells_no_key(
    people: Cast, gateway: Gateway, name: str
) -> None:
    OPERATIONS[name](present(people.admin), gateway, people)

    events = list(AuditEvent.objects.all())
    assert events
    assert {event.actor for event in events} == {"admin"}
    assert KEY not in str([vars(event) for event in events])
