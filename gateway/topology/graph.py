"""Hosts, routes, services, upstreams and nodes, and what leads to what. Pure.

Documents may hold anything, so nothing is trusted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from gateway.effective import hosts_of, texts
from gateway.nodes import nodes_of
from gateway.outgoing import own_upstreams, upstreams
from gateway.references import references_of

Document = dict[str, Any]
Documents = Mapping[str, Document]

ANY_HOST = "*"
# Of more hosts of a route, or nodes of an upstream, a box says how many.
EACH_AT_MOST = 12


class Column(IntEnum):
    """Where a box stands, from left to right."""

    HOST = 0
    ROUTE = 1
    SERVICE = 2
    UPSTREAM = 3
    NODE = 4


@dataclass(frozen=True)
class Box:
    """One thing of the picture. `id` is its own: of a resource, a host, an address.

    `is_off` is what gets no request, `is_missing` what is named and not there.
    """

    key: str
    column: Column
    id: str
    title: str
    note: str = ""
    is_off: bool = False
    is_missing: bool = False


@dataclass
class Graph:
    """Boxes by their keys, and (key, key) of what leads where, from left to right."""

    boxes: dict[str, Box] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)

    def add(self, box: Box) -> str:
        """Add a box unless it is there; return its key."""
        self.boxes.setdefault(box.key, box)
        return box.key

    def lead(self, start: str, end: str) -> None:
        self.edges[start, end] = None

    def through(self, key: str) -> set[str]:
        """Return the keys of all that leads to a box, or that it leads to."""
        found: set[str] = set()
        for forward in (True, False):
            neighbours = defaultdict(list)
            for start, end in self.edges:
                first, second = (start, end) if forward else (end, start)
                neighbours[first].append(second)
            reached, ahead = {key}, [key]
            while ahead:
                for one in neighbours[ahead.pop()]:
                    if one not in reached:
                        reached.add(one)
                        ahead.append(one)
            found |= reached
        return found


def service_ids(routes: Documents) -> set[str]:
    """Return which services these routes name."""
    return {
        target_id
        for route in routes.values()
        for _, target, target_id in references_of("route", route)
        if target == "service"
    }


def upstream_ids(routes: Documents, services: Documents) -> set[str]:
    """Return which upstreams these routes and services name."""
    return {
        target_id
        for kind, documents in (("route", routes), ("service", services))
        for document in documents.values()
        for _, target, target_id in references_of(kind, document)
        if target == "upstream"
    }


def graph_of(routes: Documents, services: Documents, balanced: Documents) -> Graph:
    """Return the picture of these routes and of all they lead to.

    `balanced` are the upstreams by their ids.
    """
    graph = Graph()
    for route_id, route in routes.items():
        key = graph.add(_route_box(route_id, route))
        service_id = _service_of(route)
        service = services.get(service_id or "", {})
        hosts = hosts_of(route) or hosts_of(service) or [ANY_HOST]
        for host in hosts[:EACH_AT_MOST]:
            graph.lead(graph.add(_host_box(host.lower())), key)
        if more := _more(key, Column.HOST, len(hosts)):
            graph.lead(graph.add(more), key)
        led = _lead_on(graph, key, "route", route, balanced)
        if service_id is not None:
            held = service if service_id in services else None
            service_key = graph.add(_held_box(Column.SERVICE, service_id, held))
            graph.lead(key, service_key)
            # The route's own upstream wins over the service's.
            if not led:
                _lead_on(graph, service_key, "service", service, balanced)
    return graph


def _lead_on(
    graph: Graph, key: str, kind: str, document: Document, held: Documents
) -> bool:
    """Lead from a route or service to its upstreams; say whether one is its own."""
    led = False
    for path, target, target_id in references_of(kind, document):
        if target == "upstream":
            upstream = held.get(target_id)
            end = graph.add(_held_box(Column.UPSTREAM, target_id, upstream))
            graph.lead(key, end)
            _lead_to_nodes(graph, end, upstream or {})
            led = led or path == "upstream_id"
    for number, (at, inline) in enumerate(upstreams(kind, document)):
        end = graph.add(
            Box(
                key=f"inline/{key}/{number}",
                column=Column.UPSTREAM,
                id="",
                title="its own upstream" if at == ("upstream",) else "traffic-split",
                note=_balancer(inline),
            )
        )
        graph.lead(key, end)
        _lead_to_nodes(graph, end, inline)
    return led or any(True for _ in own_upstreams(kind, document))


def _more(key: str, column: Column, count: int) -> Box | None:
    """Return the box of those that are not drawn at one end of this one, if any."""
    if count <= EACH_AT_MOST:
        return None
    title = f"and {count - EACH_AT_MOST} more"
    return Box(f"more/{column.name.lower()}/{key}", column, "", title)


def _lead_to_nodes(graph: Graph, key: str, upstream: Document) -> None:
    boxes = list(_node_boxes(upstream))
    if more := _more(key, Column.NODE, len(boxes)):
        graph.lead(key, graph.add(more))
    for box in boxes[:EACH_AT_MOST]:
        known = graph.boxes.get(box.key)
        if known is not None and known.note != box.note:
            # Of two upstreams, with other weights: it gets requests of one of them.
            graph.boxes[box.key] = Box(
                key=box.key,
                column=Column.NODE,
                id=box.id,
                title=box.title,
                note="several weights",
                is_off=known.is_off and box.is_off,
            )
        graph.lead(key, graph.add(box))


def _node_boxes(upstream: Document) -> Iterator[Box]:
    try:
        nodes = nodes_of(upstream)
    except (AttributeError, KeyError, TypeError, ValueError):
        return
    for node in nodes:
        yield Box(
            key=f"node/{node.address}",
            column=Column.NODE,
            id=node.address,
            title=node.address,
            note=f"weight {node.weight}"
            + ("" if node.weight else ": gets no requests"),
            is_off=node.weight == 0,
        )
    name, registry = upstream.get("service_name"), upstream.get("discovery_type")
    if isinstance(name, str) and isinstance(registry, str):
        yield Box(
            key=f"node/{registry}/{name}",
            column=Column.NODE,
            id=name,
            title=name,
            note=f"told by {registry}",
        )


def _host_box(host: str) -> Box:
    title = "any host" if host == ANY_HOST else host
    return Box(f"host/{host}", Column.HOST, host, title)


def _route_box(route_id: str, route: Document) -> Box:
    uris = texts(route.get("uris")) or texts(route.get("uri"))
    more = f" +{len(uris) - 1}" if len(uris) > 1 else ""
    is_off = route.get("status") == 0
    where = " ".join([*texts(route.get("methods"))[:2], *uris[:1]]) + more
    return Box(
        key=f"route/{route_id}",
        column=Column.ROUTE,
        id=route_id,
        title=_name(route) or route_id,
        note=f"off · {where}" if is_off else where,
        is_off=is_off,
    )


def _held_box(column: Column, resource_id: str, document: Document | None) -> Box:
    """Return the box of a service or an upstream; None: it is not there."""
    held = document or {}
    return Box(
        key=f"{column.name.lower()}/{resource_id}",
        column=column,
        id=resource_id,
        title=_name(held) or resource_id,
        note="is not there"
        if document is None
        else _balancer(held)
        if column is Column.UPSTREAM
        else "",
        is_missing=document is None,
    )


def _service_of(route: Document) -> str | None:
    named = route.get("service_id")
    is_id = isinstance(named, str | int) and not isinstance(named, bool)
    return str(named) if is_id else None


def _balancer(upstream: Document) -> str:
    parts: Iterable[Any] = (
        upstream.get("scheme", "http"),
        upstream.get("type", "roundrobin"),
        "checked" if isinstance(upstream.get("checks"), dict) else "",
    )
    return " · ".join(one for one in parts if isinstance(one, str) and one)


def _name(document: Document) -> str:
    name = document.get("name")
    return name if isinstance(name, str) else ""
