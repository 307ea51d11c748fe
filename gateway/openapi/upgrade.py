"""Bring OpenAPI 2.0, 3.0 and 3.1 to one form: 3.1, with the extensions it had.

What of 2.0 has no place in 3.1 is moved (`upgrade_two.py`); what a schema says in 3.0's
dialect is said in JSON Schema's. https://spec.openapis.org/oas/v3.1.1.html
"""

import re
from typing import Any

from gateway.openapi.errors import OpenAPIError
from gateway.openapi.shapes import Document
from gateway.openapi.source import DATA
from gateway.openapi.upgrade_two import upgraded_from_two

VERSION = "3.1.1"
BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))


def upgraded(document: Document) -> Document:
    """Return a document as OpenAPI 3.1. Raises OpenAPIError for no version we know."""
    version = str(document.get("openapi", document.get("swagger", "")))
    if "openapi" in document and re.fullmatch(r"3\.[01](\.\d+)?(-.{1,20})?", version):
        made = document
    elif "swagger" in document and version in {"2.0", "2"}:
        made = upgraded_from_two(document)
    else:
        raise OpenAPIError(
            f"It says openapi {version[:20]!r}. Give a document of OpenAPI 2.0 (swagger), "
            "3.0 or 3.1."
            if version
            else "It does not say which OpenAPI it is. Begin with openapi: 3.1.0."
        )
    if not version.startswith("3.1"):
        made = _with_schemas_of_today(made)
    return made | {"openapi": VERSION}


def _with_schemas_of_today(value: Any) -> Any:
    """Return a copy in which schemas say what 3.0 said in words of their own."""
    if isinstance(value, list):
        return [_with_schemas_of_today(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {
        name: one
        if name in DATA or name.startswith("x-")
        else _with_schemas_of_today(one)
        for name, one in value.items()
    }
    # Only a schema has these as true or false: elsewhere they are names of properties.
    if isinstance(made.get("nullable"), bool):
        is_nullable = made.pop("nullable")
        if is_nullable and isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
            if isinstance(made.get("enum"), list) and None not in made["enum"]:
                made["enum"] = [*made["enum"], None]
    for name, bound in BOUNDS:
        if isinstance(made.get(name), bool):
            is_exclusive = made.pop(name)
            if is_exclusive and bound in made:
                made[name] = made.pop(bound)
    return made
