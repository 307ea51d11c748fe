"""Home: what waits, what is under way, what went live, and what to do first."""

from collections.abc import Callable

from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.accounts.models import ApiToken
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.factories import Cast, make_change, make_gateway, make_person, make_token
from tests.web.conftest import sign_in

As = Callable[[str], Client]


def test_a_busy_home_takes_few_queries(
    as_: As,
    people: Cast,
    gateway: Gateway,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_gateway("other")
    for state in State:
        make_change(gateway=gateway, author=people.alice, state=state)
    for name in ("alice", "riley", "admin"):
        client = as_(name)

        with django_assert_max_num_queries(12):
            client.get("/")


def test_what_went_live_is_shown_to_whom_it_concerns(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    live = make_change(gateway=gateway, author=people.alice, state=State.APPLIED)
    other = make_person("erin", Role.VIEWER, gateway=make_gateway("other"))

    link = f'href="{live.get_absolute_url()}"'

    assert link in as_("riley").get("/").content.decode()
    assert link not in sign_in(other).get("/").content.decode()


def test_the_first_steps_are_known_by_facts_and_leave_when_done(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    alice = as_("alice")
    assert "2 of 5 done" in alice.get("/").content.decode()

    change = make_change(gateway=gateway, author=people.alice)
    token, _ = make_token(people.alice)
    assert "3 of 5 done" in alice.get("/").content.decode()

    ChangeRequest.objects.filter(pk=change.pk).update(state=State.APPLIED)
    assert "4 of 5 done" in alice.get("/").content.decode()

    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
    assert "First steps" not in alice.get("/").content.decode()


def test_who_only_reads_is_not_taught_to_ask(as_: As, gateway: Gateway) -> None:
    page = as_("audrey").get("/").content.decode()

    assert "2 of 3 done" in page
    assert "You ask for a change" not in page


def test_whoever_is_alone_is_told_to_find_a_second_person(gateway: Gateway) -> None:
    person = make_person("root", is_superuser=True, is_staff=True)

    page = sign_in(person).get("/").content.decode()

    assert "1 of 5 done" in page
    assert 'href="/admin/accounts/person/"' in page
