"""What really applies to a request that a route takes, and whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.catalogue import known_catalogue
from gateway.effective import effective
from gateway.mirrored import Mirrored
from gateway.models import Gateway, Resource
from gateway.nodes import Node, nodes_of
from gateway.simulate.plugins import PluginUse, plugin_uses

NODES_AT_MOST = 20


@dataclass(frozen=True)
class Origin:
    """Where something is configured: a resource of this kind, or the route itself."""

    kind: str
    id: str
    words: str

    @classmethod
    def of(cls, words: str) -> "Origin":
        """Read what `effective` and the simulator say, such as `service s1`."""
        kind, _, resource_id = words.partition(",")[0].partition(" ")
        return cls(kind, resource_id, words)


@dataclass(frozen=True)
class AppliedPlugin:
    """A plugin that applies; `hidden` are where it is configured too, to no effect."""

    use: PluginUse
    origin: Origin
    hidden: Sequence[Origin]


@dataclass(frozen=True)
class Applies:
    """What applies to a route; `proves_callers` names the plugins that ask who calls."""

    plugins: Sequence[AppliedPlugin]
    proves_callers: Sequence[str]
    hosts: Sequence[str]
    upstream: Any
    upstream_origin: Origin | None
    nodes: Sequence[Node]
    more_nodes: int
    missing: Sequence[str]


def applies_to(gateway: Gateway, route: Resource) -> Applies:
    """Return what applies to a route of the mirror, plugins in order of running.

    At most five queries.
    """
    held, schemas = Mirrored(gateway), known_catalogue(gateway)
    document = route.document if isinstance(route.document, dict) else {}
    found = effective(document, held.find)
    uses = plugin_uses(found.plugins, held.documents("global_rule"), schemas, None)
    nodes = _nodes(found.upstream)
    return Applies(
        plugins=[
            AppliedPlugin(
                use,
                Origin.of(use.origin),
                [
                    Origin.of(one)
                    for one in ([] if use.is_global else found.hidden.get(use.name, []))
                ],
            )
            for use in uses
        ],
        proves_callers=[
            use.name
            for use in uses
            if use.runs and schemas.plugins.get(use.name, {}).get("type") == "auth"
        ],
        hosts=found.hosts,
        upstream=found.upstream,
        upstream_origin=Origin.of(found.upstream_from) if found.upstream_from else None,
        nodes=nodes[:NODES_AT_MOST],
        more_nodes=max(len(nodes) - NODES_AT_MOST, 0),
        missing=found.missing,
    )


def _nodes(upstream: Any) -> list[Node]:
    try:
        return nodes_of(upstream or {})
    except (AttributeError, KeyError, TypeError, ValueError):
        return []
