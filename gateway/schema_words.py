"""A JSON Schema as people read it: a row for each field, in words. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.schema_fields import (
    COMMON,
    Schema,
    alternatives,
    fields_of,
    items_of,
    types_of,
    values_of,
)
from gateway.secret_fields import is_secret_name

DEPTH_LIMIT = 5
CHOICES_LIMIT = 20
PATTERN_LIMIT = 60
NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
    "null": "null",
}
LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} fields",
    "maxProperties": "at most {} fields",
}
SIZES = ("minLength", "minItems", "minProperties")


@dataclass(frozen=True)
class Row:
    """One field, with those above it; `[]` stands for each item of a list."""

    path: tuple[str, ...]
    type: str
    default: str
    limits: tuple[str, ...]
    is_needed: bool
    is_secret: bool
    description: str

    @property
    def depth(self) -> int:
        return len(self.path) - 1


def rows(schema: Schema, *, secret: Sequence[str] = ()) -> list[Row]:
    """Return the fields of an object and of the objects in it.

    `secret` are dotted fields that the gateway keeps encrypted.
    """
    return list(_rows(schema, (), frozenset(secret)))


def _rows(
    schema: Schema, above: tuple[str, ...], secret: frozenset[str]
) -> Iterator[Row]:
    if len(above) >= DEPTH_LIMIT:
        return
    for field in fields_of(schema):
        if field.name == COMMON and not above:
            continue
        forms = alternatives(field.schema)
        lists = [one for one in forms if "array" in types_of(one)]
        is_list = bool(lists) and len(lists) == len(forms)
        path = (*above, field.name + ("[]" if is_list else ""))
        yield Row(
            path=path,
            type=type_words(field.schema),
            default=_json(field.schema["default"]) if "default" in field.schema else "",
            limits=tuple(limits_of(field.schema)),
            is_needed=field.is_needed,
            is_secret=is_secret(path, secret),
            description=description_of(field.schema),
        )
        for one in forms:
            yield from _rows(items_of(one) if one in lists else one, path, secret)


def is_secret(path: Sequence[str], secret: frozenset[str]) -> bool:
    """Say whether a field counts as secret: by the gateway's word or by its name."""
    names = [name.removesuffix("[]") for name in path]
    listed = any(".".join(names[: end + 1]) in secret for end in range(len(names)))
    return listed or is_secret_name(names[-1])


def type_words(schema: Schema) -> str:
    """Say of what type a value is."""
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        more = ", …" if len(enum) > CHOICES_LIMIT else ""
        return "one of " + ", ".join(map(_shown, enum[:CHOICES_LIMIT])) + more
    told = [_one_type(one) for one in alternatives(schema)]
    return " or ".join(dict.fromkeys(told))


def _one_type(schema: Schema) -> str:
    types = types_of(schema)
    if types == ("array",) and items_of(schema):
        return f"list of {type_words(items_of(schema))}"
    if types == ("object",) and not fields_of(schema):
        values = values_of(schema)
        return f"names with {type_words(values)}" if values else "object"
    if "enum" in schema:
        return type_words(schema)
    return " or ".join(NAMES.get(one, one) for one in types) or "anything"


def limits_of(schema: Schema) -> Iterator[str]:
    """Yield what a value must keep to."""
    for name, words in LIMITS.items():
        limit = schema.get(name)
        # To have no least length is no limit.
        if limit is None or isinstance(limit, bool) or name in SIZES and not limit:
            continue
        yield words.format(limit).removesuffix("s" if limit == 1 else "")
    if schema.get("uniqueItems"):
        yield "each once"
    if isinstance(pattern := schema.get("pattern"), str):
        cut = pattern[:PATTERN_LIMIT] + ("…" if len(pattern) > PATTERN_LIMIT else "")
        yield f"fits {cut}"


def description_of(schema: Schema) -> str:
    told = schema.get("description")
    return told if isinstance(told, str) else ""


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
