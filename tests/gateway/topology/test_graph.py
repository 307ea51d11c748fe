"""What leads to what, from documents."""

from typing import Any

import pytest

from gateway.topology.graph import (
    EACH_AT_MOST,
    Column,
    Graph,
    graph_of,
    service_ids,
    upstream_ids,
)

NODES = {"10.0.0.1:80": 1, "10.0.0.2:80": 0}


def ways(graph: Graph) -> set[tuple[str, str]]:
    return set(graph.edges)


def test_a_route_leads_by_its_service_to_the_nodes() -> None:
    routes = {"r": {"uri": "/a", "service_id": "s"}}
    services = {"s": {"name": "Shop", "hosts": ["A.example.com"], "upstream_id": 7}}
    upstreams = {"7": {"nodes": NODES, "scheme": "https", "checks": {}}}

    graph = graph_of(routes, services, upstreams)

    assert ways(graph) == {
        ("host/a.example.com", "route/r"),
        ("route/r", "service/s"),
        ("service/s", "upstream/7"),
        ("upstream/7", "node/10.0.0.1:80"),
        ("upstream/7", "node/10.0.0.2:80"),
    }
    assert graph.boxes["service/s"].title == "Shop"
    assert graph.boxes["upstream/7"].note == "https · roundrobin · checked"
    off = graph.boxes["node/10.0.0.2:80"]
    assert (off.is_off, off.note) == (True, "weight 0: gets no requests")
    assert service_ids(routes) == {"s"}
    assert upstream_ids(routes, services) == {"7"}


def test_a_route_s_own_upstream_wins_over_its_service_s() -> None:
    own = {"upstream": {"nodes": {"10.0.0.9:80": 1}}}
    routes = {"r": {"uri": "/a", "service_id": "s", **own}}
    services = {"s": {"upstream": {"nodes": NODES}}}

    graph = graph_of(routes, services, {})

    assert ("inline/route/r/0", "node/10.0.0.9:80") in ways(graph)
    assert "node/10.0.0.1:80" not in graph.boxes


def test_traffic_split_leads_beside_the_service() -> None:
    split = {
        "rules": [
            {
                "weighted_upstreams": [
                    {"upstream_id": "next", "weight": 1},
                    {"upstream": {"nodes": {"10.0.0.5:80": 1}}, "weight": 1},
                    {"weight": 8},
                ]
            }
        ]
    }
    routes = {"r": {"service_id": "s", "plugins": {"traffic-split": split}}}
    services = {"s": {"upstream_id": "u"}}

    graph = graph_of(routes, services, {"u": {"nodes": NODES}})

    assert graph.boxes["upstream/next"].is_missing
    assert {"node/10.0.0.5:80", "node/10.0.0.1:80"} <= graph.boxes.keys()


def test_what_is_named_and_not_there_is_told() -> None:
    graph = graph_of({"r": {"service_id": "gone", "upstream_id": "lost"}}, {}, {})

    assert graph.boxes["service/gone"].is_missing
    assert graph.boxes["upstream/lost"].is_missing
    assert ("host/*", "route/r") in ways(graph)


def test_a_node_of_two_upstreams_is_one_and_off_only_when_off_in_both() -> None:
    routes = {"a": {"upstream_id": "x"}, "b": {"upstream_id": "y"}}
    upstreams = {"x": {"nodes": {"n:80": 0}}, "y": {"nodes": {"n:80": 5}}}

    node = graph_of(routes, {}, upstreams).boxes["node/n:80"]

    assert (node.note, node.is_off) == ("several weights", False)


def test_nodes_that_a_registry_tells_are_named() -> None:
    found = {"discovery_type": "dns", "service_name": "shop.internal"}

    graph = graph_of({"r": {"upstream": found}}, {}, {})

    assert graph.boxes["node/dns/shop.internal"].note == "told by dns"


def test_of_very_many_hosts_or_nodes_the_rest_is_counted() -> None:
    nodes = {f"10.0.0.{n}:80": 1 for n in range(EACH_AT_MOST + 3)}
    hosts = [f"h{n}" for n in range(EACH_AT_MOST + 7)]
    routes = {"r": {"hosts": hosts, "upstream_id": "u"}}

    graph = graph_of(routes, {}, {"u": {"nodes": nodes}})

    assert len(graph.boxes) == 2 + 2 * (EACH_AT_MOST + 1)
    assert graph.boxes["more/host/route/r"].title == "and 7 more"
    assert graph.boxes["more/node/upstream/u"].title == "and 3 more"
    assert ("upstream/u", "more/node/upstream/u") in ways(graph)


def test_the_way_through_a_box_is_what_leads_there_and_on() -> None:
    routes = {"a": {"host": "h", "upstream_id": "x"}, "b": {"upstream_id": "x"}}
    graph = graph_of(routes, {}, {"x": {"nodes": {"n:80": 1}}})

    assert graph.through("route/a") == {"host/h", "route/a", "upstream/x", "node/n:80"}
    assert "route/b" in graph.through("upstream/x")


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"uri": 7, "hosts": 7, "upstream": [], "plugins": [], "service_id": True},
        {"upstream": {"nodes": [1, {"host": None}]}, "name": ["x"], "uris": [1]},
        {"upstream": {"nodes": {"a:80": "x"}}, "service_id": 5, "upstream_id": {}},
        {"plugins": {"traffic-split": {"rules": [{"weighted_upstreams": [7]}]}}},
    ],
)
def test_a_document_of_odd_shape_is_drawn_as_far_as_it_goes(
    odd: dict[str, Any],
) -> None:
    graph = graph_of({"r": odd}, {"5": odd}, {"5": odd})

    assert graph.boxes["route/r"].column is Column.ROUTE
    for start, end in graph.edges:
        assert graph.boxes[start].column < graph.boxes[end].column
