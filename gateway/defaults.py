"""The defaults of JSON Schemas: fill them in, leave them out. Pure.

APISIX fills defaults into a document while it checks it; before 3.14 it stored them.
"""

import copy
from collections.abc import Iterator
from typing import Any

from gateway.canonical import canonical

Schema = dict[str, Any]

DEPTH_LIMIT = 40


def filled(value: Any, schema: Any) -> Any:
    """Return a copy of the value with the defaults that hold in any case.

    Those of properties, items and `allOf`, not those of alternatives, and not of
    required properties: APISIX wants those to be given. An empty array where an object
    is due becomes one, and the other way round: Lua knows no difference.
    """
    if not isinstance(schema, dict):
        return copy.deepcopy(value)
    value = _as_wanted(value, schema)
    if isinstance(value, list):
        items = schema.get("items")
        return [filled(item, items) for item in value]
    if not isinstance(value, dict):
        return value
    everywhere = [schema, *_always(schema)]
    result = {
        name: filled(item, _surely_of(everywhere, name)) for name, item in value.items()
    }
    for one in everywhere:
        required = one.get("required") or ()
        for name, own in _properties(one).items():
            if name in result or name in required:
                continue
            if isinstance(own, dict) and "default" in own:
                result[name] = copy.deepcopy(own["default"])
    return result


def with_tables(value: Any, schema: Any) -> Any:
    """Return the value with each empty table in the form that the schema wants there."""
    if not isinstance(schema, dict):
        return value
    value = _as_wanted(value, schema)
    if isinstance(value, list):
        return [with_tables(item, schema.get("items")) for item in value]
    if not isinstance(value, dict):
        return value
    everywhere = [schema, *_always(schema)]
    return {
        name: with_tables(item, _surely_of(everywhere, name))
        for name, item in value.items()
    }


def _as_wanted(value: Any, schema: Schema) -> Any:
    if value == [] and schema.get("type") == "object":
        return {}
    if value == {} and schema.get("type") == "array":
        return []
    return value


def _always(schema: Schema, depth: int = 0) -> Iterator[Schema]:
    """Yield the schemas that hold besides this one."""
    branches = schema.get("allOf")
    for branch in branches if isinstance(branches, list) else ():
        if isinstance(branch, dict) and depth < DEPTH_LIMIT:
            yield branch
            yield from _always(branch, depth + 1)


def _surely_of(schemas: list[Schema], name: str) -> Schema | None:
    """Return the schema of a property, where there is no doubt which it is."""
    for schema in schemas:
        own = _properties(schema).get(name)
        if isinstance(own, dict):
            return own
    for schema in schemas:
        patterns = schema.get("patternProperties")
        others = [*patterns.values()] if isinstance(patterns, dict) else []
        others += [schema.get("additionalProperties")]
        found = [one for one in others if isinstance(one, dict)]
        if len(found) == 1:
            return found[0]
    return None


def without_defaults(
    value: Any, schemas: list[Schema], ready: dict[str, Any] | None = None
) -> Any:
    """Return the value without members that equal a default of these schemas.

    Strips below first: an object of nothing but defaults may be a default itself.
    Members in `ready` are put in as they are.
    """
    if isinstance(value, list):
        items = [s["items"] for s in _all(schemas) if isinstance(s.get("items"), dict)]
        return [without_defaults(item, items) for item in value]
    if not isinstance(value, dict):
        return value
    everywhere = list(_all(schemas))
    kept = {}
    for name, item in value.items():
        if ready is not None and name in ready:
            kept[name] = ready[name]
            continue
        own = list(_of_property(everywhere, name))
        stripped = without_defaults(item, own)
        defaults = [s["default"] for s in _all(own) if "default" in s]
        if not any(
            canonical(without_defaults(default, own)) == canonical(stripped)
            for default in defaults
        ):
            kept[name] = stripped
    return kept


def _properties(schema: Schema) -> Schema:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _of_property(schemas: list[Schema], name: str) -> Iterator[Schema]:
    """Yield every schema that may speak of a property."""
    for schema in schemas:
        own = _properties(schema).get(name)
        if isinstance(own, dict):
            yield own
        elif isinstance(schema.get("additionalProperties"), dict):
            yield schema["additionalProperties"]
        patterns = schema.get("patternProperties")
        if isinstance(patterns, dict):
            yield from (one for one in patterns.values() if isinstance(one, dict))


def _all(schemas: list[Schema], depth: int = 0) -> Iterator[Schema]:
    """Yield the schemas and all their alternatives."""
    if depth > DEPTH_LIMIT:
        return
    for schema in schemas:
        yield schema
        for name in ("allOf", "anyOf", "oneOf"):
            branches = schema.get(name)
            if isinstance(branches, list):
                yield from _all([b for b in branches if isinstance(b, dict)], depth + 1)
        for name in ("then", "else"):
            if isinstance(schema.get(name), dict):
                yield from _all([schema[name]], depth + 1)
        dependencies = schema.get("dependencies")
        if isinstance(dependencies, dict):
            yield from _all(
                [one for one in dependencies.values() if isinstance(one, dict)],
                depth + 1,
            )
