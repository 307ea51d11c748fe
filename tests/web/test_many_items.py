"""The page of a change of many items: each is named, and none is out of reach."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.changes.models import ChangeRequest, Delivery
from portal.changes.states import State
from portal.web.items import PER_PART
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import creates, route, upstream
from tests.web.conftest import sign_in

pytestmark = pytest.mark.django_db

__all__ = ["desk"]

COUNT = 2 * PER_PART + 20


@pytest.fixture
def large(desk: Desk) -> ChangeRequest:
    return desk.ask(
        creates("upstream", "u", **upstream()),
        *(route(f"r{n:03}") for n in range(COUNT - 1)),
    )


@pytest.fixture
def riley(desk: Desk) -> Client:
    return sign_in(desk.people.riley)


def page_of(client: Client, change: ChangeRequest, query: str = "") -> str:
    return client.get(f"/changes/{change.number}/{query}").content.decode()


def in_full(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="item-(\d+)"', page)]


def test_every_item_is_named_and_some_are_shown_in_full(
    riley: Client, large: ChangeRequest
) -> None:
    page = page_of(riley, large)

    assert f"Creates 1 upstream, {COUNT - 1} routes." in page
    assert all(f"r{n:03}" in page for n in range(COUNT - 1))
    assert in_full(page) == list(range(1, PER_PART + 1))
    assert "Part 1 of 3" in page


@pytest.mark.parametrize(
    ("part", "first", "last"),
    [
        ("2", PER_PART + 1, 2 * PER_PART),
        ("3", 2 * PER_PART + 1, COUNT),
        ("99", 2 * PER_PART + 1, COUNT),
        ("0", 1, PER_PART),
        ("-1", 1, PER_PART),
        ("²", 1, PER_PART),
        ("x" * 5_000, 1, PER_PART),
    ],
)
def test_the_parts_follow_each_other(
    riley: Client, large: ChangeRequest, part: str, first: int, last: int
) -> None:
    page = riley.get(f"/changes/{large.number}/", {"part": part}).content.decode()

    assert in_full(page) == list(range(first, last + 1))


def test_a_line_leads_to_its_item(riley: Client, large: ChangeRequest) -> None:
    links = re.findall(r'href="\?part=(\d)#item-(\d+)"', page_of(riley, large))

    assert len(links) == COUNT
    for part, number in (links[0], links[PER_PART], links[-1]):
        assert int(number) in in_full(page_of(riley, large, f"?part={part}"))


def test_it_is_delivered_with_progress(
    desk: Desk, riley: Client, large: ChangeRequest
) -> None:
    desk.approve(large)
    Delivery.objects.update(done=40)

    assert "40 of 120 items stand as wanted; next route r039" in page_of(riley, large)

    desk.deliver(large)

    assert large.state == State.APPLIED
    page = page_of(riley, large)
    assert f"{COUNT} of {COUNT} items stand as wanted." in page
    assert f"{4 * COUNT} requests, {4 * COUNT} as they should be" in page


def test_it_costs_no_more_queries_than_a_small_one(
    desk: Desk, riley: Client, large: ChangeRequest
) -> None:
    small = desk.ask(route("small"))
    for change in (small, large):
        desk.approve(change)
        desk.deliver(change)
    counts = []
    for change in (small, large):
        page_of(riley, change)
        with CaptureQueriesContext(connection) as queries:
            page_of(riley, change)
        counts.append(len(queries))

    assert counts[1] <= counts[0] + 1


def test_every_item_of_a_refused_plan_is_checked(desk: Desk) -> None:
    desk.sandbox.put("upstream", "u", upstream())

    change = desk.ask(
        *(creates("route", f"x{n}", uri=f"/x{n}", upstream_id="u") for n in range(60))
    )

    assert change.summary == "Creates 60 routes."
    assert change.latest_revision().items.count() == 60
