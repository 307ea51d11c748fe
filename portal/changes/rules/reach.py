"""Which hosts and addresses are served by what routes share, as the mirror has it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway import facets
from gateway.effective import hosts_of, texts
from gateway.models import Facet, Gateway, Resource
from gateway.references import holders_of
from portal.changes.ownership import SHARED

Target = tuple[str, str]  # kind and id
# What refers to them and is no route. A stream has neither host nor address.
HOLDERS = sorted({*holders_of(SHARED)} - {"route", "stream_route"})
PLACE = ("host", "hosts", "uri", "uris", "service_id")


@dataclass
class Reach:
    """What is served by one resource. `is_open`: maybe for any host."""

    hosts: set[str] = field(default_factory=set)
    uris: set[str] = field(default_factory=set)
    is_open: bool = False

    def everywhere(self) -> None:
        self.is_open = True
        self.uris.add("/*")


def reach_of(gateway: Gateway, targets: Iterable[Target]) -> Mapping[Target, Reach]:
    """Return what each of these serves: by routes, or by what routes refer to.

    By the index of references: two queries for each link between a route and it, and one
    for the hosts of services.
    """
    reached: dict[Target, Reach] = defaultdict(Reach)
    # What refers to it, itself first: {what: the targets that it is for}.
    wanted = {one: {one} for one in targets}
    seen: dict[Target, set[Target]] = defaultdict(set)
    of_services: list[tuple[Target, str]] = []
    while wanted:
        for one, roots in wanted.items():
            seen[one] |= roots
        names = {f"{kind}/{name}": (kind, name) for kind, name in wanted}
        refers = Facet.objects.filter(
            gateway=gateway, name=facets.REFERS, value__in=names
        ).order_by()
        fields = [f"resource__document__{name}" for name in PLACE]
        for value, *place in refers.filter(kind="route").values_list("value", *fields):
            route = dict(zip(PLACE, place, strict=True))
            for root in wanted[names[value]]:
                _serve(reached[root], route)
                if not hosts_of(route):
                    of_services.append((root, str(route["service_id"] or "")))
        further: dict[Target, set[Target]] = defaultdict(set)
        for value, kind, name in refers.filter(kind__in=HOLDERS).values_list(
            "value", "kind", "resource__resource_id"
        ):
            for root in wanted[names[value]]:
                if kind not in SHARED:
                    reached[root].everywhere()
                elif root not in seen[kind, name]:
                    further[kind, name].add(root)
        wanted = dict(further)
    _on_hosts_of_services(gateway, reached, of_services)
    return reached


def _serve(reach: Reach, route: Mapping[str, Any]) -> None:
    reach.hosts.update(host.lower() for host in hosts_of(route))
    reach.uris.update(texts(route["uris"]) + texts(route["uri"]))


def _on_hosts_of_services(
    gateway: Gateway,
    reached: Mapping[Target, Reach],
    of_services: Iterable[tuple[Target, str]],
) -> None:
    """Routes without hosts answer on those of their service, else on all."""
    pairs = list(of_services)
    ids = {service for _, service in pairs if service}
    rows = Resource.objects.filter(
        gateway=gateway, kind="service", resource_id__in=ids
    ).values_list("resource_id", "document__hosts")
    hosts = {name: hosts_of({"hosts": found}) for name, found in rows} if ids else {}
    for root, service in set(pairs):
        reached[root].hosts.update(host.lower() for host in hosts.get(service, ()))
        reached[root].is_open |= not hosts.get(service)
