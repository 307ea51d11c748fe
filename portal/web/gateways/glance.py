"""A resource in a list: what one looks for in a glance."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.effective import answered_hosts, hosts_of, service_of, texts
from gateway.mirrored import Mirrored
from gateway.models import Gateway, Resource
from gateway.owners import owner_of

LISTED_AT_MOST = 4


@dataclass(frozen=True)
class Row:
    """A resource of a list.

    `addresses` are what it answers: for a route without hosts those of its service.
    """

    id: str
    name: str
    methods: list[str]
    addresses: list[str]
    target: str
    plugins: list[str]
    is_off: bool
    owner: str
    has_own_hosts: bool
    resource: Resource


def rows_of(gateway: Gateway, resources: Iterable[Resource]) -> list[Row]:
    """Return the glance of each. At most one query: the services of routes without hosts."""
    listed, held = list(resources), Mirrored(gateway)
    routes = {one.pk: _document(one) for one in listed if one.kind == "route"}
    held.look_up("service", filter(None, map(service_of, routes.values())))
    hosts = {pk: answered_hosts(route, held.find) for pk, route in routes.items()}
    return [row_of(one, hosts.get(one.pk)) for one in listed]


def row_of(resource: Resource, inherited: list[str] | None = None) -> Row:
    """Return the glance of a resource; documents may hold anything, so nothing is trusted."""
    document = _document(resource)
    own = hosts_of(document) or texts(document.get("snis") or document.get("sni"))
    hosts = own or inherited or []
    uris = texts(document.get("uris")) or texts(document.get("uri"))
    addresses = (
        [f"{host}{uri}" for host in hosts for uri in uris]
        if uris and hosts
        else uris or hosts
    )
    plugins, owner = document.get("plugins"), owner_of(document)
    return Row(
        id=resource.resource_id,
        name=_text(document.get("name")) or _text(document.get("desc")),
        methods=texts(document.get("methods")),
        addresses=_cut(addresses),
        target=_target(document),
        plugins=_cut(sorted(plugins)) if isinstance(plugins, dict) else [],
        is_off=document.get("status") == 0,
        owner=owner.title if owner else "",
        has_own_hosts=bool(own),
        resource=resource,
    )


def _document(resource: Resource) -> dict[str, Any]:
    return resource.document if isinstance(resource.document, dict) else {}


def _cut(values: list[str]) -> list[str]:
    more = len(values) - LISTED_AT_MOST
    return [*values[:LISTED_AT_MOST], f"+{more}"] if more > 0 else values


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _target(document: Mapping[str, Any]) -> str:
    upstream = document.get("upstream")
    holder = upstream if isinstance(upstream, dict) else document
    nodes = holder.get("nodes")
    if isinstance(nodes, dict) and nodes:
        return ", ".join(_cut(list(nodes)))
    if isinstance(nodes, list) and nodes:
        return ", ".join(
            _cut(
                [
                    f"{node.get('host')}:{node.get('port', '')}".rstrip(":")
                    for node in nodes
                    if isinstance(node, dict)
                ]
            )
        )
    for name, title in (("upstream_id", "upstream"), ("service_id", "service")):
        if document.get(name) is not None:
            return f"{title} {document[name]}"
    return _text(holder.get("service_name"))
