"""A partial document merged into a live one."""

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.merge import DEPTH_LIMIT, MergeError, expand_upstream_url, merge, whole
from tests.gateway.test_documents import documents

LIVE: dict[str, Any] = {
    "id": "r",
    "uri": "/a",
    "host": "a.com",
    "methods": ["GET"],
    "labels": {"env": "prod", "team": "x"},
    "upstream": {
        "type": "roundrobin",
        "scheme": "http",
        "nodes": {"10.0.0.1:80": 1, "10.0.0.2:80": 1},
        "timeout": {"connect": 1, "send": 1, "read": 1},
    },
    "plugins": {"limit-count": {"count": 2, "time_window": 60}},
}


# --- RFC 7396


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        # The cases of the RFC's appendix whose target and result are objects.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_it_is_a_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge("route", target, patch) == result


@given(documents, documents)
def test_merging_twice_changes_nothing_more(
    live: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = merge("route", live, patch)
    assert merge("route", once, patch) == once


@given(documents, documents)
def test_merging_leaves_its_arguments_alone(
    live: dict[str, Any], patch: dict[str, Any]
) -> None:
    before = copy.deepcopy((live, patch))
    result = merge("route", live, patch)
    assert (live, patch) == before
    for value in result.values():
        if isinstance(value, dict):
            value["changed"] = True
        if isinstance(value, list):
            value.append("changed")
    assert (live, patch) == before


@given(documents)
def test_an_empty_patch_changes_nothing(live: dict[str, Any]) -> None:
    assert merge("route", live, {}) == live


# --- The four exceptions


def test_a_url_replaces_nodes_and_scheme_and_keeps_the_rest() -> None:
    merged = merge("route", LIVE, {"upstream": {"url": "https://b.com"}})
    assert merged["upstream"] == {
        "type": "roundrobin",
        "scheme": "https",
        "nodes": {"b.com:443": 1},
        "timeout": {"connect": 1, "send": 1, "read": 1},
    }
    assert merged["plugins"] == LIVE["plugins"]


@pytest.mark.parametrize("kind", ["route", "service", "stream_route"])
def test_a_url_replaces_service_discovery(kind: str) -> None:
    live = {
        "upstream": {"service_name": "svc", "discovery_type": "dns", "type": "ewma"}
    }
    merged = merge(kind, live, {"upstream": {"url": "http://b:1"}})
    expected = {"scheme": "http", "nodes": {"b:1": 1}, "type": "ewma"}
    assert merged == {"upstream": expected}


def test_an_upstream_itself_takes_a_url() -> None:
    live = {"id": "u", "scheme": "grpc", "nodes": [{"host": "a", "weight": 1}]}
    assert merge("upstream", live, {"url": "http://b:8080/"}) == {
        "id": "u",
        "scheme": "http",
        "nodes": {"b:8080": 1},
    }


def test_a_url_of_another_kind_is_a_field_as_any_other() -> None:
    assert merge("secret", {}, {"url": "http://x/y"}) == {"url": "http://x/y"}


def test_a_new_document_may_have_a_url_too() -> None:
    merged = merge("route", {}, {"uri": "/", "upstream": {"url": "http://b"}})
    assert merged == {"uri": "/", "upstream": {"scheme": "http", "nodes": {"b:80": 1}}}


@pytest.mark.parametrize(
    "nodes",
    [{"10.0.0.2:80": 5}, [{"host": "10.0.0.2", "port": 80, "weight": 5}], {}, []],
    ids=str,
)
def test_nodes_are_replaced_whole(nodes: Any) -> None:
    merged = merge("route", LIVE, {"upstream": {"nodes": nodes}})
    assert merged["upstream"]["nodes"] == nodes
    assert merged["upstream"]["timeout"] == LIVE["upstream"]["timeout"]
    assert merge("upstream", {"nodes": {"a": 1}}, {"nodes": nodes}) == {"nodes": nodes}


def test_nodes_and_service_discovery_take_each_others_place() -> None:
    discovered = {"service_name": "svc", "discovery_type": "dns"}
    assert merge("upstream", discovered, {"nodes": {"a:1": 1}}) == {"nodes": {"a:1": 1}}
    assert merge("upstream", {"nodes": {"a:1": 1}}, discovered) == discovered


def test_nodes_elsewhere_are_merged_as_everything_else() -> None:
    live = {"plugins": {"x": {"nodes": {"a": 1}}}}
    patch = {"plugins": {"x": {"nodes": {"b": 2}}}}
    assert merge("route", live, patch)["plugins"]["x"]["nodes"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("one", "other"),
    [("uri", "uris"), ("host", "hosts"), ("remote_addr", "remote_addrs")],
)
def test_giving_one_of_two_twins_removes_the_other(one: str, other: str) -> None:
    assert merge("route", {one: "x"}, {other: ["y"]}) == {other: ["y"]}
    assert merge("route", {other: ["y"]}, {one: "x"}) == {one: "x"}
    # Taking one away gives nothing in its place.
    assert merge("route", {one: "x"}, {other: None}) == {one: "x"}
    # Who gives both is told by the gateway's schema.
    assert merge("route", {}, {one: "x", other: ["y"]}) == {one: "x", other: ["y"]}


# --- URLs


@pytest.mark.parametrize(
    ("url", "scheme", "node"),
    [
        ("http://a.com", "http", "a.com:80"),
        ("HTTPS://A.com/", "https", "a.com:443"),
        ("http://10.0.0.7:8080", "http", "10.0.0.7:8080"),
        ("http://[::1]", "http", "[::1]:80"),
        ("https://[fd00::7]:8443", "https", "[fd00::7]:8443"),
        ("grpc://svc_1", "grpc", "svc_1:80"),
        ("grpcs://svc", "grpcs", "svc:443"),
        ("tcp://db:5432", "tcp", "db:5432"),
        ("tls://db:5432", "tls", "db:5432"),
        ("udp://dns:53", "udp", "dns:53"),
        (" http://a:1 ", "http", "a:1"),
        ("http://a:", "http", "a:80"),
    ],
)
def test_a_url_is_expanded(url: str, scheme: str, node: str) -> None:
    expanded = expand_upstream_url({"url": url, "type": "ewma"}, field="url")
    assert expanded == {
        "type": "ewma",
        "scheme": scheme,
        "nodes": {node: 1},
        "service_name": None,
        "discovery_type": None,
    }


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (5, "must be a text"),
        (None, "must be a text"),
        ("", "must begin with http://"),
        ("a.com:80", "must begin with http://"),
        ("//a.com", "must begin with http://"),
        ("ftp://a.com", "must begin with http://"),
        ("javascript:alert(1)", "must begin with http://"),
        ("http://", "must begin with http://"),
        ("http://:80", "must begin with http://"),
        ("http://a.com/v1", "no path.*proxy-rewrite"),
        ("http://a.com?x=1", "no path"),
        ("http://a.com/?", "no path"),
        ("http://a.com#x", "no path"),
        ("http://me:hush@a.com", "no user or password"),
        ("ftp://me:hush@a.com", "no user or password"),
        ("http://me:hush@[::1", "no user or password"),
        ("http://a:0", "needs a port"),
        ("tcp://a", "needs a port"),
        ("http://a:x", "is no address"),
        ("http://a:65536", "is no address"),
        ("http://a:1:2", "is no address"),
        ("http://[::1", "is no address"),
        ("http://a b", "no host that the gateway takes"),
        ("http://a\nb.com", "no host that the gateway takes"),
        ("http://a\tb.com", "no host that the gateway takes"),
        ("http://bücher.de", "no host that the gateway takes"),
        ("http://a\\b", "no host that the gateway takes"),
        ("http://[fe80::1%25eth0]:80", "no host that the gateway takes"),
        ("http://*.a.com", "no host that the gateway takes"),
        ("http://" + "a" * 5_000 + "!", "no host that the gateway takes"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_url_that_is_no_server_is_refused_with_the_mend(url: Any, words: str) -> None:
    with pytest.raises(MergeError, match=f"(?s){words}") as caught:
        merge("route", LIVE, {"upstream": {"url": url}})
    assert caught.value.field == "upstream.url"
    assert "like http://10.0.0.7:8080" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_the_field_of_an_upstreams_own_url_is_named() -> None:
    with pytest.raises(MergeError) as caught:
        merge("upstream", {}, {"url": "x"})
    assert caught.value.field == "url"


@pytest.mark.parametrize(
    "more",
    [{"nodes": {"a": 1}}, {"scheme": "https"}, {"service_name": "s"}],
    ids=str,
)
def test_a_url_beside_what_it_replaces_is_refused(more: dict[str, Any]) -> None:
    patch = {"upstream": {"url": "http://a", **more}}
    with pytest.raises(MergeError, match="not both"):
        merge("route", LIVE, patch)
    patch["upstream"].update(dict.fromkeys(more))
    assert merge("route", LIVE, patch)["upstream"]["nodes"] == {"a:80": 1}


@given(st.text(max_size=30), st.text(max_size=10))
def test_any_text_is_expanded_or_refused(start: str, rest: str) -> None:
    for url in (start, f"http://{start}", f"https://{start}:{rest}"):
        with suppress(MergeError):
            (node,) = expand_upstream_url({"url": url}, field="url")["nodes"]
            assert node.isascii()
            assert 0 < int(node.rpartition(":")[2]) < 65_536


# --- Depth


def test_what_nests_too_deep_is_refused_and_not_followed() -> None:
    def nested(levels: int) -> dict[str, Any]:
        document: dict[str, Any] = {}
        inner = document
        for _ in range(levels - 1):
            inner["a"] = [{}]
            inner = inner["a"][0]
        return document

    assert merge("route", {}, nested(DEPTH_LIMIT // 2)) == nested(DEPTH_LIMIT // 2)
    for levels in (DEPTH_LIMIT, 100_000):
        with pytest.raises(MergeError, match="nests deeper than 100 levels"):
            merge("route", {}, nested(levels))


# --- A whole document in the place of the live one


def test_a_whole_document_stays_as_it_is_nulls_and_all() -> None:
    document = {
        "uri": "/a",
        "plugins": {"x": {"template": None, "list": [None, {}, []]}},
        "upstream": {"nodes": [], "tls": None},
    }
    before = copy.deepcopy(document)

    assert whole("route", document) == before
    assert document == before
    assert whole("route", document)["plugins"] is not document["plugins"]


def test_a_plain_url_is_expanded_in_a_whole_document_too() -> None:
    url = {"url": "https://api.example.com", "service_name": None, "retries": 2}
    expanded = {"scheme": "https", "nodes": {"api.example.com:443": 1}, "retries": 2}

    assert whole("route", {"upstream": url}) == {"upstream": expanded}
    assert whole("upstream", url) == expanded
    with pytest.raises(MergeError) as refused:
        whole("service", {"upstream": {"url": "nope"}})
    assert refused.value.field == "upstream.url"
