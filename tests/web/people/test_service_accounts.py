"""The page of a service account: a team makes and ends tokens of its own program."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import ApiToken, Membership, Person
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from tests.api.conftest import Program
from tests.factories import Cast, make_change
from tests.web.gateways.test_simulate import text_of

As = Callable[[str], Client]
TOKEN = {"name": "CI", "scopes": ["gateway:read", "changes:propose"], "days": "30"}


@pytest.fixture
def team(people: Cast) -> Group:
    group = Group.objects.create(name="shop")
    people.alice.groups.add(group)
    Membership.objects.create(group=group, role=Role.AUTHOR)
    return group


@pytest.fixture
def account(as_: As, team: Group) -> Person:
    made = as_("admin").post(
        f"/groups/{team.pk}/service-accounts/", {"name": "shop-ci"}
    )
    account = Person.objects.get(username="shop-ci")
    assert made["Location"] == f"/service-accounts/{account.pk}/"
    return account


def test_a_program_of_the_team_asks_and_the_page_says_for_whom(
    as_: As, account: Person, gateway: Gateway
) -> None:
    alice = as_("alice")
    page = alice.post(f"/service-accounts/{account.pk}/", TOKEN).content.decode()
    [secret] = re.findall(r'id="secret">([^<]+)<', page)
    token = ApiToken.objects.get(person=account)
    ci = Program(account, token, secret)

    refused = ci.post(
        "/api/changes/preview",
        {"items": [{"action": "delete", "kind": "route", "id": "x"}]},
    )
    assert refused.status_code in (404, 503)  # let in, and the gateway is asked
    change = make_change(gateway=gateway, author=account, token=token)
    told = text_of(as_("riley").get(f"/changes/{change.number}/"))
    assert "shop-ci asked" in told
    assert re.search(r"that alice made ?, as a service account of shop", told), told
    assert "made by alice" in text_of(alice.get(f"/service-accounts/{account.pk}/"))


def test_who_is_not_of_the_team_reads_without_forms(as_: As, account: Person) -> None:
    address = f"/service-accounts/{account.pk}/"
    page = as_("riley").get(address).content.decode()

    assert "New token" not in page
    assert "Switch it off" not in page
    refused = as_("riley").post(address, TOKEN)
    assert refused.status_code == 403
    assert "Only people of its team" in text_of(refused)
    assert not ApiToken.objects.filter(person=account).exists()
    assert as_("alice").post(f"{address}switch/").status_code == 403


def test_its_team_ends_a_token_and_an_administrator_all_of_them(
    as_: As, account: Person
) -> None:
    address = f"/service-accounts/{account.pk}/"
    alice = as_("alice")
    alice.post(address, TOKEN)
    token = ApiToken.objects.get(person=account)

    ended = alice.post(f"/tokens/{token.pk}/revoke/")
    as_("admin").post(f"{address}switch/")

    assert ended["Location"] == address
    token.refresh_from_db()
    account.refresh_from_db()
    assert token.revoked_at
    assert not account.is_active
    assert "switched off" in text_of(alice.get(address))
    assert AuditEvent.objects.filter(event="person.service_made").count() == 1


def test_a_person_s_account_has_no_such_page(as_: As, people: Cast) -> None:
    assert as_("admin").get(f"/service-accounts/{people.alice.pk}/").status_code == 404


def test_a_name_that_is_taken_is_refused_in_words(as_: As, team: Group) -> None:
    page = as_("admin").post(
        f"/groups/{team.pk}/service-accounts/", {"name": "alice"}, follow=True
    )

    assert "No service account was made" in text_of(page)
    assert not Person.objects.exclude(team=None).exists()
