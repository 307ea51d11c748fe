"""What of a gateway is shown in its picture, read from the mirror.

Where there are too many routes for one picture, one is chosen: by a host, a service, an
upstream or a route. Until then hosts are shown with what they lead to, counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q

from gateway import facets
from gateway.models import Facet, Gateway, Resource
from gateway.topology.graph import (
    ANY_HOST,
    Box,
    Column,
    Document,
    Graph,
    graph_of,
    service_ids,
    upstream_ids,
)

# So many routes one still sees at a glance; of more that were chosen, the first.
ROUTES_AT_MOST = 60
HOSTS_AT_MOST = 40
LEADING = {"service": Column.SERVICE, "upstream": Column.UPSTREAM}


@dataclass(frozen=True)
class Picture:
    """`shown` of `count` routes; `is_summed` where hosts stand for them."""

    graph: Graph
    shown: int
    count: int
    is_summed: bool = False


def picture_of(
    gateway: Gateway, chosen: dict[str, str], *, marked: str = ""
) -> Picture:
    """Return the picture of what was chosen: {host, service, upstream or route: which}.

    Where nothing was and all is too much, the way of the `marked` route is shown. At
    most six queries.
    """
    routes = Resource.objects.filter(gateway=gateway, kind="route")
    narrowed = _narrowed(routes, gateway, chosen)
    documents = _documents(narrowed.order_by("resource_id")[: ROUTES_AT_MOST + 1])
    if len(documents) <= ROUTES_AT_MOST:
        count = len(documents)
    else:
        if marked and not chosen:
            return picture_of(gateway, {"route": marked})
        count = narrowed.count()
        if not chosen:
            return Picture(_summed(gateway), 0, count, is_summed=True)
        documents = dict(list(documents.items())[:ROUTES_AT_MOST])
    services = _held(gateway, "service", service_ids(documents))
    upstreams = _held(gateway, "upstream", upstream_ids(documents, services))
    return Picture(graph_of(documents, services, upstreams), len(documents), count)


def _narrowed(routes: Any, gateway: Gateway, chosen: dict[str, str]) -> Any:
    ours = Facet.objects.filter(gateway=gateway)
    of_routes = ours.filter(kind="route")
    for name, value in chosen.items():
        if name == "route":
            routes = routes.filter(resource_id=value)
        elif name == "host" and value == ANY_HOST:
            routes = routes.exclude(
                pk__in=of_routes.filter(name=facets.HOST).values("resource")
            )
        elif name == "host":
            through = _referring("service", _ids(ours, "service", facets.HOST, [value]))
            hosted = Q(name=facets.HOST, value=value) | Q(
                name=facets.REFERS, value__in=through
            )
            routes = routes.filter(pk__in=of_routes.filter(hosted).values("resource"))
        else:
            wanted = [f"{name}/{value}"]
            if name == "upstream":
                wanted += _referring(
                    "service", _ids(ours, "service", facets.REFERS, wanted)
                )
            refers = of_routes.filter(name=facets.REFERS, value__in=wanted)
            routes = routes.filter(pk__in=refers.values("resource"))
    return routes


def _ids(rows: Any, kind: str, name: str, values: list[str]) -> Iterable[str]:
    found = rows.filter(kind=kind, name=name, value__in=values)
    return found.values_list("resource__resource_id", flat=True)  # type: ignore[no-any-return]


def _referring(kind: str, ids: Iterable[str]) -> list[str]:
    return [f"{kind}/{one}" for one in ids]


def _documents(rows: Any) -> dict[str, Document]:
    return {
        resource_id: document if isinstance(document, dict) else {}
        for resource_id, document in rows.values_list("resource_id", "document")
    }


def _held(gateway: Gateway, kind: str, ids: set[str]) -> dict[str, Document]:
    return _documents(
        Resource.objects.filter(gateway=gateway, kind=kind, resource_id__in=ids)
    )


def _summed(gateway: Gateway) -> Graph:
    """Return hosts and what their routes name, by the number of routes. Two queries."""
    of_routes = Facet.objects.filter(gateway=gateway, kind="route").order_by()
    hosts = (
        of_routes.filter(name=facets.HOST)
        .values_list("value")
        .annotate(count=Count("resource"))
        .order_by("-count", "value")[:HOSTS_AT_MOST]
    )
    graph = Graph()
    for host, count in hosts:
        graph.add(Box(f"host/{host}", Column.HOST, host, host, _routes(count)))
    pairs = (
        of_routes.filter(
            name=facets.REFERS,
            resource__facets__name=facets.HOST,
            resource__facets__value__in=[one.id for one in graph.boxes.values()],
        )
        .annotate(host=F("resource__facets__value"))
        .values_list("value", "host")
        .annotate(count=Count("resource"))
        .order_by("-count", "value")
    )
    counts: dict[str, int] = {}
    for value, _, count in pairs:
        if value.partition("/")[0] in LEADING:
            counts[value] = counts.get(value, 0) + count
    for value in sorted(counts, key=lambda one: (-counts[one], one))[:HOSTS_AT_MOST]:
        kind, _, resource_id = value.partition("/")
        graph.add(
            Box(value, LEADING[kind], resource_id, resource_id, _routes(counts[value]))
        )
    for value, host, _ in pairs:
        if value in graph.boxes:
            graph.lead(f"host/{host}", value)
    return graph


def _routes(count: int) -> str:
    return f"{count} route{'' if count == 1 else 's'}"
