"""The two forms of PATCH: merging a body, and replacing what a path names. Pure."""

import copy
from typing import Any

Document = dict[str, Any]


class BadSubPath(ValueError):
    """The path leads through something that has no members."""

    def __init__(self, path: str) -> None:
        super().__init__(f"invalid sub-path: /{path}")


def merge(document: Document, patch: Any) -> Document:
    """Return the document with the patch merged in, as APISIX merges.

    Objects merge, everything else replaces, null removes. Only an object that holds
    something is merged into; an empty one or an array is replaced, and nulls inside
    what replaces it stay.
    """
    merged = copy.deepcopy(document)
    for key, value in as_members(patch).items():
        old = merged.get(key)
        if isinstance(value, dict) and isinstance(old, dict) and old:
            merged[key] = merge(old, value)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def replace(document: Document, path: str, value: Any) -> Any:
    """Return the document with the value put where the path leads.

    Missing parents are made. Raises BadSubPath when the path leads through a scalar.
    """
    changed = copy.deepcopy(document)
    parts = path.split("/")
    below: Any = changed
    for depth, name in enumerate(parts[:-1], start=1):
        below = _step(below, name)
        if not isinstance(below, dict | list):
            raise BadSubPath("/".join(parts[:depth]))
    if not parts[-1]:
        return copy.deepcopy(value)
    _put(below, parts[-1], copy.deepcopy(value))
    return changed


def as_members(value: Any) -> dict[str, Any]:
    """Return a decoded object, or an array as the table that Lua makes of it."""
    if isinstance(value, list):
        return {str(place): item for place, item in enumerate(value, start=1)}
    members: dict[str, Any] = value
    return members


def _step(below: Any, name: str) -> Any:
    if isinstance(below, list):
        # A path's parts are strings, and a Lua array has no string keys.
        raise BadSubPath(name)
    return below.setdefault(name, {})


def _put(below: Any, name: str, value: Any) -> None:
    if isinstance(below, list):
        raise BadSubPath(name)
    below[name] = value
