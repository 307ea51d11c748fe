"""Follow `$ref` within a document."""

import re
from typing import Any
from urllib.parse import unquote

from gateway.openapi.errors import OpenAPIError, pointer_to
from gateway.openapi.shapes import Document, Place

STEPS_LIMIT = 50
# Of a list, as RFC 6901 writes it.
INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def followed(document: Document, value: Any, at: Place) -> Any:
    """Return what a value refers to, itself where it does not.

    Raises OpenAPIError for what is not there or refers to itself.
    """
    seen: list[str] = []
    while isinstance(value, dict) and isinstance(value.get("$ref"), str):
        reference = value["$ref"]
        if reference in seen or len(seen) >= STEPS_LIMIT:
            raise OpenAPIError(
                f"$ref {reference[:200]} leads back to itself.", pointer_to(*at)
            )
        seen.append(reference)
        value = pointed_at(document, reference, at)
    return value


def pointed_at(document: Document, reference: str, at: Place) -> Any:
    """Return what a reference such as `#/components/schemas/Pet` means.

    Raises OpenAPIError.
    """
    value: Any = document
    fragment = unquote(reference.removeprefix("#"))
    if fragment and not fragment.startswith("/"):
        raise OpenAPIError(
            f"$ref {reference[:200]} is no path in the document. Write it as #/….",
            pointer_to(*at),
        )
    for part in fragment.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif (
            isinstance(value, list) and INDEX.fullmatch(name) and int(name) < len(value)
        ):
            value = value[int(name)]
        else:
            raise OpenAPIError(
                f"$ref {reference[:200]} leads to nothing.", pointer_to(*at)
            )
    return value
