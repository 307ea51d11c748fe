"""A program reads when nothing is delivered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.changes.freezes import end_freeze, make_freeze
from portal.changes.models import Freeze
from tests.actors import present
from tests.api.conftest import Program, assert_problem
from tests.factories import Cast, make_gateway

pytestmark = pytest.mark.django_db
HOLIDAYS = {"starts_at": timezone.now(), "ends_at": timezone.now() + timedelta(days=9)}
NIGHTS = {"cron": "0 22 * * *", "length": timedelta(hours=8), "zone": "Europe/Berlin"}


def frozen(people: Cast, **fields: Any) -> Freeze:
    freeze = Freeze(**({"reason": "Nobody is in."} | fields))
    return make_freeze(freeze, actor=present(people.admin))


def test_those_that_reach_the_gateway_are_told_with_their_windows(
    gateway: Gateway, people: Cast, alice: Program
) -> None:
    nights = frozen(people, gateway=gateway, **NIGHTS)
    holidays = frozen(people, **HOLIDAYS)
    frozen(people, gateway=make_gateway("other"), **HOLIDAYS)
    over = frozen(people, gateway=gateway, **HOLIDAYS)
    end_freeze(over, actor=present(people.admin))

    told = alice.get(f"/api/gateways/{gateway.slug}/freezes").json()

    assert [row["id"] for row in told["results"]] == [holidays.pk, nights.pk]
    once, again = told["results"]
    assert (once["holds_now"], once["reach"]) == (True, "all gateways")
    assert once["reason"] == "Nobody is in."
    [window] = once["windows"]
    ends = datetime.fromisoformat(window["end"])
    assert abs(ends - HOLIDAYS["ends_at"]) < timedelta(seconds=1)
    assert (again["cron"], again["time_zone"]) == ("0 22 * * *", "Europe/Berlin")
    starts = [datetime.fromisoformat(one["start"]) for one in again["windows"]]
    assert len(starts) == 3
    assert {start.astimezone(UTC).minute for start in starts} == {0}


def test_a_page_of_many_costs_what_a_page_of_few_does(
    gateway: Gateway,
    people: Cast,
    alice: Program,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(7):
        frozen(people, gateway=gateway, **NIGHTS)
    address = f"/api/gateways/{gateway.slug}/freezes?limit=5"

    with django_assert_max_num_queries(8):
        first = alice.get(address).json()
    second = alice.get(f"{address}&cursor={first['next']}").json()

    ids = [row["id"] for page in (first, second) for row in page["results"]]
    assert len(ids) == len(set(ids)) == 7
    assert second["next"] is None


def test_a_gateway_that_is_not_there_is_told_so(alice: Program) -> None:
    assert_problem(alice.get("/api/gateways/nowhere/freezes"), 404)
