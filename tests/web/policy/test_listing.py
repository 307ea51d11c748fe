"""The pages of changes of policy: who sees them, what they say, what one presses."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.accounts.models import (
    Person,
    PolicyChange,
    PolicyState,
    Vouched,
    Vouching,
)
from portal.accounts.policy import kinds
from portal.accounts.roles import Role
from tests.accounts.policy.conftest import Motto
from tests.accounts.policy.test_deciding import ask
from tests.factories import make_gateway, make_person
from tests.web.conftest import sign_in


@pytest.fixture(autouse=True)
def motto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._kinds, Motto.name, Motto())


@pytest.fixture
def two(db: None) -> tuple[Person, Person]:
    return make_person("ada", Role.ADMINISTRATOR), make_person(
        "ben", Role.ADMINISTRATOR
    )


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_home_leads_to_it_and_another_accepts_it(
    gateway: Gateway, two: tuple[Person, Person]
) -> None:
    ada, ben = two
    change = ask(ada, gateway)
    page = change.get_absolute_url()
    assert page in text(sign_in(ben), "/")
    assert "Policy that waits for you" in text(sign_in(ben), "/")
    assert "Policy that waits for you" not in text(sign_in(ada), "/")

    own = text(sign_in(ada), page)
    assert "Default becomes New" in own
    assert "Another administrator must accept it: ben." in own
    assert f"{page}accept/" not in own
    assert f"{page}withdraw/" in own
    shown = text(sign_in(ben), page)
    assert "approve" not in shown.lower()
    answer = sign_in(ben).post(f"{page}accept/", follow=True)

    assert "You accepted it." in answer.content.decode()
    assert Gateway.objects.get().title == "New"


def test_who_made_the_account_that_asks_is_told_why_they_do_not_accept(
    gateway: Gateway, two: tuple[Person, Person]
) -> None:
    ada, ben = two
    Vouching.objects.create(by=ben, person=ada, how=Vouched.MADE)
    change = ask(ada, gateway)

    shown = text(sign_in(ben), change.get_absolute_url())

    assert "You made the account of ada, who asked for this, less than 7 days" in shown
    assert f"{change.get_absolute_url()}accept/" not in shown
    assert f"{change.get_absolute_url()}refuse/" in shown


def test_what_else_waits_stands_beside_it_and_what_moved_says_so(
    gateway: Gateway, two: tuple[Person, Person]
) -> None:
    ada, ben = two
    first, second = ask(ada, gateway, "First"), ask(ben, gateway, "Second")
    for one, other in ((first, second), (second, first)):
        shown = text(sign_in(ada), one.get_absolute_url())
        assert other.get_absolute_url() in shown
        assert "Outdated" not in shown

    sign_in(ben).post(f"{first.get_absolute_url()}accept/")

    page = second.get_absolute_url()
    shown = text(sign_in(ada), page)
    assert "Outdated: What this was made against counts no longer." in shown
    assert f"{page}accept/" not in shown
    answer = sign_in(ada).post(f"{page}accept/")
    assert answer.status_code == 409
    assert "counts no longer" in answer.text
    sign_in(ada).post(f"{page}refuse/", {"note": "The first counts."})
    assert "Outdated" not in text(sign_in(ada), page)


def test_a_refusal_needs_a_note_and_keeps_what_was_decided(
    gateway: Gateway, two: tuple[Person, Person]
) -> None:
    ada, ben = two
    change = ask(ada, gateway)
    client, page = sign_in(ben), change.get_absolute_url()

    assert client.post(f"{page}refuse/", {"note": " "}).status_code == 400
    client.post(f"{page}refuse/", {"note": "Not this week."})

    assert "Not this week." in text(sign_in(ada), page)
    again = client.post(f"{page}accept/")
    assert again.status_code == 409
    assert "It was decided on already: refused." in again.content.decode()
    assert client.get(f"{page}accept/").status_code == 302


def test_taken_alone_the_page_says_so(gateway: Gateway) -> None:
    ada = make_person("ada", Role.ADMINISTRATOR)
    change = ask(ada, gateway)
    words = "there is no second administrator"
    assert f"Alone: {words}." in text(sign_in(ada), change.get_absolute_url())
    assert f"alone: {words}" in text(sign_in(ada), "/policy/")


def test_only_those_it_concerns_see_it(
    gateway: Gateway, two: tuple[Person, Person]
) -> None:
    change = ask(two[0], gateway)
    other = make_gateway("other")
    page = change.get_absolute_url()
    for person, status in (
        (make_person(role=Role.AUDITOR), 200),
        (make_person(role=Role.AUDITOR, gateway=other), 404),
        (make_person(role=Role.ADMINISTRATOR, gateway=other), 404),
        (make_person(role=Role.OPERATOR), 404),
        (make_person(), 404),
    ):
        assert sign_in(person).get(page).status_code == status
        assert sign_in(person).post(f"{page}accept/").status_code in (403, 404)
    change.refresh_from_db()
    assert change.state == PolicyState.OPEN


def test_the_list_asks_little(
    gateway: Gateway,
    two: tuple[Person, Person],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(30):
        ask(two[0], gateway, f"Title {number}")
    client = sign_in(two[1])
    with django_assert_max_num_queries(12):
        page = text(client, "/policy/")
    assert page.count("/policy/") >= 25
    assert PolicyChange.objects.open().count() == 30
