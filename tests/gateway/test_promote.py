"""What a document of one gateway becomes on another."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.promote import Dictionary, Document, promoted
from gateway.secret_fields import texts
from gateway.variables import AT_MOST, trouble_with
from tests.gateway.made_up import documents_of

STAGING = {"shop_host": "shop.staging.example.com", "orders": "10.0.0.7:8080"}
PRODUCTION = {"shop_host": "shop.example.com", "orders": "orders.internal:80"}
THERE = Dictionary(STAGING, PRODUCTION)
BACK = Dictionary(PRODUCTION, STAGING)


def became(kind: str, document: Document, dictionary: Dictionary = THERE) -> Document:
    """What it becomes; nothing may be kept as it is."""
    new, kept = promoted(kind, document, dictionary)
    assert kept == ()
    return new


def kept(kind: str, document: Document, dictionary: Dictionary = THERE) -> list[str]:
    """What is told of a document that stays as it is."""
    new, found = promoted(kind, document, dictionary)
    assert new == document
    return [f"{one.path} ({one.variable}): {one.why}" for one in found]


@pytest.mark.parametrize(
    ("kind", "document", "new"),
    [
        (
            "route",
            {"host": "shop.staging.example.com"},
            {"host": "shop.example.com"},
        ),
        (
            "service",
            {"hosts": ["a.example.com", "shop.staging.example.com"]},
            {"hosts": ["a.example.com", "shop.example.com"]},
        ),
        (
            "ssl",
            {"sni": "shop.staging.example.com", "snis": ["shop.staging.example.com"]},
            {"sni": "shop.example.com", "snis": ["shop.example.com"]},
        ),
        (
            "upstream",
            {
                "nodes": {"10.0.0.7:8080": 1, "shop.staging.example.com:444": 2},
                "pass_host": "rewrite",
                "upstream_host": "shop.staging.example.com",
                "checks": {"active": {"host": "shop.staging.example.com"}},
            },
            {
                "nodes": {"orders.internal:80": 1, "shop.example.com:444": 2},
                "pass_host": "rewrite",
                "upstream_host": "shop.example.com",
                "checks": {"active": {"host": "shop.example.com"}},
            },
        ),
        (
            "route",
            {
                "upstream": {
                    "nodes": [
                        {"host": "10.0.0.7", "port": 8080, "weight": 1},
                        {"host": "10.0.0.7", "port": 8081, "weight": 1},
                        {"host": "shop.staging.example.com", "weight": 1},
                    ]
                }
            },
            {
                "upstream": {
                    "nodes": [
                        {"host": "orders.internal", "port": 80, "weight": 1},
                        {"host": "10.0.0.7", "port": 8081, "weight": 1},
                        {"host": "shop.example.com", "weight": 1},
                    ]
                }
            },
        ),
        (
            "route",
            {
                "plugins": {
                    "traffic-split": {
                        "rules": [
                            {
                                "weighted_upstreams": [
                                    {"weight": 1},
                                    {"upstream": {"nodes": {"10.0.0.7:8080": 1}}},
                                ]
                            }
                        ]
                    }
                }
            },
            {
                "plugins": {
                    "traffic-split": {
                        "rules": [
                            {
                                "weighted_upstreams": [
                                    {"weight": 1},
                                    {"upstream": {"nodes": {"orders.internal:80": 1}}},
                                ]
                            }
                        ]
                    }
                }
            },
        ),
    ],
)
def test_hosts_and_nodes_become_the_target_s_own(
    kind: str, document: Document, new: Document
) -> None:
    before = deepcopy(document)

    assert became(kind, document) == new
    assert became(kind, new, BACK) == document
    assert document == before


@pytest.mark.parametrize(
    "host",
    [
        "x.shop.staging.example.com",
        "shop.staging.example.com.evil.com",
        "*.example.com",
    ],
)
def test_a_part_of_a_host_is_another_host(host: str) -> None:
    for document in ({"hosts": [host]}, {"upstream": {"nodes": {f"{host}:80": 1}}}):
        assert kept("route", document) == []


def test_what_has_no_variable_on_the_target_stays_and_is_told() -> None:
    dictionary = Dictionary(STAGING, {"shop_host": "shop.example.com"})

    assert kept("upstream", {"nodes": {"10.0.0.7:8080": 1}}, dictionary) == [
        "nodes.10.0.0.7:8080 (orders): the target has no variable orders"
    ]


def test_what_is_not_sure_stays_and_is_told() -> None:
    two = Dictionary({"a": "one", "b": "one"}, {"a": "x", "b": "y"})
    ports = Dictionary({"a": "one"}, {"a": "x:80"})
    same = Dictionary({"a": "one:80"}, {"a": "two:80"})

    assert kept("route", {"host": "one"}, two) == [
        "host (a): a and b differ on the target"
    ]
    assert kept("upstream", {"nodes": {"one:80": 1}}, ports) == [
        "nodes.one:80 (a): a has a port on one of the gateways only"
    ]
    assert kept("upstream", {"nodes": {"one:80": 1, "two:80": 2}}, same) == [
        "nodes.one:80 (a): two nodes would become one"
    ]
    assert became("route", {"host": "one"}, Dictionary(two.source, {"b": "y"})) == {
        "host": "y"
    }


def test_a_value_in_a_plugin_s_settings_stays_and_is_told() -> None:
    document = {
        "name": "at shop.staging.example.com",
        "plugins": {
            "redirect": {"uri": "https://shop.staging.example.com/new"},
            "proxy-rewrite": {"host": "not-shop.staging.example.com"},
        },
    }

    assert kept("route", document) == [
        "plugins.redirect.uri (shop_host): only whole hosts and nodes are replaced"
    ]
    assert kept("route", document, Dictionary(STAGING, STAGING)) == []


KINDS = st.sampled_from(["route", "service", "upstream", "ssl", "stream_route"])
# No value of the one is part of the other's, and some are no variable at all.
ONE = {f"v{n}": value for n, value in enumerate(["ab.c", "*.ab.c", "b:80", "[::1]:9"])}
OTHER = {f"v{n}": value for n, value in enumerate(["xy.z", "*.xy.z", "y:8", "[::2]:1"])}
HOST = st.sampled_from(["ab.c", "*.ab.c", "b", "c.ab.c", "ab", "[::1]"])
PORT = st.sampled_from([9, 80, 443])
NODE = st.fixed_dictionaries(
    {"host": HOST, "weight": st.just(1)}, optional={"port": PORT}
)
UPSTREAM = st.fixed_dictionaries(
    {},
    optional={
        "upstream_host": HOST,
        "nodes": st.lists(NODE, max_size=4)
        | st.dictionaries(
            st.builds("{}:{}".format, HOST, PORT) | HOST, st.just(1), max_size=4
        ),
    },
)


@st.composite
def addressed(draw: st.DrawFn) -> tuple[str, Document]:
    """A made-up document, with hosts and nodes of which some are variables' values."""
    kind = draw(KINDS)
    document: Document = draw(documents_of(kind))
    for name in ("host", "sni"):
        document[name] = draw(HOST)
    for name in ("hosts", "snis"):
        document[name] = draw(st.lists(HOST, unique=True, max_size=3))
    document["upstream"] = draw(UPSTREAM)
    return kind, document | draw(UPSTREAM)


@given(addressed())
def test_equal_variables_change_nothing(one: tuple[str, Document]) -> None:
    assert became(*one, Dictionary(ONE, ONE)) == one[1]


@given(addressed())
def test_there_and_back_is_the_same_document(one: tuple[str, Document]) -> None:
    kind, document = one
    there, _ = promoted(kind, document, Dictionary(ONE, OTHER))

    assert promoted(kind, there, Dictionary(OTHER, ONE))[0] == document


@given(addressed())
def test_every_text_is_as_it_was_or_the_whole_of_a_value(
    one: tuple[str, Document],
) -> None:
    kind, document = one
    there, _ = promoted(kind, document, Dictionary(ONE, OTHER))
    # With its port, a node's host may be a part of the value.
    wholes = {*ONE.values(), *(value.rpartition(":")[0] for value in ONE.values())}

    after: Any = dict(texts(there))
    for path, text in texts(document):
        assert after[path] == text or text in wholes


def test_variables_are_hosts_and_addresses_by_name() -> None:
    fine = {
        "shop_host": "shop.example.com",
        "any": "*.example.com",
        "orders": "10.0.0.7:8080",
        "v6": "[2001:db8::1]:80",
        "service": "orders",
    }

    assert trouble_with(fine) == ""
    for name in ("", "Shop", "1a", "a-b", "a" * 41):
        assert "is no name" in trouble_with({name: "a"})
    for value in (
        "",
        "a b",
        "http://a",
        "a/b",
        "a:0",
        "a:70000",
        "2001:db8::1",
        1,
        None,
    ):
        assert "is no host" in trouble_with({"a": value})
    assert "object" in trouble_with(["a"])
    assert "at most" in trouble_with({f"a{n}": "b" for n in range(AT_MOST + 1)})
