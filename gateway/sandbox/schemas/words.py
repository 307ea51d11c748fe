"""Short words for writing JSON Schemas by hand."""

from typing import Any

Schema = dict[str, Any]


def obj(
    properties: Schema | None = None,
    *,
    required: list[str] | None = None,
    closed: bool = False,
    **more: Any,
) -> Schema:
    """Return an object's schema; `closed` forbids other properties."""
    schema: Schema = {"type": "object"}
    if properties is not None:
        schema["properties"] = properties
    if required:
        schema["required"] = required
    if closed:
        schema["additionalProperties"] = False
    return schema | more


def text(
    shortest: int | None = None, longest: int | None = None, **more: Any
) -> Schema:
    """Return a string's schema, its length in characters."""
    schema: Schema = {"type": "string"}
    if shortest is not None:
        schema["minLength"] = shortest
    if longest is not None:
        schema["maxLength"] = longest
    return schema | more


def choice(*values: Any, **more: Any) -> Schema:
    """Return the schema of one of these strings."""
    return {"type": "string", "enum": list(values)} | more


def _between(kind: str, least: float | None, most: float | None) -> Schema:
    schema: Schema = {"type": kind}
    if least is not None:
        schema["minimum"] = least
    if most is not None:
        schema["maximum"] = most
    return schema


def whole(least: int | None = None, most: int | None = None, **more: Any) -> Schema:
    """Return an integer's schema with inclusive bounds."""
    return _between("integer", least, most) | more


def number(
    least: float | None = None, most: float | None = None, **more: Any
) -> Schema:
    """Return a number's schema with inclusive bounds."""
    return _between("number", least, most) | more


def above(least: float, kind: str = "number", **more: Any) -> Schema:
    """Return the schema of a number greater than this."""
    return {"type": kind, "exclusiveMinimum": least} | more


def flag(default: bool | None = None, **more: Any) -> Schema:
    """Return a boolean's schema."""
    schema: Schema = {"type": "boolean"}
    if default is not None:
        schema["default"] = default
    return schema | more


def array(
    items: Schema | None = None,
    fewest: int | None = None,
    most: int | None = None,
    **more: Any,
) -> Schema:
    """Return an array's schema."""
    schema: Schema = {"type": "array"}
    if items is not None:
        schema["items"] = items
    if fewest is not None:
        schema["minItems"] = fewest
    if most is not None:
        schema["maxItems"] = most
    return schema | more


def mapping(values: Schema, **more: Any) -> Schema:
    """Return the schema of an object whose every value is alike."""
    return {"type": "object", "additionalProperties": values} | more


def needs(*names: str) -> Schema:
    """Return the schema of whatever has these properties."""
    return {"required": list(names)}


def unless(schema: Schema) -> Schema:
    """Return the schema of what does not match this one."""
    return {"not": schema}


def when(condition: Schema, then: Schema, otherwise: Schema | None = None) -> Schema:
    """Return a rule: what matches the condition must match `then` as well."""
    rule: Schema = {"if": condition, "then": then}
    return rule if otherwise is None else rule | {"else": otherwise}


def has(field: str, *values: Any) -> Schema:
    """Return the schema of what has one of these values in a field, or no such field."""
    return {"properties": {field: {"enum": list(values)}}}


def any_of(*choices: Schema, **more: Any) -> Schema:
    """Return the schema of what matches one choice or more."""
    return {"anyOf": list(choices)} | more


def one_of(*choices: Schema, **more: Any) -> Schema:
    """Return the schema of what matches exactly one choice."""
    return {"oneOf": list(choices)} | more
