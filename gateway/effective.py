"""What really answers for a route: its own settings over what it refers to.

APISIX merges a route with its plugin config and its service (`apisix/plugin.lua`
merge_service_route, `apisix/plugin_config.lua` merge; 3.18): a plugin of the route
wins over the same plugin of the plugin config, and that over the service's, whole and
not field by field. The route's upstream wins over the service's. Pure, no I/O.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
# Gives the document of (kind, id), or None where there is none.
Find = Callable[[str, str], Document | None]


@dataclass(frozen=True)
class Effective:
    """`plugins` is {name: (configuration, where from)}, `hidden` {name: where else it is
    configured, to no effect}; `missing` names what a reference points at and is not there.
    """

    plugins: dict[str, tuple[Any, str]] = field(default_factory=dict)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    upstream: Document | None = None
    upstream_from: str = ""
    hosts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def effective(route: Document, find: Find) -> Effective:
    """Return what applies to a request that this route takes.

    Plugins of global rules and of a consumer, and `traffic-split`, are not part of it.
    """
    missing: list[str] = []

    def referred(kind: str, document: Document, name: str) -> Document:
        wanted = document.get(name)
        if not isinstance(wanted, str | int) or isinstance(wanted, bool):
            return {}
        found = find(kind, str(wanted))
        if found is None:
            missing.append(f"{kind} {wanted}")
        return found or {}

    service = referred("service", route, "service_id")
    config = referred("plugin_config", route, "plugin_config_id")
    plugins: dict[str, tuple[Any, str]] = {}
    hidden: dict[str, list[str]] = {}
    for document, origin in (
        (service, f"service {route.get('service_id')}"),
        (config, f"plugin_config {route.get('plugin_config_id')}"),
        (route, "route"),
    ):
        own = document.get("plugins")
        for name, settings in (own if isinstance(own, Mapping) else {}).items():
            if name in plugins:
                hidden.setdefault(name, []).append(plugins[name][1])
            plugins[str(name)] = (settings, origin)

    upstream: Document | None = None
    origin = ""
    for document, place in (
        (route, "route"),
        (service, f"service {route.get('service_id')}"),
    ):
        if document.get("upstream_id") is not None:
            upstream = referred("upstream", document, "upstream_id") or None
            origin = f"upstream {document['upstream_id']}"
            if place != "route":
                origin += f", named by {place}"
            break
        if isinstance(document.get("upstream"), Mapping):
            upstream, origin = document["upstream"], place
            break
    return Effective(
        plugins=plugins,
        hidden=hidden,
        upstream=upstream,
        upstream_from=origin,
        hosts=tuple(hosts_of(route) or hosts_of(service)),
        missing=tuple(missing),
    )


def service_of(route: Document) -> str:
    """Return the id of the service whose hosts a route takes; "" when it has its own."""
    named = route.get("service_id")
    if not isinstance(named, str | int) or isinstance(named, bool) or hosts_of(route):
        return ""
    return str(named)


def answered_hosts(route: Document, find: Find) -> list[str]:
    """Return the hosts that a route answers, its own or its service's; [] means any."""
    service = service_of(route)
    return hosts_of((service and find("service", service)) or route)


def hosts_of(document: Document) -> list[str]:
    """Return the hosts that a route or service is for; [] means any."""
    return texts(document.get("hosts")) or texts(document.get("host"))


def texts(value: Any) -> list[str]:
    """Return the texts in a value that may be one text or a list of them."""
    members = value if isinstance(value, list) else [value]
    return [one for one in members if isinstance(one, str)]
