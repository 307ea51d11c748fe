"""What a recipe can be told: a JSON Schema of its settings, and reading them by it. Pure.

The schemas are made of few words, so that a form can be made of them as well: texts,
whole numbers, flags, choices, lists of texts, and objects of texts or whole numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from gateway.defaults import filled

Schema = dict[str, Any]
Settings = Mapping[str, Any]

TEXT_LIMIT, ITEMS_LIMIT = 1_000, 100
TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
LIMITS = {
    "minimum": "It is too small: give at least {limit}.",
    "maximum": "It is too large: give at most {limit}.",
    "minLength": "It is too short: give at least {limit} characters.",
    "maxLength": "It is too long: give at most {limit:,} characters.",
    "minItems": "It is empty. Give at least {limit}.",
    "maxItems": "It is too long: give at most {limit}.",
    "minProperties": "It is empty. Give at least {limit}.",
    "maxProperties": "It is too long: give at most {limit}.",
}


class WrongSettings(ValueError):
    """Settings that make no sense; `wrong` holds (dotted setting, words) of each."""

    def __init__(self, *wrong: tuple[str, str]) -> None:
        super().__init__(wrong[0][1])
        self.wrong = wrong


def text(
    title: str,
    description: str,
    *,
    example: str = "",
    lines: bool = False,
    **rules: Any,
) -> Schema:
    """Return the schema of a text, of one line unless it may have `lines`."""
    schema: Schema = {"type": "string", "title": title, "description": description}
    schema |= {"minLength": 1, "maxLength": TEXT_LIMIT}
    schema |= {"x-lines": True} if lines else {"pattern": r"^[^\r\n]*$"}
    return schema | ({"examples": [example]} if example else {}) | rules


def secret(title: str, description: str, **rules: Any) -> Schema:
    """Return the schema of a text that nobody is shown again."""
    told = f"{description} Better a reference such as $secret://vault/1/name."
    return text(title, told, writeOnly=True, **rules)


def whole(
    title: str, description: str, *, least: int, most: int, **rules: Any
) -> Schema:
    """Return the schema of a whole number."""
    return {
        "type": "integer",
        "title": title,
        "description": description,
        "minimum": least,
        "maximum": most,
    } | rules


def flag(title: str, description: str, *, default: bool) -> Schema:
    """Return the schema of yes or no."""
    return {
        "type": "boolean",
        "title": title,
        "description": description,
        "default": default,
    }


def choice(
    title: str, description: str, choices: Mapping[str, str], **rules: Any
) -> Schema:
    """Return the schema of one of some values; {value: words for people}."""
    # https://json-schema.org/draft/2020-12/json-schema-core: unknown words are notes.
    return {
        "type": "string",
        "title": title,
        "description": description,
        "enum": list(choices),
        "x-words": dict(choices),
    } | rules


def several(title: str, description: str, item: Schema, **rules: Any) -> Schema:
    """Return the schema of a list without repetition."""
    return {
        "type": "array",
        "title": title,
        "description": description,
        "items": item,
        "minItems": 1,
        "maxItems": ITEMS_LIMIT,
        "uniqueItems": True,
    } | rules


def pairs(
    title: str, description: str, names: Schema, value: Schema, **rules: Any
) -> Schema:
    """Return the schema of an object with names of one's own."""
    return {
        "type": "object",
        "title": title,
        "description": description,
        "propertyNames": names,
        "additionalProperties": value,
        "minProperties": 1,
        "maxProperties": ITEMS_LIMIT,
    } | rules


def settings_schema(properties: Schema, required: Sequence[str]) -> Schema:
    """Return the schema of all settings of a recipe."""
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema | {"additionalProperties": False}


def read(schema: Schema, given: Any) -> Settings:
    """Return the settings with the defaults of those left out. Raises WrongSettings."""
    errors = _validator(orjson.dumps(schema)).iter_errors(given)
    # One of two words about the same is enough: the first.
    wrong = dict(reversed([_explained(error, schema) for error in errors]))
    if wrong:
        raise WrongSettings(*sorted(wrong.items()))
    settings: Settings = _with_integers(filled(given, schema))
    return settings


def _with_integers(value: Any) -> Any:
    """Write 60.0 as 60: JSON knows no integers, and no setting takes another number."""
    if isinstance(value, dict):
        return {name: _with_integers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    return int(value) if isinstance(value, float) else value


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> "jsonschema_rs.Draft202012Validator":
    return jsonschema_rs.Draft202012Validator(orjson.loads(schema))


def _explained(
    error: "jsonschema_rs.ValidationError", schema: Schema
) -> tuple[str, str]:
    """Return (setting, words) of one error."""
    path, kind = [str(part) for part in error.instance_path], error.kind
    properties = schema["properties"]
    rule: Any = getattr(kind, "value", None)
    match kind.name:
        case "required":
            path.append(str(rule))
            words = f"It is missing. Give {_wanted(properties[str(rule)])}."
        case "additionalProperties":
            path.append(str(rule[0])[:80])
            words = unknown(path[-1], list(properties))
        case "type":
            words = f"It is not {TYPES[rule[0]]}. Give {TYPES[rule[0]]}."
        case "enum":
            words = f"It is not one of {', '.join(map(str, rule))}. Give one of these."
        case "uniqueItems":
            words = "It holds one twice. Give each once."
        case name if name in LIMITS:
            words = LIMITS[name].format(limit=rule)
        case _:
            own = properties.get(path[0], {}) if path else {}
            words = f"It has another form. Give {_wanted(own)}."
    return ".".join(path), words


def _wanted(own: Schema) -> str:
    """Say what a setting takes, by an example where there is one."""
    examples = own.get("examples") or [None]
    if examples[0] is None:
        return TYPES[own["type"]] if "type" in own else "settings as described"
    example = examples[0]
    shown = example if isinstance(example, str) else orjson.dumps(example).decode()
    return f"{'one' if own['type'] == 'string' else TYPES[own['type']]} such as {shown}"


def unknown(name: str, known: Sequence[str]) -> str:
    """Say that there is no such setting, and which one was probably meant."""
    close = get_close_matches(name, known, n=1)
    mend = f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(known)}."
    return f"There is no such setting. {mend}"


def names_set(settings: Settings, *names: str) -> Iterator[str]:
    """Yield those of the names that are set."""
    yield from (name for name in names if settings.get(name) not in (None, ""))
