"""Adding, changing and retiring gateways."""

import pytest

from gateway.models import Gateway, KeyNotHere
from portal.accounts.errors import NotAllowed, NotVisible
from portal.accounts.gateways import change_gateway
from portal.accounts.memberships import grant
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from portal.changes.retire import retire_gateway
from tests.actors import present
from tests.factories import Cast, make_gateway, make_person


def test_a_changed_address_takes_the_key_away_and_says_so(
    people: Cast, gateway: Gateway
) -> None:
    gateway.admin_url = "http://evil.example:9180"

    change_gateway(gateway, fields=["admin_url"], actor=present(people.admin))

    gateway.refresh_from_db()
    with pytest.raises(KeyNotHere):
        gateway.admin_key()
    fields = AuditEvent.objects.get().details["fields"]
    assert "admin_url" in fields
    assert any("cleared" in field for field in fields)


def test_an_administrator_of_one_gateway_manages_that_one_only(
    people: Cast, gateway: Gateway
) -> None:
    other = make_gateway("other")
    ada = make_person("ada", Role.ADMINISTRATOR, gateway=gateway)

    change_gateway(gateway, fields=["title"], actor=present(ada))
    with pytest.raises(NotVisible, match="other"):
        change_gateway(other, fields=["title"], actor=present(ada))
    with pytest.raises(NotAllowed):
        grant(Membership(person=ada, role=Role.ADMINISTRATOR), actor=present(ada))


def test_retiring_twice_is_recorded_once(people: Cast, gateway: Gateway) -> None:
    retire_gateway(gateway, actor=present(people.admin))
    retire_gateway(gateway, actor=present(people.admin))

    assert AuditEvent.objects.count() == 1
    assert list(Gateway.objects.in_service()) == []
