"""What documents that are written differently have in common for a gateway. Pure.

- Nodes of an upstream: `{"host:port": weight}` and `[{host, port, weight}]` mean the same,
  and their order nothing: `apisix/balancer.lua` collects them by priority and address.
- A reference is a part of a key in etcd: 1 and "1" name one resource.
- Lua has one empty table: where a schema wants an object, `[]` is one, and the other way
  round (`gateway/defaults.py`). Elsewhere both forms are kept apart, as APISIX keeps them.
"""

from typing import TYPE_CHECKING, Any

from gateway.canonical import canonical, number_form
from gateway.nodes import address_of
from gateway.references import with_ids_as_text

if TYPE_CHECKING:
    from gateway.schemas import Schemas

Document = dict[str, Any]


def meaning(
    kind: str, document: Document, *, schemas: "Schemas | None", resource_id: str = ""
) -> Document:
    """Return the document in the one form of all that mean the same."""
    document = with_ids_as_text(kind, number_form(document))
    if schemas is not None:
        document = schemas.with_tables(kind, resource_id, document)
    if kind == "upstream":
        return _with_one_form_of_nodes(document)
    upstream = document.get("upstream")
    if not isinstance(upstream, dict):
        return document
    return {**document, "upstream": _with_one_form_of_nodes(upstream)}


def _with_one_form_of_nodes(upstream: Document) -> Document:
    nodes = upstream.get("nodes")
    if isinstance(nodes, dict):
        nodes = [_node(text, weight) for text, weight in nodes.items()]
    if not isinstance(nodes, list) or not _are_told_apart(nodes):
        return upstream
    return {**upstream, "nodes": sorted(nodes, key=canonical)}


def _node(text: str, weight: Any) -> Document:
    host, port = address_of(text)
    return {"host": host, "weight": weight} | ({} if port is None else {"port": port})


def _are_told_apart(nodes: list[Any]) -> bool:
    """Say whether no two have one address: of such the last one counts."""
    if not all(isinstance(node, dict) for node in nodes):
        return False
    places = {
        canonical([node.get("host"), node.get("port"), node.get("priority") or 0])
        for node in nodes
    }
    return len(places) == len(nodes)
