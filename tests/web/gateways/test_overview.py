"""A gateway at a glance, and the way from each of its pages to the others."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from tests.factories import (
    Cast,
    make_change,
    make_drift,
    make_freeze,
    make_person,
    make_resource,
)
from tests.web.gateways.test_certificates import hold

As = Callable[[str], Client]


def test_it_tells_what_is_held_what_is_asked_and_what_needs_somebody(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    make_resource(gateway)
    make_resource(gateway, "upstream", "u1", {"nodes": {}})
    change = make_change(gateway=gateway, author=people.alice)
    make_freeze(people.admin, reason="Black Friday")
    hold(gateway, "soon", 12)
    hold(gateway, "fine", 300)

    page = as_("alice").get("/gateways/default/").content.decode()

    assert re.search(r'href="/gateways/default/routes/">Routes <span[^>]*>1<', page)
    assert re.search(
        r'href="/gateways/default/upstreams/">Upstreams <span[^>]*>1<', page
    )
    assert f'href="{change.get_absolute_url()}"' in page
    assert "Black Friday" in page
    assert "soon.example.com" in page
    assert "fine.example.com" not in page


def test_more_of_everything_costs_no_more_queries(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    def queries() -> int:
        client = as_("riley")
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/gateways/default/").status_code == 200
        return len(captured)

    def fill(count: int) -> None:
        for number in range(count):
            make_change(gateway=gateway, author=make_person())
            make_drift(gateway)
            hold(gateway, f"c{number}-{count}", 12)

    fill(2)
    few = queries()
    fill(9)

    assert queries() == few <= 12


def test_a_gateway_in_trouble_says_so(as_: As, gateway: Gateway) -> None:
    gateway.trouble = "It refused the connection."
    gateway.save()

    page = as_("alice").get("/gateways/default/").content.decode()

    assert "It does not answer: It refused the connection." in page


@pytest.mark.parametrize(
    ("address", "current"),
    [
        ("", "Overview"),
        ("routes/", "Resources"),
        ("routes/r1/", "Resources"),
        ("services/", "Resources"),
        ("topology/", "Topology"),
        ("simulator/", "Try a request"),
        ("drift/", "Drift"),
        ("drift/rules/", "Drift"),
        ("drift/{drift}/", "Drift"),
        ("freezes/", "Freezes"),
        ("certificates/", "Certificates"),
        ("openapi/", "OpenAPI"),
        ("transfer/", "Files"),
    ],
)
def test_its_pages_lead_to_each_other(
    as_: As, gateway: Gateway, address: str, current: str
) -> None:
    drift = make_drift(gateway, resource_id="r1")
    asked = address.format(drift=drift.pk)

    page = as_("omar").get(f"/gateways/default/{asked}").content.decode()

    tabs = re.search(r'aria-label="Gateway default">(.*?)</nav>', page, re.DOTALL)
    assert tabs
    assert re.findall(r'aria-current="page">([^<]+?) ?<', tabs[1]) == [current]
    assert 'Drift <span class="tabs__count">1</span>' in tabs[1]
    assert "Settings" not in tabs[1]


def test_who_works_in_the_back_office_finds_the_settings(
    as_: As, gateway: Gateway
) -> None:
    page = as_("admin").get("/gateways/default/").content.decode()

    address = f"/admin/gateway/gateway/{gateway.pk}/change/"
    assert f'href="{address}">Settings<' in page
