"""The page of a change of many items: the gravest first, and none is out of reach."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from portal.web.parts import ROWS
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import creates, route, upstream
from tests.factories import Cast, item, make_change
from tests.web.conftest import sign_in

pytestmark = pytest.mark.django_db

__all__ = ["desk"]

COUNT = 2 * ROWS + 20


@pytest.fixture
def large(desk: Desk) -> ChangeRequest:
    return desk.ask(
        creates("upstream", "u", **upstream()),
        *(route(f"r{n:03}") for n in range(COUNT - 1)),
    )


@pytest.fixture
def people(desk: Desk) -> Cast:
    return desk.people


@pytest.fixture
def gateway(desk: Desk) -> Gateway:
    return desk.gateway


@pytest.fixture
def riley(people: Cast) -> Client:
    return sign_in(people.riley)


def page_of(client: Client, change: ChangeRequest, query: str = "") -> str:
    return client.get(f"/changes/{change.number}/{query}").content.decode()


def numbers(page: str) -> list[int]:
    """Which items the page has a line of."""
    links = re.findall(r'<a href="/changes/\d+/items/(\d+)/\?revision=1"', page)
    return [int(number) for number in links]


def test_all_items_are_counted_and_so_many_have_a_line(
    riley: Client, large: ChangeRequest
) -> None:
    page = page_of(riley, large)

    assert f"Creates 1 upstream, {COUNT - 1} routes." in page
    assert f"All {COUNT} items" in page
    assert numbers(page) == list(range(1, ROWS + 1))
    assert f"1 to {ROWS} of {COUNT}, part 1 of 3" in page


@pytest.mark.parametrize(
    ("part", "first", "last"),
    [
        ("2", ROWS + 1, 2 * ROWS),
        ("3", 2 * ROWS + 1, COUNT),
        ("99", 2 * ROWS + 1, COUNT),
        ("0", 1, ROWS),
        ("-1", 1, ROWS),
        ("²", 1, ROWS),
        ("x" * 5_000, 1, ROWS),
    ],
)
def test_the_parts_follow_each_other(
    riley: Client, large: ChangeRequest, part: str, first: int, last: int
) -> None:
    page = riley.get(f"/changes/{large.number}/", {"part": part}).content.decode()

    assert numbers(page) == list(range(first, last + 1))


def test_a_line_leads_to_its_item(riley: Client, large: ChangeRequest) -> None:
    address = f"/changes/{large.number}/items/{COUNT}/"

    whole = riley.get(address).content.decode()
    news = riley.get(address, headers={"HX-Request": "true"}).content.decode()

    assert f"Item {COUNT} of {COUNT}" in whole
    for page in (whole, news):
        assert f"r{COUNT - 2:03}" in page
        assert "Whole documents as JSON" in page
    assert "<html" not in news
    for number in (0, COUNT + 1):
        assert riley.get(f"/changes/{large.number}/items/{number}/").status_code == 404


def test_the_gravest_come_first_and_what_is_alike_is_told_once(
    people: Cast, gateway: Gateway, riley: Client
) -> None:
    slow = {"code": "timeouts", "severity": "warning", "path": "", "mend": "Set some."}
    before = {"code": "overlap", "severity": "info", "path": "", "mend": "Nothing."}
    change = make_change(
        gateway=gateway,
        author=people.alice,
        items=[
            item("delete" if n == 7 else "create", resource_id=f"r{n:03}")
            for n in range(COUNT)
        ],
        findings=[
            *(slow | {"item": n, "words": "No time-outs."} for n in range(40, 140)),
            *(before | {"item": n, "words": f"It meets {n}."} for n in range(20)),
        ],
    )

    page = page_of(riley, change)

    assert page.count("No time-outs.") == 1
    assert "100 items</a>" in page
    assert "It meets 2." in page
    assert "It meets 3." not in page
    assert '<a href="?code=overlap#lines">17 more' in page
    assert numbers(page) == list(range(41, 141))
    assert numbers(page_of(riley, change, "?part=2"))[:3] == [8, 1, 2]
    assert numbers(page_of(riley, change, "?code=overlap"))[:3] == [8, 1, 2]
    assert len(numbers(page_of(riley, change, "?code=overlap"))) == 20
    assert numbers(page_of(riley, change, "?find=R10"))[-1] == 110
    assert "No item is like that." in page_of(riley, change, "?find=zanzibar")


def test_it_is_delivered_with_progress(
    desk: Desk, riley: Client, large: ChangeRequest
) -> None:
    desk.approve(large)
    assert f"0 of {COUNT} written" in page_of(riley, large)

    desk.deliver(large)

    assert large.state == State.APPLIED
    page = page_of(riley, large)
    assert f"All {COUNT} items stand as wanted" in page
    assert f"{4 * COUNT} requests, {4 * COUNT} as they should be" in page
    assert fates(page) == ["Verified live"] * ROWS
    assert f"{ROWS + 1} to {2 * ROWS} of {COUNT}, part 2 of 3" in page_of(
        riley, large, "?fates=2"
    )


def fates(page: str) -> list[str]:
    """How each item fares that the page has a row of."""
    return re.findall(r'<span class="fate fate--\w+"><svg.*?</svg> ([^<]+)<', page)


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
