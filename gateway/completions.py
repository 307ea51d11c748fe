"""What an editor can offer while a document is typed: its schema, briefly. Pure."""

from typing import Any

from gateway.schema_fields import (
    Schema,
    alternatives,
    fields_of,
    items_of,
    types_of,
    values_of,
)
from gateway.schema_words import description_of, limits_of, type_words

DEPTH_LIMIT = 6
DESCRIPTION_LIMIT = 240


def completions(schema: Schema, depth: int = 0) -> dict[str, Any]:
    """Return {type, needed, values, default, info, fields, items, any} of a value.

    Each only where there is something to say; `fields` are {name: the same}, `any` is
    what holds for names of one's own.
    """
    told: dict[str, Any] = {"type": type_words(schema)}
    values = schema.get("enum")
    if isinstance(values, list):
        told["values"] = values
    elif types_of(schema) == ("boolean",):
        told["values"] = [True, False]
    if "default" in schema:
        told["default"] = schema["default"]
    info = [description_of(schema)[:DESCRIPTION_LIMIT], ", ".join(limits_of(schema))]
    if any(info):
        told["info"] = " ".join(one for one in info if one)
    if depth >= DEPTH_LIMIT:
        return told
    fields: dict[str, Any] = {}
    for form in alternatives(schema):
        for field in fields_of(form):
            fields[field.name] = completions(field.schema, depth + 1)
            if field.is_needed:
                fields[field.name]["needed"] = True
        if items_of(form):
            told["items"] = completions(items_of(form), depth + 1)
        if (own := values_of(form)) is not None:
            told["any"] = completions(own, depth + 1)
    return told | ({"fields": fields} if fields else {})
