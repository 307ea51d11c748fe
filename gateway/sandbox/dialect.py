"""JSON Schema as APISIX checks it, with its words for what is wrong.

APISIX compiles schemas with a Lua library (https://github.com/api7/jsonschema) that
reads draft 7 in its own way, and its messages are part of the Admin API's contract.
What differs from the standard, and why no standard validator serves:

- it stops at the first failure, in a fixed order: type, properties (each with its own
  schema, then dependencies), missing ones, unknown ones, counts, items, strings,
  numbers, enum, allOf, anyOf, oneOf, not, if;
- an empty array and an empty object are the same thing (a Lua table);
- defaults are filled in while checking, so a later `if` sees them;
- patterns are PCRE, found anywhere, over bytes; `format` knows five names.
"""

import json
from collections.abc import Callable
from typing import Any

from gateway.sandbox.dialect_values import (
    Failure,
    check_const,
    check_enum,
    check_format,
    check_number,
    check_string,
    check_type,
    is_array,
    is_object,
    pattern,
)
from gateway.sandbox.lua_values import quoted

Schema = dict[str, Any] | bool


def check(schema: Schema, value: Any) -> Failure:
    """Return what is wrong with the value in APISIX's words, or None.

    Fills defaults into `value`; check a copy to keep the original.
    """
    if schema is True:
        return None
    if schema is False:
        return "expect false always"
    for part in _PARTS:
        failure = part(schema, value)
        if failure is not None:
            return failure
    return None


def _properties(schema: dict[str, Any], value: Any) -> Failure:
    if not is_object(value):
        return None
    members: dict[str, Any] = value if isinstance(value, dict) else {}
    properties: dict[str, Schema] = schema.get("properties", {})
    dependencies: dict[str, Any] = schema.get("dependencies", {})
    required = schema.get("required", ())
    for name, below in properties.items():
        if name in members:
            failure = check(below, members[name])
            if failure is not None:
                return f"property {quoted(name)} validation failed: {failure}"
            failure = _dependency(name, dependencies.get(name), members)
            if failure is not None:
                return failure
        elif name in required:
            return f"property {quoted(name)} is required"
        elif isinstance(below, dict) and "default" in below and members is value:
            members[name] = _copy(below["default"])
    for name in required:
        if name not in members:
            return f"property {quoted(name)} is required"
    for name, dependency in dependencies.items():
        if name not in properties and name in members:
            failure = _dependency(name, dependency, members)
            if failure is not None:
                return failure
    return _other_properties(schema, members) or _property_count(schema, members)


def _dependency(name: str, dependency: Any, members: dict[str, Any]) -> Failure:
    if isinstance(dependency, list):
        for other in dependency:
            if other not in members:
                return (
                    f"property {quoted(other)} is required when {quoted(name)} is set"
                )
    elif dependency is not None:
        failure = check(dependency, members)
        if failure is not None:
            return f"failed to validate dependent schema for {quoted(name)}: {failure}"
    return None


def _other_properties(schema: dict[str, Any], members: dict[str, Any]) -> Failure:
    patterns: dict[str, Schema] = schema.get("patternProperties", {})
    additional = schema.get("additionalProperties", True)
    if not patterns and additional is True:
        return None
    known = schema.get("properties", {})
    for name, value in members.items():
        matched = False
        for text, below in patterns.items():
            if pattern(text).search(name):
                matched = True
                failure = check(below, value)
                if failure is not None:
                    return f"failed to validate {name} (matching {quoted(text)}): {failure}"
        if matched or name in known or additional is True:
            continue
        if additional is False:
            return f"additional properties forbidden, found {name}"
        failure = check(additional, value)
        if failure is not None:
            return f"failed to validate additional property {name}: {failure}"
    return None


def _property_count(schema: dict[str, Any], members: dict[str, Any]) -> Failure:
    fewest, most = schema.get("minProperties"), schema.get("maxProperties")
    if fewest is not None and len(members) < fewest:
        return f"expect object to have at least {fewest} properties"
    if most is not None and len(members) > most:
        return f"expect object to have at most {most} properties"
    return None


def _items(schema: dict[str, Any], value: Any) -> Failure:
    if not is_array(value):
        return None
    elements: list[Any] = value if isinstance(value, list) else []
    fewest, most = schema.get("minItems"), schema.get("maxItems")
    if fewest is not None and len(elements) < fewest:
        return f"expect array to have at least {fewest} items"
    if most is not None and len(elements) > most:
        return f"expect array to have at most {most} items"
    below = schema.get("items")
    each = below if isinstance(below, list) else [below] * len(elements)
    for place, (element, its_schema) in enumerate(
        zip(elements, each, strict=False), start=1
    ):
        failure = None if its_schema is None else check(its_schema, element)
        if failure is not None:
            return f"failed to validate item {place}: {failure}"
    if schema.get("uniqueItems"):
        return _unique(elements)
    return None


def _unique(elements: list[Any]) -> Failure:
    seen: dict[str, int] = {}
    for place, element in enumerate(elements, start=1):
        key = json.dumps(element, sort_keys=True)
        if key in seen:
            return f"expected unique items but items {seen[key]} and {place} are equal"
        seen[key] = place
    return None


def _all_of(schema: dict[str, Any], value: Any) -> Failure:
    for place, below in enumerate(schema.get("allOf", ()), start=1):
        failure = check(below, value)
        if failure is not None:
            return f"allOf {place} failed: {failure}"
    return None


def _any_of(schema: dict[str, Any], value: Any) -> Failure:
    choices = schema.get("anyOf")
    if choices is None or any(check(below, value) is None for below in choices):
        return None
    requirements = [
        json.dumps(below["required"], separators=(",", ":"))
        for below in choices
        if isinstance(below, dict) and "required" in below
    ]
    words = "object matches none of the required"
    return f"{words}: {' or '.join(requirements)}" if requirements else words


def _one_of(schema: dict[str, Any], value: Any) -> Failure:
    choices = schema.get("oneOf")
    if choices is None:
        return None
    words = "value should match only one schema, but matches"
    matched: int | None = None
    for place, below in enumerate(choices, start=1):
        if check(below, value) is None:
            if matched is not None:
                return f"{words} both schemas {matched} and {place}"
            matched = place
    return None if matched is not None else f"{words} none"


def _not(schema: dict[str, Any], value: Any) -> Failure:
    if "not" in schema and check(schema["not"], value) is None:
        return "value wasn't supposed to match schema"
    return None


def _if(schema: dict[str, Any], value: Any) -> Failure:
    if "if" not in schema:
        return None
    clause = "then" if check(schema["if"], value) is None else "else"
    if clause in schema and check(schema[clause], value) is not None:
        return f"{clause} clause did not match"
    return None


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _contains(schema: dict[str, Any], value: Any) -> Failure:
    if "contains" not in schema or not is_array(value):
        return None
    if not value:
        return "check contains: empty array is invalid"
    if any(check(schema["contains"], element) is None for element in value):
        return None
    return "failed to check contains"


_PARTS: tuple[Callable[[dict[str, Any], Any], Failure], ...] = (
    check_type,
    _properties,
    _items,
    check_string,
    check_number,
    check_enum,
    _all_of,
    _any_of,
    _one_of,
    _not,
    _if,
    check_format,
    check_const,
    _contains,
)
