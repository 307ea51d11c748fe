"""Check a document against a JSON Schema as APISIX reads it. Pure.

APISIX compiles schemas with a Lua library (https://github.com/api7/jsonschema), whose
reading of draft 7 is its own:

- defaults are filled in while it checks, so a later `if` or `dependencies` sees them;
- an empty array and an empty object are the same thing, a Lua table;
- patterns are PCRE, over bytes, found anywhere;
- of the formats it knows three, others count for nothing;
- in a plugin's configuration a reference to a secret (`$secret://…`, `$env://…`) may
  stand for any value; in an ssl, as recorded, it is a text as any other.

What the gateway accepts must never be called wrong here, since that would stop a
change that is fine. So whatever cannot be judged counts as fine: the gateway's own dry
run is asked too, and its answer to the write decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import regex

from gateway.defaults import filled
from gateway.secret_fields import REFERENCE
from gateway.violation_words import explained, no_match

Schema = dict[str, Any]

FORMATS = frozenset({"ipv4", "ipv6", "email"})
# A pattern that backtracks for longer (seconds) is not judged.
PATTERN_TIME = 0.2
# Where the keys of a schema are names of fields, not keywords.
BY_NAME = ("properties", "patternProperties", "dependencies", "definitions")
LITERAL = ("default", "enum", "const", "required")


@dataclass(frozen=True)
class Violation:
    """One way in which a document breaks its schema; `path` is dotted."""

    path: str
    words: str


class Checker:
    """A compiled schema. One that makes no sense to us finds nothing wrong."""

    def __init__(self, schema: Schema, *, is_plugin: bool = False) -> None:
        self._schema = schema
        self._is_plugin = is_plugin
        self._ours = _for_validator(schema)
        self._validator: jsonschema_rs.Draft7Validator | None
        try:
            self._validator = jsonschema_rs.Draft7Validator(
                self._ours,
                validate_formats=True,
                # A schema must not make us ask the network for another one.
                offline=True,
                keywords={"pcre": _PCRE},
            )
        except (ValueError, jsonschema_rs.ValidationError):
            self._validator = None

    def violations(self, value: Any, at: str = "") -> Iterator[Violation]:
        """Yield what is wrong with the value, which stands at this dotted path."""
        if self._validator is None:
            return
        for error in self._validator.iter_errors(filled(value, self._schema)):
            if self._is_plugin and _may_be_a_secret(error):
                continue
            for path, words in explained(error, self._ours):
                parts = (at, *map(str, path))
                yield Violation(".".join(part for part in parts if part), words)


class _PCRE:
    """The keyword `pattern`, searched over bytes as PCRE does without its UTF mode."""

    def __init__(self, parent: Schema, value: str, path: list[str | int]) -> None:
        self._text, self._pattern = value, _compiled(value)

    def validate(self, instance: Any) -> None:
        if self._pattern is None or not isinstance(instance, str):
            return
        text = instance.encode("utf-8", "surrogatepass")
        try:
            is_found = self._pattern.search(text, timeout=PATTERN_TIME)
        except TimeoutError:
            return
        if is_found is None:
            raise ValueError(no_match(self._text))


@lru_cache(maxsize=1024)
def _compiled(text: str) -> "regex.Pattern[bytes] | None":
    try:
        return regex.compile(text.encode("utf-8", "surrogatepass"))
    except regex.error:
        return None


def _for_validator(schema: Any) -> Any:
    """Return the schema in words that our validator reads as APISIX reads its own."""
    if isinstance(schema, list):
        return [_for_validator(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    ours: Schema = {}
    for name, value in schema.items():
        if name == "pattern" and isinstance(value, str):
            ours["pcre"] = value
        elif name in LITERAL:
            ours[name] = value
        elif name in BY_NAME and isinstance(value, dict):
            ours[name] = {key: _for_validator(below) for key, below in value.items()}
        elif name == "type" and value == "table":
            ours[name] = ["object", "array"]
        elif name != "format" or value in FORMATS:
            ours[name] = _for_validator(value)
    return ours


def _may_be_a_secret(error: jsonschema_rs.ValidationError) -> bool:
    """Say whether a reference breaks the schema; what it stands for may not."""
    if error.kind.name in {"anyOf", "oneOf"} and all(error.kind.value):
        return any(
            _may_be_a_secret(one) for branch in error.kind.value for one in branch
        )
    if error.kind.name in {"oneOf", "not"}:
        return _holds_reference(error.instance)
    return _is_reference(error.instance)


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and REFERENCE.match(value) is not None


def _holds_reference(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_reference(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_reference(item) for item in value)
    return _is_reference(value)
