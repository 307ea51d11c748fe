"""Short ways to ask a desk what its checks say of a request."""

from typing import Any

from portal.changes.asked import ItemAsked
from portal.changes.findings import Finding
from portal.changes.propose import preview
from tests.actors import present
from tests.changes.conftest import Desk

Document = dict[str, Any]

# Nothing to say of it: it asks who calls, and its upstream is tried out.
KEY_AUTH: Document = {"key-auth": {}}


def route(**fields: Any) -> Document:
    """A route of which no check has anything to say, with these fields."""
    return {
        "uri": "/speaker/*",
        "host": "api.example.com",
        "plugins": KEY_AUTH,
        "upstream": upstream("backend:8000"),
    } | fields


def upstream(*nodes: str, **fields: Any) -> Document:
    """An upstream of which no check has anything to say, with these nodes and fields."""
    return {
        "type": "roundrobin",
        "nodes": dict.fromkeys(nodes, 1),
        "timeout": {"connect": 3, "send": 10, "read": 10},
    } | fields


def create(kind: str, document: Document, resource_id: str = "new") -> ItemAsked:
    return ItemAsked(action="create", kind=kind, id=resource_id, document=document)


def update(kind: str, document: Document, resource_id: str = "old") -> ItemAsked:
    return ItemAsked(action="update", kind=kind, id=resource_id, document=document)


def delete(kind: str, resource_id: str = "old") -> ItemAsked:
    return ItemAsked(action="delete", kind=kind, id=resource_id)


def findings(desk: Desk, *items: ItemAsked, **fields: Any) -> list[Finding]:
    """What the checks say, were these items asked for."""
    asked = desk.asked(*items, **fields)
    return preview(asked, actor=present(desk.people.alice)).findings


def codes(desk: Desk, *items: ItemAsked) -> list[str]:
    return [finding.code for finding in findings(desk, *items)]


def the(desk: Desk, code: str, *items: ItemAsked) -> Finding:
    """The one finding of this code."""
    found = findings(desk, *items)
    [finding] = [one for one in found if one.code == code] or [None]
    assert finding is not None, f"no {code} among {[one.code for one in found]}"
    return finding
