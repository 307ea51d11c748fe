"""Which resources a list shows: filters, then pages. Pure.

Facts: https://apisix.apache.org/docs/apisix/admin-api/#support-paging-query and
what a gateway of 3.18 answers, which differs from the page in several points.
"""

from typing import Any
from urllib.parse import parse_qsl

from gateway.admin_api.request import Arguments, lua_number
from gateway.patterns import search

SMALLEST_PAGE, LARGEST_PAGE = 10, 500
# `filter=` looks at these fields of these kinds and ignores all others.
FILTERED_FIELDS = frozenset({"service_id", "upstream_id"})
FILTERED_KINDS = frozenset({"route", "stream_route"})

Item = dict[str, Any]


class BadPage(ValueError):
    """The page's size is out of bounds."""

    def __str__(self) -> str:
        return f"page_size must be between {SMALLEST_PAGE} and {LARGEST_PAGE}"


def listing(kind: str, items: list[Item], arguments: Arguments) -> dict[str, Any]:
    """Return the answer to a list. Raises BadPage, and TooSlow as patterns.py says."""
    kept = [item for item in items if _matches(kind, item["value"], arguments)]
    return {"total": len(kept), "list": _page(kept, arguments)}


def _matches(kind: str, document: Item, arguments: Arguments) -> bool:
    name = arguments.get("name")
    if name is not None and not _finds(name, document.get("name", "nil")):
        return False
    label = arguments.get("label")
    if label is not None and label not in (document.get("labels") or {}):
        return False
    uri = arguments.get("uri")
    if uri is not None:
        uris = [document.get("uri"), *(document.get("uris") or [])]
        if not any(_finds(uri, one) for one in uris if one is not None):
            return False
    wanted = arguments.get("filter")
    if kind not in FILTERED_KINDS or not isinstance(wanted, str):
        return True
    return all(
        # Compared as it is stored: a number never equals the text of the query.
        document.get(field) == value
        for field, value in parse_qsl(wanted)
        if field in FILTERED_FIELDS
    )


def _finds(wanted: str | bool, value: str) -> bool:
    return isinstance(wanted, str) and search(wanted, value) is not None


def _page(items: list[Item], arguments: Arguments) -> Any:
    page = lua_number(arguments.get("page", True))
    size = lua_number(arguments.get("page_size", True))
    if page is None or size is None:
        return items
    if not SMALLEST_PAGE <= size <= LARGEST_PAGE:
        raise BadPage
    # A number may be larger than any: then it is past the end.
    first = int(min((max(page, 1) - 1) * size, len(items)))
    shown = sorted(items, key=lambda item: item["createdIndex"])
    # Nothing on a page is an empty Lua table, and that becomes an object.
    return shown[first : first + int(size)] or {}
