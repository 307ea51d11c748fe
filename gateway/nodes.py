"""The nodes of an upstream. Pure.

Facts: https://apisix.apache.org/docs/apisix/admin-api/#upstream
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DEFAULT_PORTS = {"https": 443, "grpcs": 443}


@dataclass(frozen=True)
class Node:
    """One address in an upstream."""

    host: str
    port: int
    weight: int = 1
    priority: int = 0

    @property
    def address(self) -> str:
        """Host and port as one text."""
        return f"{self.host}:{self.port}"


def nodes_of(upstream: Mapping[str, Any]) -> list[Node]:
    """Return the nodes of an upstream, from either of the two forms they may have."""
    nodes = upstream.get("nodes") or []
    usual = _DEFAULT_PORTS.get(upstream.get("scheme", "http"), 80)
    if isinstance(nodes, Mapping):
        return [_node_of(text, weight, usual) for text, weight in nodes.items()]
    return [
        Node(
            node["host"],
            node.get("port", usual),
            int(node["weight"]),
            node.get("priority", 0),
        )
        for node in nodes
    ]


def _node_of(text: str, weight: int, usual: int) -> Node:
    host, port = address_of(text)
    return Node(host, usual if port is None else port, int(weight))


def address_of(text: str) -> tuple[str, int | None]:
    """Return host and port of `host:port`; None where no port is given."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or host.endswith(":"):
        return text, None
    return host, int(port)
