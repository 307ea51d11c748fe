"""What documents that are written differently have in common for a gateway. Pure.

- Nodes of an upstream: `{"host:port": weight}` and `[{host, port, weight}]` mean the same,
  in any order: an object has none, and `apisix/balancer.lua` collects nodes by priority
  and address. Between two lists order counts: somebody chose it.
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


def meanings(
    kind: str,
    *documents: Document,
    schemas: "Schemas | None",
    resource_id: str = "",
) -> list[Document]:
    """Return the documents in the one form of all that mean the same."""
    meant = [with_ids_as_text(kind, number_form(one)) for one in documents]
    if schemas is not None:
        meant = [schemas.with_tables(kind, resource_id, one) for one in meant]
    forms = {type((_upstream(kind, one) or {}).get("nodes")) for one in meant}
    if forms != {dict, list}:
        return meant
    return [_with_one_form_of_nodes(kind, one) for one in meant]


def _upstream(kind: str, document: Document) -> Document | None:
    upstream = document if kind == "upstream" else document.get("upstream")
    return upstream if isinstance(upstream, dict) else None


def _with_one_form_of_nodes(kind: str, document: Document) -> Document:
    upstream = _upstream(kind, document) or {}
    nodes = upstream.get("nodes")
    if isinstance(nodes, dict):
        nodes = [_node(text, weight) for text, weight in nodes.items()]
    if not isinstance(nodes, list) or not _are_told_apart(nodes):
        return document
    told = {"nodes": sorted(nodes, key=canonical)}
    if kind == "upstream":
        return document | told
    return {**document, "upstream": upstream | told}


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
