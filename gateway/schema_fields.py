"""The fields that a JSON Schema knows, all its alternatives taken together. Pure.

What a schema says in `oneOf`, `if` and their like is shown as fields that may stand there;
which of them go together the words of `needs` tell, and the checks judge.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

BRANCHES = ("allOf", "anyOf", "oneOf")
DEPTH_LIMIT = 12
# Every plugin has them, and they are none of its own settings.
COMMON = "_meta"


@dataclass(frozen=True)
class Field:
    """One field of an object; `is_needed` where no document may do without it."""

    name: str
    schema: Schema
    is_needed: bool = False


def fields_of(schema: Schema) -> list[Field]:
    """Return the fields of an object, first its own, then those of its alternatives.

    A field that several alternatives describe differently has all of these for its own.
    """
    needed = {str(one) for one in _list(schema.get("required"))}
    needed |= {
        str(one)
        for branch in _dicts(schema.get("allOf"))
        for one in _list(branch.get("required"))
    }
    found: dict[str, list[Schema]] = {}
    for one in _everywhere(schema):
        properties = one.get("properties")
        for name, own in properties.items() if isinstance(properties, dict) else ():
            if isinstance(own, dict) and own not in found.setdefault(name, []):
                found[name].append(own)
    own_names = schema.get("properties")
    fields = []
    for name, schemas in found.items():
        # A branch that repeats a field mostly narrows what its owner said of it.
        is_own = isinstance(own_names, dict) and name in own_names
        meant = schemas[0] if is_own or len(schemas) == 1 else {"anyOf": schemas}
        fields.append(Field(name, meant, name in needed))
    return fields


def needs(schema: Schema) -> list[str]:
    """Say which fields go together or exclude each other, where that is the rule."""
    told = []
    for key, words in (("oneOf", "Give one of: {}."), ("anyOf", "Give any of: {}.")):
        groups = [
            " with ".join(map(str, _list(branch.get("required"))))
            for branch in _dicts(schema.get(key))
        ]
        if len(groups) > 1 and all(groups):
            told.append(words.format("; ".join(dict.fromkeys(groups))))
    return told


def alternatives(schema: Schema) -> list[Schema]:
    """Return the forms a value may have: a schema of one form is its own only one."""
    for key in ("oneOf", "anyOf"):
        branches = [one for one in _dicts(schema.get(key)) if "type" in one]
        if branches and "type" not in schema:
            return [
                schema_of
                for branch in branches
                for schema_of in alternatives({**_words_of(schema), **branch})
            ]
    return [schema]


def types_of(schema: Schema) -> tuple[str, ...]:
    """Return the JSON types that a value may have; () where nothing is said."""
    if "type" not in schema and "enum" in schema:
        return tuple(dict.fromkeys(_type_of(one) for one in _list(schema["enum"])))
    if "type" not in schema:
        found = [kind for one in alternatives(schema)[:8] for kind in _types(one)]
        if not found and "properties" in schema:
            return ("object",)
        return tuple(dict.fromkeys(found))
    return _types(schema)


def items_of(schema: Schema) -> Schema:
    """Return the schema of an array's items; {} where it says nothing."""
    items = schema.get("items")
    return items if isinstance(items, dict) else {}


def values_of(schema: Schema) -> Schema | None:
    """Return the schema of an object's values under names of one's own, if it has such."""
    patterns = schema.get("patternProperties")
    found = _dicts([*patterns.values()]) if isinstance(patterns, dict) else []
    found += _dicts([schema.get("additionalProperties")])
    return found[0] if len(found) == 1 else None


def _types(schema: Schema) -> tuple[str, ...]:
    own = schema.get("type")
    types = own if isinstance(own, list) else [own]
    # A Lua table is what a JSON object is to others.
    return tuple("object" if one == "table" else str(one) for one in types if one)


def _type_of(value: Any) -> str:
    for kind, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kind):
            return name
    return "null"


def _words_of(schema: Schema) -> Schema:
    """Return what a schema says to people, which holds for each of its forms."""
    return {name: schema[name] for name in ("description", "default") if name in schema}


def _everywhere(schema: Schema, depth: int = 0) -> Iterator[Schema]:
    """Yield the schema and its alternatives, theirs too."""
    if depth > DEPTH_LIMIT:
        return
    yield schema
    for key in BRANCHES:
        for branch in _dicts(schema.get(key)):
            yield from _everywhere(branch, depth + 1)
    dependencies = schema.get("dependencies")
    depending = dependencies.values() if isinstance(dependencies, dict) else ()
    for branch in _dicts([schema.get("then"), schema.get("else"), *depending]):
        yield from _everywhere(branch, depth + 1)


def _dicts(values: Any) -> list[Schema]:
    return [one for one in _list(values) if isinstance(one, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
