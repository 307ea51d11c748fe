"""Whose part a change touches: by places first, then by labels, on both sides of it."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.accounts.models import Ownership
from portal.changes.owners import Owned, owned_in
from portal.changes.ownership import Sides
from tests.factories import make_gateway, make_resource

pytestmark = pytest.mark.django_db
Sets = set[tuple[str, ...]]

CART: dict[str, Any] = {"host": "shop.example.com", "uri": "/cart/*"}
PAY: dict[str, Any] = {"host": "pay.example.com", "uri": "/*"}
SHOPS: dict[str, Any] = {"labels": {"team": "shop"}}
MARKED: dict[str, Any] = {"host": "old.org", "uri": "/", "labels": {"team": "shop"}}


def owning(name: str, **fields: Any) -> None:
    group, _ = Group.objects.get_or_create(name=name)
    Ownership.objects.create(group=group, **fields)


@pytest.fixture
def gateway(db: None) -> Gateway:
    """Shop owns a host and a label, pay a host, cart a path on every host."""
    gateway = make_gateway()
    owning("shop", host="shop.example.com")
    owning("shop", labels={"team": "shop"})
    owning("pay", host="pay.example.com")
    owning("cart", uri_prefix="/cart")
    owning("elsewhere", host="*.example.com", gateway=make_gateway("other"))
    for name, document in {
        "shop": {"host": "shop.example.com", "uri": "/goods", "upstream_id": "both"},
        "by-service": {"uri": "/by-service", "service_id": "pay"},
    }.items():
        make_resource(gateway, "route", name, document)
    make_resource(
        gateway, "service", "pay", {"hosts": ["pay.example.com"], "upstream_id": "both"}
    )
    make_resource(gateway, "upstream", "both", {"nodes": {}})
    return gateway


def groups(gateway: Gateway, *items: Sides) -> Sets:
    return {one.groups for one in owned_in(items, gateway)}


def new(document: dict[str, Any], kind: str = "route") -> Sides:
    return Sides(kind, "new", None, document)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (new(PAY), {("pay",)}),
        (new(CART), {("cart", "shop")}),
        (new({"hosts": [PAY["host"], "any.org"], "uri": "/"}), {("pay",), ()}),
        (new({"host": "*.example.com", "uri": "/goods"}), {("pay", "shop"), ()}),
        (new({"uri": "/*"}), {("cart", "pay", "shop"), ()}),
        (new({"host": "any.org", "uri": "/cartoon"}), {()}),
        (new({"host": "any.org", "uri": "/ca*"}), {("cart",), ()}),
        (new({"uri": "/new", "service_id": "pay"}), {("pay",)}),
        (new(PAY | {"labels": {"team": "shop"}}), {("pay",)}),
        (Sides("route", "theirs", PAY, CART), {("pay",), ("cart", "shop")}),
        (Sides("route", "marked", MARKED, MARKED | {"labels": {}}), {("shop",), ()}),
        (Sides("route", "gone", PAY, None), {("pay",)}),
        (Sides("upstream", "both", {}, {"retries": 1}), {("shop",), ("pay",)}),
        (
            Sides("service", "pay", {"hosts": [PAY["host"]]}, {}),
            {("pay",), ("pay", "shop")},
        ),
        (new({"labels": {"team": "shop"}}, "upstream"), {("shop",)}),
        (new({}, "upstream"), {()}),
        (new({"plugins": {}}, "global_rule"), {()}),
        (new(MARKED), {("shop",), ()}),
        (Sides("route", "marked", MARKED, MARKED | {"priority": 9}), {("shop",)}),
        (Sides("route", "marked", MARKED, MARKED | {"uri": "/o/*"}), {("shop",), ()}),
        (new({"username": "x", **SHOPS}, "consumer"), {("shop",), ()}),
        (Sides("consumer", "x", SHOPS, SHOPS | {"desc": "-"}), {("shop",)}),
        (Sides("ssl", "x", SHOPS, SHOPS | {"snis": ["a.org"]}), {("shop",), ()}),
        (
            Sides("service", "pay", SHOPS, SHOPS | {"hosts": [PAY["host"]]}),
            {("shop",), ("pay",), ("pay", "shop")},
        ),
    ],
    ids=[
        "inside of a part",
        "inside of two",
        "half of it nobody's",
        "wider than two parts",
        "wider than all",
        "a path that only begins so",
        "a pattern that may be more",
        "by the service's hosts",
        "a label takes no place over",
        "both sides",
        "a label taken off",
        "deleted",
        "by all that refers to it",
        "a service that loses its hosts",
        "by a label",
        "needed by nobody",
        "for everybody",
        "a label of a new route",
        "a label that it had, where it was",
        "a label that it had, elsewhere",
        "a label of a new consumer",
        "a consumer of its label",
        "a certificate for another name",
        "a service of its label that moves routes",
    ],
)
def test_an_item_has_the_owners_of_all_that_it_touches(
    gateway: Gateway, item: Sides, expected: Sets
) -> None:
    assert groups(gateway, item) == expected


def test_what_a_change_brings_itself_is_looked_at_too(gateway: Gateway) -> None:
    service = Sides("service", "n", None, {"hosts": ["shop.example.com"]})
    route = new({"uri": "/x", "service_id": "n"})

    assert owned_in([service, route], gateway) == (
        Owned(("shop",), "service n", more=1),
    )


def test_a_large_change_asks_as_little_as_a_small_one(
    gateway: Gateway, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    routes = [
        Sides("route", f"r{n}", None, PAY | {"service_id": f"s{n}"}) for n in range(600)
    ]
    upstreams = [Sides("upstream", f"u{n}", {}, {"retries": 1}) for n in range(600)]

    # Ownerships, services, and each of eight kinds that may refer to upstreams.
    with django_assert_max_num_queries(11):
        found = owned_in([*routes, *upstreams], gateway)

    assert sum(one.more + 1 for one in found) == 1_200
    with django_assert_max_num_queries(2):
        owned_in(routes, gateway)
