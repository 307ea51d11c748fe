"""A gateway's resources, narrowed and in order, on either database."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import Ownership
from tests.factories import make_gateway, make_resource

As = Callable[[str], Client]
ROUTES: dict[str, dict[str, Any]] = {
    "a": {
        "name": "Zebra",
        "uri": "/zebra/*",
        "host": "Shop.example.com",
        "methods": ["GET"],
        "plugins": {"key-auth": {}},
        "labels": {"team": "shop", "managed-by": "adc"},
    },
    "b": {
        "name": "apple",
        "uri": "/apple",
        "hosts": ["pay.example.com", "shop.example.com"],
        "methods": ["POST", "GET"],
        "plugins": {"cors": {}},
        "labels": {"team": "pay"},
        "status": 0,
    },
    "c": {"uri": "/cherry", "desc": "Of the orchard.", "labels": {"teams": "shop"}},
}


@pytest.fixture
def routes(gateway: Gateway) -> None:
    for name, document in ROUTES.items():
        make_resource(gateway, "route", name, document)
    make_resource(make_gateway("other"), "route", "x", ROUTES["a"])
    make_resource(gateway, "service", "s", ROUTES["a"])
    make_resource(gateway, "service", "t", {"hosts": ["inner.example.net"]})
    make_resource(gateway, "route", "d", {"uri": "/date", "service_id": "t"})


def found(page: str) -> list[str]:
    return re.findall(
        r'scope="row"[^>]*>\s*<a href="/gateways/default/routes/(\w+)/"', page
    )


@pytest.mark.usefixtures("routes")
@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({}, ["a", "b", "c", "d"]),
        ({"q": "APPLE"}, ["b"]),
        ({"q": "orchard"}, ["c"]),
        ({"host": "shop"}, ["a", "b"]),
        ({"host": "PAY.example.com"}, ["b"]),
        ({"host": "INNER"}, ["d"]),
        ({"plugin": "cors"}, ["b"]),
        ({"plugin": "cor"}, []),
        ({"label": "team=shop"}, ["a"]),
        ({"label": "team"}, ["a", "b"]),
        ({"owner": "ADC"}, ["a"]),
        ({"method": "POST"}, ["b"]),
        ({"status": "off"}, ["b"]),
        ({"status": "on"}, ["a", "c", "d"]),
        ({"status": "on", "host": "shop.example.com", "q": "zeb"}, ["a"]),
        ({"sort": "name"}, ["b", "c", "d", "a"]),
        ({"sort": "nonsense", "status": "nonsense"}, ["a", "b", "c", "d"]),
        ({"plugin": "a\x00b", "label": "%"}, []),
    ],
)
def test_what_fits_is_listed_in_order(
    as_: As, asked: dict[str, str], ids: list[str]
) -> None:
    address = f"/gateways/default/routes/?{urlencode(asked)}"
    client = as_("audrey")

    assert found(client.get(address).content.decode()) == ids
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert found(fragment) == ids
    assert "<html" not in fragment


@pytest.mark.usefixtures("routes")
def test_a_route_without_hosts_is_listed_with_those_of_its_service(as_: As) -> None:
    page = as_("audrey").get("/gateways/default/routes/").content.decode()

    assert "inner.example.net/date" in re.sub(r"<wbr>", "", page)


OWNED: dict[str, dict[str, Any]] = {
    "cart": {"uris": ["/other", "/Cart/*"], "host": "shop.example.com"},
    "carts": {"uri": "/carts", "host": "shop.example.com"},
    "exact": {"uri": "/cart", "host": "eu.shop.example.com"},
    "free": {"uri": "/cart/free"},
    "inherits": {"uri": "/cart/x", "service_id": "s"},
    "own": {"uri": "/cart/x", "service_id": "s", "host": "pay.example.com"},
    "labelled": {"uri": "/x", "labels": {"team": "shop", "tier": "1"}},
}


@pytest.mark.parametrize(
    ("parts", "ids"),
    [
        ([{"host": "shop.example.com"}], ["cart", "carts", "inherits"]),
        ([{"host": "*.example.com"}], ["cart", "carts", "exact", "inherits", "own"]),
        ([{"uri_prefix": "/cart/"}], ["cart", "exact", "free", "inherits", "own"]),
        (
            [{"host": "shop.example.com", "uri_prefix": "/cart"}],
            ["cart", "inherits"],
        ),
        ([{"labels": {"team": "shop", "tier": "1"}}], ["labelled"]),
        ([{"labels": {"team": "shop", "tier": "2"}}], []),
        (
            [{"uri_prefix": "/carts"}, {"labels": {"team": "shop"}}],
            ["carts", "labelled"],
        ),
    ],
    ids=["host", "below-host", "path", "both", "labels", "no-such-label", "parts"],
)
def test_what_a_group_owns_is_found_by_any_of_its_places(
    as_: As, gateway: Gateway, parts: list[dict[str, Any]], ids: list[str]
) -> None:
    make_resource(gateway, "service", "s", {"hosts": ["shop.example.com"]})
    for name, document in OWNED.items():
        make_resource(gateway, "route", name, document)
    shop = Group.objects.create(name="shop & co")
    for part in parts:
        Ownership.objects.create(group=shop, **part)
    elsewhere = make_gateway("other")
    Ownership.objects.create(group=shop, gateway=elsewhere, uri_prefix="/")
    client = as_("audrey")

    page = client.get("/gateways/default/routes/?group=shop+%26+co").content.decode()
    nobodys = client.get("/gateways/default/routes/?group=nobody").content.decode()

    assert found(page) == ids
    assert '<option value="shop &amp; co" selected>shop &amp; co</option>' in page
    assert found(nobodys) == []


@pytest.mark.usefixtures("routes")
def test_what_can_be_chosen_is_what_is_there_with_how_often(as_: As) -> None:
    page = as_("audrey").get("/gateways/default/routes/?plugin=cors").content.decode()

    assert re.search(r'value="cors" selected>\s*cors \(1\)', page)
    assert '<option value="shop.example.com">2</option>' in page
    assert '<option value="inner.example.net"></option>' in page
    assert '<option value="ADC">ADC (1)</option>' in page
    assert '<details class="more" open>' in page


def test_by_name_it_is_paged_without_gap_or_repetition(
    as_: As, gateway: Gateway
) -> None:
    for number in range(120):
        # Many are called alike.
        make_resource(
            gateway, "route", f"r{number:03}", {"name": f"N{number % 3}", "uri": "/"}
        )
    client, seen = as_("audrey"), []
    address = "/gateways/default/routes/?sort=name&status=on"

    while address:
        page = client.get(address).content.decode()
        seen += found(page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        address = (
            "/gateways/default/routes/" + older[1].replace("&amp;", "&")
            if older
            else ""
        )

    numbers = [int(name[1:]) for name in seen]
    assert numbers == sorted(range(120), key=lambda number: (number % 3, number))


def test_a_word_that_nothing_has_is_said_with_what_was_chosen(
    as_: As, gateway: Gateway
) -> None:
    page = (
        as_("audrey").get("/gateways/default/routes/?q=x&method=PUT").content.decode()
    )

    assert "No route fits “x” and method “PUT”." in page
