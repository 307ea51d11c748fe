"""Upstreams that would answer nobody, or late."""

from typing import Any

import pytest

from portal.changes.findings import Severity
from tests.changes.checks.looking import (
    KEY_AUTH,
    Document,
    codes,
    create,
    findings,
    route,
    the,
    update,
    upstream,
)
from tests.changes.conftest import Desk


def own(**fields: Any) -> Document:
    """An upstream with no time-outs, so that only `fields` say something."""
    return {"type": "roundrobin", **fields}


@pytest.mark.parametrize(
    "nodes",
    [
        {},
        [],
        {"backend:80": 0, "other:80": 0},
        [{"host": "backend", "port": 80, "weight": 0}],
    ],
)
def test_an_upstream_that_answers_nobody_is_told(desk: Desk, nodes: Any) -> None:
    document = upstream() | {"nodes": nodes}

    assert the(desk, "no_node", create("upstream", document)).path == "nodes"
    inline = create("route", route(upstream=document))
    assert the(desk, "no_node", inline).path == "upstream.nodes"


def test_the_last_node_that_is_switched_off_is_told(desk: Desk) -> None:
    desk.sandbox.put("upstream", "old", upstream("backend:80"))
    off = update("upstream", {"nodes": {"backend:80": 0}})

    assert codes(desk, off) == ["no_node"]


def test_an_upstream_that_answered_nobody_before_is_not_told_again(desk: Desk) -> None:
    desk.sandbox.put("upstream", "old", upstream("backend:80") | {"nodes": {}})

    assert codes(desk, update("upstream", {"desc": "x"})) == []


def test_one_node_that_answers_is_enough(desk: Desk) -> None:
    nodes = {"backend:80": 0, "other:80": 1}
    document = upstream(checks={"active": {"http_path": "/well"}}) | {"nodes": nodes}

    assert codes(desk, create("upstream", document)) == []


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        (upstream("8.8.8.8:443", scheme="https"), "no_spare_node", "nodes"),
        (upstream("backend:80", "other:80"), "no_health_check", "checks"),
        (own(nodes={"backend:80": 1}), "no_timeout", "timeout"),
    ],
)
def test_what_a_new_upstream_leaves_to_chance_is_good_to_know(
    desk: Desk, document: Document, code: str, path: str
) -> None:
    [finding] = findings(desk, create("upstream", document))
    inline = the(desk, code, create("route", route(upstream=document)))

    assert (finding.code, finding.severity, finding.path) == (code, Severity.INFO, path)
    assert inline.path == f"upstream.{path}"


def test_what_is_tried_out_on_the_gateway_s_own_machine_needs_no_care(
    desk: Desk,
) -> None:
    document = own(nodes={"127.0.0.1:80": 1, "127.0.0.1:81": 1})

    assert codes(desk, create("upstream", document)) == ["destination_loopback"]


def test_a_route_s_own_time_outs_are_enough(desk: Desk) -> None:
    timeout = {"connect": 3, "send": 3, "read": 3}
    document = route(upstream=own(nodes={"backend:80": 1}), timeout=timeout)

    assert codes(desk, create("route", document)) == []


def test_an_upstream_that_is_there_is_left_alone(desk: Desk) -> None:
    desk.sandbox.put("upstream", "old", own(nodes={"backend:80": 1, "other:80": 1}))

    assert codes(desk, update("upstream", {"nodes": {"a:1": 1, "b:1": 1}})) == []


def test_upstreams_of_a_traffic_split_are_looked_at(desk: Desk) -> None:
    one = {
        "upstream": upstream("backend:80") | {"nodes": {"backend:80": 0}},
        "weight": 1,
    }
    split = {"traffic-split": {"rules": [{"weighted_upstreams": [one]}]}}

    finding = the(desk, "no_node", create("route", route(plugins=KEY_AUTH | split)))

    at = "plugins.traffic-split.rules.0.weighted_upstreams.0.upstream.nodes"
    assert finding.path == at
