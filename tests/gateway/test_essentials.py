"""What most people say of a route: read it, put it back, change it."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.essentials import Essentials, essentials_of, with_essentials
from gateway.merge import MergeError

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["nodes", "scheme", "a:1", "x"]), below)
    ),
    max_leaves=8,
)
routes = st.dictionaries(
    st.sampled_from(
        ["uri", "uris", "host", "hosts", "methods", "name", "upstream"]
        + ["upstream_id", "service_id", "plugins", "vars"]
    ),
    anything,
)


@given(routes)
def test_what_was_read_and_put_back_changes_nothing(route: dict[str, Any]) -> None:
    before = deepcopy(route)

    assert with_essentials(route, essentials_of(route)) == before
    assert route == before


@given(routes, st.lists(st.sampled_from(["/a", "/b/*"]), min_size=1, unique=True))
def test_one_edit_changes_one_thing(route: dict[str, Any], uris: list[str]) -> None:
    held = essentials_of(route)

    made = with_essentials(route, replace(held, uris=tuple(uris)))

    assert essentials_of(made) == replace(held, uris=tuple(uris))
    for document in (made, route):
        document.pop("uri", None)
        document.pop("uris", None)
    assert made == route


UPSTREAM = {"nodes": {"10.0.0.1:80": 1}, "timeout": {"read": 3}, "type": "chash"}


@pytest.mark.parametrize(
    ("route", "goes_to", "expected"),
    [
        ({}, "http://h", {"upstream": {"type": "roundrobin", "scheme": "http", "nodes": {"h:80": 1}}}),
        ({}, "https://a https://b:1", {"upstream": {"type": "roundrobin", "scheme": "https", "nodes": {"a:443": 1, "b:1": 1}}}),
        ({"upstream": UPSTREAM}, "upstream shop", {"upstream_id": "shop"}),
        ({"upstream": UPSTREAM}, "service s", {"service_id": "s"}),
        ({"upstream_id": "u", "service_id": "s"}, "service t", {"service_id": "t"}),
        ({"upstream_id": "u"}, "http://h:1", {"upstream": {"type": "roundrobin", "scheme": "http", "nodes": {"h:1": 1}}}),
    ],
)  # fmt: skip
def test_it_goes_where_it_is_sent(
    route: dict[str, Any], goes_to: str, expected: dict[str, Any]
) -> None:
    assert with_essentials(route, Essentials(goes_to=goes_to)) == expected


def test_another_address_keeps_how_it_is_asked() -> None:
    made = with_essentials({"upstream": UPSTREAM}, Essentials(goes_to="http://h:1"))

    assert made["upstream"]["timeout"] == {"read": 3}
    assert made["upstream"]["type"] == "chash"


@pytest.mark.parametrize(
    ("upstream", "shown"),
    [
        ({"nodes": {"a:1": 1, "b:2": 1}, "scheme": "grpc"}, "grpc://a:1 grpc://b:2"),
        ({"nodes": {"a:1": 1, "b:2": 3}}, ""),
        ({"nodes": [{"host": "a", "port": 1, "weight": 1}]}, ""),
        ({"service_name": "x", "discovery_type": "dns"}, ""),
    ],
)
def test_only_what_addresses_can_say_is_shown(
    upstream: dict[str, Any], shown: str
) -> None:
    assert essentials_of({"upstream": upstream}).goes_to == shown


@pytest.mark.parametrize(
    ("goes_to", "words"),
    [("http://a grpc://b", "one protocol"), ("http://a/x", "no path"), ("x", "must begin")],
)  # fmt: skip
def test_what_is_no_server_is_refused(goes_to: str, words: str) -> None:
    with pytest.raises(MergeError, match=words):
        with_essentials({}, Essentials(goes_to=goes_to))
