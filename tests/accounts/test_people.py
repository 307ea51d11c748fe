"""Making and changing accounts: no way to become somebody else."""

from typing import Any

import pytest
from django.core import mail

from portal.accounts.errors import NotAllowed
from portal.accounts.models import Person
from portal.accounts.people import change_person, create_person
from portal.accounts.policy.deciding import accept_policy
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from tests.actors import present
from tests.factories import Cast, make_person


def test_a_new_person_gets_a_link_and_no_password_anybody_knows(
    people: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        person = create_person(
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
        change_person(people.alice, fields=["is_superuser"], actor=present(ada))
    with pytest.raises(NotAllowed):
        create_person(Person(username="x", is_superuser=True), actor=present(ada))
    people.admin.is_active = False
    with pytest.raises(NotAllowed):
        change_person(people.admin, fields=["is_active"], actor=present(ada))

    assert list(Person.objects.filter(is_superuser=True)) == [people.admin]
    assert Person.objects.get(username="admin").is_active


def test_only_a_superuser_changes_where_somebodys_mail_goes(
    people: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    """Whoever gets the link to set a password can become that person."""
    boss = make_person("boss", Role.ADMINISTRATOR)
    people.riley.email = "mine@example.com"
    with pytest.raises(NotAllowed):
        change_person(people.riley, fields=["email"], actor=present(boss))

    with django_capture_on_commit_callbacks(execute=True):
        asked = change_person(
            people.riley,
            fields=["email"],
            reason="A new name.",
            actor=present(people.admin),
        )
        assert asked
        accept_policy(asked, actor=present(boss))

    assert AuditEvent.objects.get(event="person.changed").details["email"] == {
        "from": "riley@example.com",
        "to": "mine@example.com",
    }
    assert [message.to for message in mail.outbox] == [["riley@example.com"]]
