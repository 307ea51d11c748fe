"""An example of what a JSON Schema takes: as little as is needed. Pure."""

from typing import Any

from gateway.schema_fields import (
    DEPTH_LIMIT,
    Schema,
    alternatives,
    fields_of,
    items_of,
    types_of,
)
from gateway.violations import Checker

# What a text of this name mostly is, so that an example says something.
TEXTS = (
    (("uri", "url", "endpoint", "addr", "discovery"), "https://example.com/"),
    (("host", "server", "domain"), "example.com"),
    (("key", "secret", "password", "token"), "$secret://vault/1/name"),
    (("path", "file"), "/example"),
)


def example(schema: Schema, *, is_plugin: bool = False) -> Any:
    """Return a value that the schema takes, or None where none was found."""
    checker = Checker(schema, is_plugin=is_plugin)
    for value in ({}, *_candidates(schema)):
        if not any(checker.violations(value)):
            return value
    return None


def _candidates(schema: Schema) -> list[Any]:
    """Return objects with the fields that are needed, one for each alternative."""
    found = [_made(schema, (), "")]
    for key in ("oneOf", "anyOf"):
        for branch in schema.get(key) or ():
            if isinstance(branch, dict) and isinstance(branch.get("required"), list):
                more = tuple(map(str, branch["required"]))
                found.append(_made(schema, more, ""))
    first = next((field.name for field in fields_of(schema)), "")
    return [*found, _made(schema, (first,), "")]


def _made(schema: Schema, more: tuple[str, ...], name: str, depth: int = 0) -> Any:
    schema = alternatives(schema)[0]
    for key in ("default", "const"):
        if key in schema and not more:
            return schema[key]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    match types_of(schema)[:1]:
        case ("integer" | "number",):
            least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            return max(least, min(1, schema.get("maximum", 1)))
        case ("boolean",):
            return True
        case ("array",) if depth < DEPTH_LIMIT:
            count = max(1, schema.get("minItems", 1))
            return [_made(items_of(schema), (), name, depth + 1)] * count
        case ("object",) if depth < DEPTH_LIMIT:
            return {
                field.name: _made(field.schema, (), field.name, depth + 1)
                for field in fields_of(schema)
                if field.is_needed or field.name in more
            }
        case _:
            return _text(schema, name)


def _text(schema: Schema, name: str) -> str:
    for parts, text in TEXTS:
        if any(part in name.lower() for part in parts):
            return text
    return "example".ljust(schema.get("minLength", 0), "e")
