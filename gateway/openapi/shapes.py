"""Take values of a document only where they have the form that OpenAPI gives them."""

from collections.abc import Iterator
from typing import Any

from gateway.openapi.errors import OpenAPIError, pointer_to

Document = dict[str, Any]
Place = tuple[str | int, ...]

KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
}


def taken(holder: Document, name: str, kind: type, at: Place) -> Any:
    """Return a member of an object, an empty one where it is absent or null.

    Raises OpenAPIError where it is of another type.
    """
    value = holder.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise OpenAPIError(f"{name} must be {KINDS[kind]}.", pointer_to(*at, name))
    return value


def objects(holder: Document, name: str, at: Place) -> Iterator[tuple[str, Document]]:
    """Return the members of an object of objects. Raises OpenAPIError."""
    for key, one in taken(holder, name, dict, at).items():
        if not key.startswith("x-"):
            yield key, an_object(one, (*at, name, key))


def listed(holder: Document, name: str, at: Place) -> Iterator[tuple[int, Document]]:
    """Return the members of a list of objects. Raises OpenAPIError."""
    for index, one in enumerate(taken(holder, name, list, at)):
        yield index, an_object(one, (*at, name, index))


def an_object(value: Any, at: Place) -> Document:
    """Return the value if it is an object. Raises OpenAPIError."""
    if not isinstance(value, dict):
        raise OpenAPIError("There must be an object here.", pointer_to(*at))
    return value
