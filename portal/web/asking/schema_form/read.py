"""Make the value of what a form sent. What came back as it was shown stays as it was."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from gateway.schema_fields import items_of, types_of, values_of
from portal.strict_json import NotStrict, read_value
from portal.web.asking.schema_form.nodes import MISSING, Node, Widget, as_json

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
NUMERIC = {"integer", "number"}
# Beside the name of an item of a list: whether it goes.
GONE = "/gone"


@dataclass(frozen=True)
class Sent:
    """What a form sent: its value, MISSING for none, and {name: words} of what is wrong.

    What is wrong is left out of the value.
    """

    value: Any
    wrong: Mapping[str, str]


def read(node: Node, sent: Mapping[str, str]) -> Sent:
    """Read the inputs of a form."""
    wrong: dict[str, str] = {}
    return Sent(_read(node, sent, wrong), wrong)


def _read(node: Node, sent: Mapping[str, str], wrong: dict[str, str]) -> Any:
    if node.widget is Widget.GROUP:
        return _group(node, sent, wrong)
    if node.widget is Widget.LIST:
        items = [
            _read(one, sent, wrong)
            for one in node.below
            if f"{one.name}{GONE}" not in sent
        ]
        return node.value if len(items) == len(node.below) == 0 else items
    text = sent.get(node.name)
    # Browsers send line breaks of their own.
    text = None if text is None else text.replace("\r\n", "\n")
    if text is None or text == node.shown:
        return node.value
    return _typed(node, text, wrong)


def _group(node: Node, sent: Mapping[str, str], wrong: dict[str, str]) -> Any:
    held = dict(node.value) if isinstance(node.value, dict) else {}
    for one in node.below:
        value = _read(one, sent, wrong)
        if value is not MISSING:
            held[one.label] = value
        else:
            held.pop(one.label, None)
    # Nothing, and an empty list for an empty object, stay what they were.
    return held if held or isinstance(node.value, dict) else node.value


def _typed(node: Node, text: str, wrong: dict[str, str]) -> Any:
    if not text.strip():
        return MISSING
    match node.widget:
        case Widget.NUMBER:
            return _number(text.strip(), node.name, wrong)
        case Widget.CHOICE | Widget.JSON:
            return _json(text, node.name, wrong)
        case Widget.LINES:
            is_number = bool(NUMERIC & {*types_of(items_of(node.schema))})
            lines = [line.strip() for line in text.split("\n")]
            return [
                _number(line, node.name, wrong) if is_number else line
                for line in lines
                if line
            ]
        case Widget.PAIRS:
            return _pairs(node, text, wrong)
        case _:
            return text


def _pairs(node: Node, text: str, wrong: dict[str, str]) -> Any:
    types = {*types_of(values_of(node.schema) or {})}
    held = node.value if isinstance(node.value, dict) else {}
    pairs: dict[str, Any] = {}
    for number, line in enumerate(text.split("\n"), 1):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not name and not colon:
            continue
        if not colon:
            wrong[node.name] = gettext(
                "Line %(number)s has no colon. Write it as name: value."
            ) % {"number": number}
        elif name in held and value == _as_shown(held[name]):
            pairs[name] = held[name]
        elif "string" in types:
            pairs[name] = value
        else:
            pairs[name] = _number(value, node.name, wrong)
    return pairs


def _as_shown(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)


def _number(text: str, name: str, wrong: dict[str, str]) -> Any:
    """Return the number that a text is, else the text: it may be a reference."""
    return _json(text, name, wrong) if NUMBER.fullmatch(text) else text


def _json(text: str, name: str, wrong: dict[str, str]) -> Any:
    try:
        return read_value(text)
    except NotStrict as error:
        wrong[name] = str(error)
        return MISSING
