"""The picture of a gateway: all of a small one, of a large one what was chosen."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from gateway.topology.mirrored import ROUTES_AT_MOST
from tests.factories import make_gateway, make_resource

As = Callable[[str], Client]
PAGE = "/gateways/default/topology/"
MANY = ROUTES_AT_MOST + 5


def keys(page: str) -> set[str]:
    return set(re.findall(r'data-key="([^"]+)"', page))


def of_kind(page: str, kind: str) -> set[str]:
    return {key for key in keys(page) if key.startswith(f"{kind}/")}


def hold_many(gateway: Gateway) -> None:
    """Most routes of one host by a service, some of another, one of none."""
    make_resource(gateway, "upstream", "u", {"nodes": {"10.0.0.1:80": 1}})
    make_resource(gateway, "service", "s", {"upstream_id": "u", "host": "by.example"})
    for number in range(MANY):
        document: dict[str, Any] = {"uri": f"/{number}", "service_id": "s"}
        if number:
            document["host"] = f"h{number % 3}.example"
        make_resource(gateway, "route", f"r{number:03}", document)
    make_resource(gateway, "route", "odd", {"uri": "/odd", "upstream_id": "other"})


def test_a_small_gateway_is_drawn_whole_and_told_in_words(
    as_: As, gateway: Gateway
) -> None:
    make_resource(gateway, "upstream", "u", {"nodes": {"10.0.0.1:80": 0}})
    make_resource(
        gateway, "route", "r", {"name": "<b>R", "uri": "/", "upstream_id": "u"}
    )
    make_resource(make_gateway("other"), "route", "theirs", {"uri": "/"})

    page = as_("audrey").get(PAGE).content.decode()

    assert keys(page) == {"host/*", "route/r", "upstream/u", "node/10.0.0.1:80"}
    assert 'href="/gateways/default/routes/r/"' in page
    assert "&lt;b&gt;R" in page
    words = page[page.index("The same in words") :]
    assert "upstream u, http · roundrobin" in words
    assert "node 10.0.0.1:80, weight 0: gets no requests" in words


def test_of_many_routes_hosts_are_shown_with_what_they_lead_to(
    as_: As, gateway: Gateway
) -> None:
    hold_many(gateway)
    client = as_("audrey")

    page = client.get(PAGE).content.decode()

    assert of_kind(page, "route") == set()
    assert of_kind(page, "host") == {f"host/h{n}.example" for n in range(3)}
    assert f'href="{PAGE}?host=h1.example"' in page
    assert f'href="{PAGE}?service=s"' in page
    assert "22 routes" in page
    assert f"{MANY + 1} routes are too many" in page


@pytest.mark.parametrize(
    ("asked", "routes"),
    [
        ("host=h1.example", {f"r{n:03}" for n in range(1, MANY, 3)}),
        ("host=*", {"r000", "odd"}),
        ("upstream=other", {"odd"}),
        ("route=r007", {"r007"}),
        ("mark=r007", {"r007"}),
        ("host=nowhere", set()),
        ("upstream=other&host=h1.example", set()),
    ],
)
def test_what_was_chosen_is_drawn(
    as_: As, gateway: Gateway, asked: str, routes: set[str]
) -> None:
    hold_many(gateway)

    page = as_("audrey").get(f"{PAGE}?{asked}").content.decode()

    assert of_kind(page, "route") == {f"route/{one}" for one in routes}


@pytest.mark.parametrize("asked", ["service=s", "upstream=u", "host=by.example"])
def test_more_than_fit_are_counted(as_: As, gateway: Gateway, asked: str) -> None:
    hold_many(gateway)

    page = as_("audrey").get(f"{PAGE}?{asked}").content.decode()

    assert len(of_kind(page, "route")) == ROUTES_AT_MOST
    assert f"{ROUTES_AT_MOST} of {MANY} routes" in page


def test_the_way_that_was_asked_for_is_lit(as_: As, gateway: Gateway) -> None:
    for name in "ab":
        nodes = {"nodes": {f"{name}.internal:80": 1}}
        make_resource(gateway, "route", name, {"uri": f"/{name}", "upstream": nodes})

    page = as_("audrey").get(f"{PAGE}?mark=b").content.decode()

    lit = set(re.findall(r'is-lit" data-key="([^"]+)"', page))
    assert lit == {"host/*", "route/b", "inline/route/b/0", "node/b.internal:80"}


def test_an_empty_gateway_says_so(as_: As, gateway: Gateway) -> None:
    client = as_("audrey")

    assert "holds no route" in client.get(PAGE).content.decode()
    assert "No route fits" in client.get(f"{PAGE}?mark=x").content.decode()


@pytest.mark.parametrize("asked", ["", "?host=h1.example", "?upstream=u", "?mark=r007"])
def test_a_large_gateway_costs_few_queries(
    as_: As, gateway: Gateway, asked: str
) -> None:
    hold_many(gateway)
    client = as_("riley")

    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(PAGE + asked)

    assert len(captured) <= 12
