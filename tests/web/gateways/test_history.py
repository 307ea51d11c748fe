"""What happened to a resource, on its page."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.models import Gateway
from portal.changes.models import DeliveryState
from portal.changes.states import State
from portal.drift.models import Drift, DriftState, What
from portal.drift.scan import scan
from tests.changes.conftest import Desk, conference, desk
from tests.changes.delivering import deletes, route, updates
from tests.factories import (
    Cast,
    item,
    make_change,
    make_delivery,
    make_gateway,
    make_review,
)
from tests.web.conftest import sign_in

__all__ = ["desk"]

As = Callable[[str], Client]
ENTRY = re.compile(r'<li class="talk__entry">.*?</li>', re.DOTALL)


def entries(page: str) -> list[str]:
    """The words of each entry, without its differences."""
    found = [
        re.sub(r"<details.*", " ", one, flags=re.DOTALL) for one in ENTRY.findall(page)
    ]
    return [" ".join(re.sub(r"<.*?>", " ", one).split()) for one in found]


def read(client: Client, query: str = "", route_id: str = "r") -> str:
    response = client.get(f"/gateways/default/routes/{route_id}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_it_tells_who_asked_who_approved_and_what_came_past_us(desk: Desk) -> None:
    scan(desk.gateway)
    made = desk.applied(route("one"))
    desk.sandbox.put("route", "one", conference(uri="/one", desc="By hand"))
    scan(desk.gateway)
    changed = desk.applied(updates("route", "one", methods=["GET"]))
    gone = desk.applied(deletes("route", "one"))
    desk.ask(route("one"))  # not delivered: it did nothing

    page = read(sign_in(desk.people.audrey), route_id="one")
    told = entries(page)

    assert len(told) == 4
    for words, start in zip(
        told,
        (
            f"Deleted by #{gone.number} ",
            f"Updated by #{changed.number} ",
            "Altered outside of Gatehouse ",
            f"Created by #{made.number} ",
        ),
        strict=True,
    ):
        assert words.startswith(start)
    assert told[0].endswith("Asked by alice , approved by riley .")
    assert "By hand" in page


def applied(gateway: Gateway, people: Cast, minutes_ago: int) -> int:
    """A change of route r that was delivered so long ago; its number."""
    change = make_change(
        gateway=gateway,
        author=people.alice,
        state=State.APPLIED,
        items=[item("update", resource_id="r")],
    )
    make_review(change.latest_revision(), people.riley)
    delivery = make_delivery(change, state=DeliveryState.VERIFIED)
    delivery.finished_at = timezone.now() - timedelta(minutes=minutes_ago)
    delivery.save(update_fields=["finished_at"])
    return change.number


def drifted(gateway: Gateway, minutes_ago: int) -> int:
    return Drift.objects.create(
        gateway=gateway,
        kind="route",
        resource_id="r",
        what=What.CREATED,
        live={"uri": "/r"},
        state=DriftState.GONE,
        first_seen=timezone.now() - timedelta(minutes=minutes_ago),
    ).pk


def test_two_lists_are_read_as_one_page_by_page(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    expected = []
    for minutes in range(1, 26):
        if minutes % 3:
            expected.append(f"#{applied(gateway, people, minutes)}")
        else:
            drifted(gateway, minutes)
            expected.append("outside")
    client, query, found = as_("alice"), "", []

    for count in (10, 10, 5):
        page = read(client, query)
        told = entries(page)
        assert len(told) == count
        found += [
            match[0] for words in told if (match := re.search(r"#\d+|outside", words))
        ]
        older = re.search(r'href="(\?before=[^"#]+)#history" rel="next"', page)
        assert bool(older) == (count == 10)
        query = older[1] if older else ""

    assert found == expected


def test_what_happened_at_one_moment_is_told_once(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    for _ in range(8):
        applied(gateway, people, 5)
        drifted(gateway, 5)
    moment = timezone.now()
    Drift.objects.update(first_seen=moment)
    for delivery in gateway.deliveries.all():
        delivery.finished_at = moment
        delivery.save()
    client = as_("alice")

    first = read(client)
    older = re.search(r'href="(\?before=[^"#]+)#history" rel="next"', first)
    assert older
    second = read(client, older[1])

    links = re.compile(r'<p>(?:<span class="strong">\w+</span> by )?<a href="([^"]+)"')
    told = links.findall("".join(ENTRY.findall(first) + ENTRY.findall(second)))
    assert len(told) == len(set(told)) == 16


@pytest.mark.parametrize(
    "query",
    [
        "?before=x",
        "?before=20261399000000000000c1",
        "?before=%00",
        "?before=" + "9" * 99,
    ],
)
def test_a_place_that_makes_no_sense_shows_the_first_page(
    as_: As, gateway: Gateway, people: Cast, query: str
) -> None:
    applied(gateway, people, 1)

    assert len(entries(read(as_("alice"), query))) == 1


def test_other_gateways_and_what_failed_are_left_out(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    applied(make_gateway("other"), people, 1)
    failed = make_change(
        gateway=gateway,
        author=people.alice,
        state=State.FAILED,
        items=[item("update", resource_id="r")],
    )
    make_delivery(failed, state=DeliveryState.FAILED)

    assert entries(read(as_("alice"))) == []


def test_the_page_costs_the_same_however_much_happened(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    def cost() -> int:
        client = as_("alice")
        with CaptureQueriesContext(connection) as captured:
            read(client)
        return len(captured)

    applied(gateway, people, 1)
    drifted(gateway, 2)
    few = cost()
    for minutes in range(3, 20):
        applied(gateway, people, minutes)
        drifted(gateway, minutes)

    assert cost() == few
