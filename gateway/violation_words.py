"""Say what is wrong with a document, close to APISIX's words, for people and models.

No word repeats a text of the document: it may be a secret.
"""

import json
from collections.abc import Sequence
from typing import Any

from jsonschema_rs import ValidationError

Schema = dict[str, Any]
Path = tuple[str | int, ...]
Wrong = tuple[Path, str]

CHOICES = 4
OPTIONS = 20
PATTERN_LIMIT = 80
# What is in none of these is a failure of the validator, not of the document.
LIMITS = {
    "minimum": "expected at least {limit}, got {value}",
    "maximum": "expected at most {limit}, got {value}",
    "exclusiveMinimum": "expected more than {limit}, got {value}",
    "exclusiveMaximum": "expected less than {limit}, got {value}",
    "multipleOf": "expected a multiple of {limit}, got {value}",
}
SIZES = {
    "minLength": "string too short, expected at least {limit}, got {size}",
    "maxLength": "string too long, expected at most {limit}, got {size}",
    "minItems": "expect array to have at least {limit} items",
    "maxItems": "expect array to have at most {limit} items",
    "minProperties": "expect object to have at least {limit} properties",
    "maxProperties": "expect object to have at most {limit} properties",
}
OTHERS = {
    "uniqueItems": "expected unique items",
    "contains": "holds none of the items that it must hold",
    "propertyNames": "has a property whose name is not allowed",
    "falseSchema": "must not be there",
}


def explained(error: ValidationError, schema: Schema) -> list[Wrong]:
    """Return (path, words) of what is wrong; nothing where it may well be right."""
    at = tuple(error.instance_path)
    match error.kind.name:
        case "anyOf" | "oneOf":
            branches: list[list[ValidationError]] = error.kind.value
            if not all(branches):
                return [(at, _several_fit(error, schema))]
            return _none_fits(at, branches)
        case "not":
            return [(at, _forbidden(error))]
        case name:
            words = _plain(name, error.kind.value, error.instance)
            return [] if words is None else [(at, words)]


def _plain(name: str, rule: Any, value: Any) -> str | None:
    if name in LIMITS:
        return LIMITS[name].format(limit=rule, value=value)
    if name in SIZES:
        return SIZES[name].format(limit=rule, size=len(value))
    match name:
        case "type":
            return _wrong_type([rule] if isinstance(rule, str) else rule, value)
        case "required":
            return f'property "{rule}" is required'
        case "additionalProperties":
            return f"additional properties forbidden, found {', '.join(rule)}"
        case "enum":
            return f"matches none of the enum values: {_listed(rule)}"
        case "const":
            return f"must be {_shown(rule)}"
        case "format":
            return f"expect valid {rule} address"
        case "pcre":
            return str(rule)
        case _:
            return OTHERS.get(name)


def no_match(pattern: str) -> str:
    """Return the words for a text that a pattern is not found in."""
    if len(pattern) > PATTERN_LIMIT:
        pattern = f"{pattern[:PATTERN_LIMIT]}…"
    return f'failed to match pattern "{pattern}"'


def _wrong_type(expected: list[str], value: Any) -> str | None:
    if value in ({}, []) and {"object", "array"} & set(expected):
        return None
    names = expected[0] if len(expected) == 1 else f"one of {', '.join(expected)}"
    return f"wrong type: expected {names}, got {_type_name(value)}"


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    for kind, name in ((str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kind):
            return name
    return "null"


def _none_fits(at: Path, branches: list[list[ValidationError]]) -> list[Wrong]:
    """Say what each alternative lacks; often just one field of a few."""
    found = [[explained(one, {}) for one in branch] for branch in branches]
    if any(not wrong for branch in found for wrong in branch):
        return []
    if all(_lacks_only_fields(at, branch) for branch in branches):
        lacking = [[str(one.kind.value) for one in branch] for branch in branches]
        fewest = min(map(len, lacking))
        needed = dict.fromkeys(
            " with ".join(names) for names in lacking if len(names) == fewest
        )
        return [(at, _required([*needed]))]
    meant = [
        index
        for index, branch in enumerate(branches)
        if not any(_is_another_form(at, one) for one in branch)
    ] or range(len(branches))
    if len(meant) == 1:
        return [wrong for one in found[meant[0]] for wrong in one]
    reasons = dict.fromkeys(found[index][0][0][1] for index in meant)
    shown = "; or ".join([*reasons][:CHOICES])
    return [(at, f"matches none of what is allowed: {shown}")]


def _lacks_only_fields(at: Path, branch: list[ValidationError]) -> bool:
    return all(
        one.kind.name == "required" and tuple(one.instance_path) == at for one in branch
    )


def _is_another_form(at: Path, error: ValidationError) -> bool:
    """Say whether the value is so unlike an alternative that it cannot be meant."""
    name = error.kind.name
    return name in {"enum", "const"} or (
        name == "type" and tuple(error.instance_path) == at
    )


def _required(needed: Sequence[str]) -> str:
    if len(needed) == 1:
        return f'property "{needed[0]}" is required'
    return f"one of these properties is required: {', '.join(needed)}"


def _several_fit(error: ValidationError, schema: Schema) -> str:
    """Name the fields that exclude each other, if that is the rule."""
    branches: Any = schema
    try:
        for part in error.schema_path:
            branches = branches[part]
    except (KeyError, IndexError, TypeError):
        branches = []
    groups = [
        list(branch.get("required", ()))
        for branch, errors in zip(branches, error.kind.value, strict=False)
        if not errors and isinstance(branch, dict)
    ]
    common = set(groups[0]).intersection(*groups[1:]) if groups else set()
    named = [[name for name in group if name not in common] for group in groups]
    if len(named) > 1 and all(named):
        choices = " or ".join(" with ".join(names) for names in named)
        return f"only one of these properties is allowed: {choices}"
    return "matches more than one of several forms that exclude each other"


def _forbidden(error: ValidationError) -> str:
    """Name the fields that must not stand together, if that is the rule."""
    rule = error.kind.value if isinstance(error.kind.value, dict) else {}
    held = error.instance if isinstance(error.instance, dict) else {}
    for branch in rule.get("anyOf", [rule]):
        names = branch.get("required", ()) if isinstance(branch, dict) else ()
        if names and all(name in held for name in names):
            return (
                f"{' and '.join(names)} exclude each other"
                if len(names) > 1
                else f'property "{names[0]}" is not allowed here'
            )
    return "has a form that is not allowed"


def _listed(values: list[Any]) -> str:
    more = ", …" if len(values) > OPTIONS else ""
    return ", ".join(map(_shown, values[:OPTIONS])) + more


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
