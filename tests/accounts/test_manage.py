"""Managing people, roles and gateways: who may, and that it is recorded."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from gateway.models import Gateway, KeyNotHere
from portal.accounts import manage
from portal.accounts.actor import Actor, Channel
from portal.accounts.errors import NotAllowed, NotPresent
from portal.accounts.models import Membership, Person
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from tests.factories import Cast, make_cast, make_gateway, make_person, make_token

KEY = "edd1c9f034335f136f87ad84b625c8f1"


def present(person: Person) -> Actor:
    """The person at the portal, signed in."""
    return Actor(
        person=person,
        channel=Channel.PORTAL,
        client="Firefox",
        session="session",
        signed_in_at=timezone.now(),
    )


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway(admin_key=KEY)


def new_gateway() -> Gateway:
    return Gateway(slug="new", title="New", admin_url="http://127.0.0.1:9180")


Operation = Callable[[Actor, Gateway, Cast], Any]

OPERATIONS: dict[str, Operation] = {
    "create_gateway": lambda actor, gateway, people: manage.create_gateway(
        new_gateway(), admin_key=KEY, actor=actor
    ),
    "change_gateway": lambda actor, gateway, people: manage.change_gateway(
        gateway, fields=["title"], actor=actor
    ),
    "retire_gateway": lambda actor, gateway, people: manage.retire_gateway(
        gateway, actor=actor
    ),
    "create_person": lambda actor, gateway, people: manage.create_person(
        Person(username="new", email="new@example.com"), actor=actor
    ),
    "change_person": lambda actor, gateway, people: manage.change_person(
        people.alice, fields=["email"], actor=actor
    ),
    "grant": lambda actor, gateway, people: manage.grant(
        Membership(person=people.alice, role=Role.OPERATOR), actor=actor
    ),
    "revoke": lambda actor, gateway, people: manage.revoke(
        people.alice.memberships.get(), actor=actor
    ),
    "send_reset_link": lambda actor, gateway, people: manage.send_reset_link(
        people.alice, actor=actor
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("who", ["alice", "riley", "omar", "audrey"])
def test_only_administrators_manage(
    people: Cast, gateway: Gateway, name: str, who: str
) -> None:
    before = (
        Gateway.objects.count(),
        Person.objects.count(),
        Membership.objects.count(),
    )

    with pytest.raises(NotAllowed):
        OPERATIONS[name](present(getattr(people, who)), gateway, people)

    after = (
        Gateway.objects.count(),
        Person.objects.count(),
        Membership.objects.count(),
    )
    assert after == before
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_superusers_token_manages_nothing(
    people: Cast, gateway: Gateway, name: str
) -> None:
    token, _ = make_token(people.admin)
    program = Actor(person=people.admin, channel=Channel.API, token=token)

    with pytest.raises(NotPresent):
        OPERATIONS[name](program, gateway, people)

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


def test_a_changed_address_takes_the_key_away_and_says_so(
    people: Cast, gateway: Gateway
) -> None:
    gateway.admin_url = "http://evil.example:9180"

    manage.change_gateway(gateway, fields=["admin_url"], actor=present(people.admin))

    gateway.refresh_from_db()
    with pytest.raises(KeyNotHere):
        gateway.admin_key()
    fields = AuditEvent.objects.get().details["fields"]
    assert "admin_url" in fields
    assert any("cleared" in field for field in fields)


def test_a_new_person_gets_a_link_and_no_password_anybody_knows(
    people: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        person = manage.create_person(
            Person(username="nina", email="nina@example.com"),
            actor=present(people.admin),
        )

    assert not person.check_password("")
    assert mail.outbox[0].to == ["nina@example.com"]
    assert "/accounts/password/set/" in mail.outbox[0].body
    assert [e.event for e in AuditEvent.objects.order_by("number")] == [
        "person.created",
        "person.reset_sent",
    ]


def test_an_administrator_makes_no_superuser(people: Cast) -> None:
    ada = make_person("ada", Role.ADMINISTRATOR)
    people.alice.is_superuser = True

    with pytest.raises(NotAllowed):
        manage.change_person(people.alice, fields=["is_superuser"], actor=present(ada))
    with pytest.raises(NotAllowed):
        manage.create_person(
            Person(username="x", is_superuser=True), actor=present(ada)
        )
    people.admin.is_active = False
    with pytest.raises(NotAllowed):
        manage.change_person(people.admin, fields=["is_active"], actor=present(ada))

    assert list(Person.objects.filter(is_superuser=True)) == [people.admin]
    assert Person.objects.get(username="admin").is_active


def test_an_administrator_of_one_gateway_manages_that_one_only(
    people: Cast, gateway: Gateway
) -> None:
    other = make_gateway("other")
    ada = make_person("ada", Role.ADMINISTRATOR, gateway=gateway)

    manage.change_gateway(gateway, fields=["title"], actor=present(ada))
    with pytest.raises(Exception, match="other"):
        manage.change_gateway(other, fields=["title"], actor=present(ada))
    with pytest.raises(NotAllowed):
        manage.grant(
            Membership(person=ada, role=Role.ADMINISTRATOR), actor=present(ada)
        )


def test_retiring_twice_is_recorded_once(people: Cast, gateway: Gateway) -> None:
    manage.retire_gateway(gateway, actor=present(people.admin))
    manage.retire_gateway(gateway, actor=present(people.admin))

    assert AuditEvent.objects.count() == 1
    assert list(Gateway.objects.in_service()) == []


def test_only_a_superuser_changes_where_somebodys_mail_goes(
    people: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    """Whoever gets the link to set a password can become that person."""
    boss = make_person("boss", Role.ADMINISTRATOR)
    people.riley.email = "mine@example.com"
    with pytest.raises(NotAllowed):
        manage.change_person(people.riley, fields=["email"], actor=present(boss))

    with django_capture_on_commit_callbacks(execute=True):
        manage.change_person(
            people.riley, fields=["email"], actor=present(people.admin)
        )

    assert AuditEvent.objects.get().details["email"] == {
        "from": "riley@example.com",
        "to": "mine@example.com",
    }
    assert [message.to for message in mail.outbox] == [["riley@example.com"]]
