"""Which input stands for which part of a value, by its schema and by what it is now."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from django.utils.translation import gettext

from gateway.schema_fields import (
    COMMON,
    Field,
    Schema,
    alternatives,
    fields_of,
    items_of,
    needs,
    types_of,
    values_of,
)
from gateway.schema_words import description_of, is_secret, limits_of, type_words

GROUPS_DEEP = 4
ITEMS_SHOWN = 20
# Texts that mostly have several lines.
LONG = re.compile(
    r"(^|_)(body|template|policy|conf|model|cert|pem|public_key|functions)$"
)


class Missing(Enum):
    """What a document has where it has nothing."""

    MISSING = ""


MISSING = Missing.MISSING


class Widget(StrEnum):
    """How a value is typed."""

    TEXT = "text"
    LONG = "long"
    HIDDEN = "hidden"
    NUMBER = "number"
    CHOICE = "choice"
    LINES = "lines"
    PAIRS = "pairs"
    JSON = "json"
    GROUP = "group"
    LIST = "list"


@dataclass(frozen=True)
class Node:
    """One input, or several below one heading. `shown` is what its input begins with."""

    path: tuple[str, ...]
    widget: Widget
    value: Any
    schema: Schema
    shown: str = ""
    is_needed: bool = False
    below: tuple["Node", ...] = ()

    @property
    def name(self) -> str:
        """The input's name: its path, as a JSON pointer without the first slash."""
        return "/".join(
            part.replace("~", "~0").replace("/", "~1") for part in self.path
        )

    @property
    def at(self) -> str:
        """Its path as findings name it."""
        return ".".join(self.path)

    @property
    def label(self) -> str:
        return self.path[-1]

    @property
    def hint(self) -> str:
        """Say what may be typed."""
        told = [description_of(self.schema)]
        if self.widget not in (Widget.CHOICE, Widget.GROUP, Widget.TEXT, Widget.HIDDEN):
            words = type_words(self.schema)
            told.append(f"{words[:1].upper()}{words[1:]}.")
        limits = ", ".join(limits_of(self.schema))
        told.append(f"{limits[:1].upper()}{limits[1:]}." if limits else "")
        told.append(
            {
                Widget.LINES: gettext("One per line."),
                Widget.PAIRS: gettext("One per line, as name: value."),
                Widget.JSON: gettext("As JSON."),
            }.get(self.widget, "")
        )
        return " ".join(one for one in told if one)

    @property
    def placeholder(self) -> str:
        """What holds where nothing is typed."""
        default = self.schema.get("default", MISSING)
        if default is MISSING or isinstance(default, dict | list):
            return ""
        return default if isinstance(default, str) else json.dumps(default)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What can be chosen, each as JSON with its words; "" leaves it out."""
        default = (
            gettext("left out (%(placeholder)s)") % {"placeholder": self.placeholder}
            if self.placeholder
            else gettext("left out")
        )
        found = [("", "choose" if self.is_needed else default)]
        found += [(as_json(one), _words(one)) for one in _choices(self.schema)]
        if self.shown not in [value for value, _ in found]:
            found.append(
                (
                    self.shown,
                    gettext("%(value)s (as it is)") % {"value": _words(self.value)},
                )
            )
        return found

    @property
    def is_set(self) -> bool:
        return self.value is not MISSING

    @property
    def first(self) -> tuple["Node", ...]:
        """What is set or needed below it: shown at once."""
        return tuple(one for one in self.below if one.is_set or one.is_needed)

    @property
    def more(self) -> tuple["Node", ...]:
        """What else could be set below it."""
        return tuple(one for one in self.below if not (one.is_set or one.is_needed))

    @property
    def needs(self) -> list[str]:
        """Say which of what is below go together."""
        return needs(self.schema)

    @property
    def is_of_lines(self) -> bool:
        return self.widget in (Widget.LONG, Widget.LINES, Widget.PAIRS, Widget.JSON)

    @property
    def kept(self) -> int:
        """How many members it holds that no input stands for."""
        if self.widget is not Widget.GROUP or not isinstance(self.value, dict):
            return 0
        return len(self.value) - sum(one.is_set for one in self.below)


def node_of(
    schema: Schema | None,
    value: Any,
    path: tuple[str, ...],
    *,
    secret: Sequence[str] = (),
) -> Node:
    """Return the form of a value; `path` leads to it, `secret` are dotted fields of it."""
    known = Field(path[-1], schema if schema is not None else {}, is_needed=True)
    return _node(known, value, path, (), frozenset(secret))


def _node(
    field: Field,
    value: Any,
    path: tuple[str, ...],
    inside: tuple[str, ...],
    secret: frozenset[str],
) -> Node:
    schema = _form_of(field.schema, value)
    widget = _widget(schema, field.schema, value, inside)
    if widget is Widget.TEXT and inside and is_secret(inside, secret):
        widget = Widget.HIDDEN
    below: tuple[Node, ...] = ()
    if widget is Widget.GROUP:
        held = value if isinstance(value, dict) else {}
        below = tuple(
            _node(
                one,
                held.get(one.name, MISSING),
                (*path, one.name),
                (*inside, one.name),
                secret,
            )
            for one in fields_of(schema)
            if one.name != COMMON
        )
    elif widget is Widget.LIST:
        item = Field("", items_of(schema), is_needed=True)
        below = tuple(
            _node(item, one, (*path, str(index)), inside, secret)
            for index, one in enumerate(value if isinstance(value, list) else ())
        )
    return Node(
        path=path,
        widget=widget,
        value=value,
        schema=schema if widget is not Widget.NUMBER else field.schema,
        shown=_shown(widget, value),
        is_needed=field.is_needed,
        below=below,
    )


def _form_of(schema: Schema, value: Any) -> Schema:
    """Return the one of several forms that a value has; the simplest for none."""
    forms = alternatives(schema)
    if value is MISSING:
        plain = [one for one in forms if not {"object", "array"} & {*types_of(one)}]
        return (plain or forms)[0]
    return next((one for one in forms if _fits(one, value)), forms[0])


def _fits(schema: Schema, value: Any) -> bool:
    types = types_of(schema)
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, int | float):
        return "number" in types or ("integer" in types and isinstance(value, int))
    for kind, name in ((str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kind):
            return name in types
    return "null" in types


def _widget(
    schema: Schema, whole: Schema, value: Any, inside: tuple[str, ...]
) -> Widget:
    types = {*types_of(schema)}
    is_set = value is not MISSING
    if _choices(schema) and (not is_set or not isinstance(value, dict | list)):
        return Widget.CHOICE
    if is_set and not (_fits(schema, value) or _may_stand(schema, value)):
        return Widget.JSON
    if types & {"integer", "number"} and not types & {"boolean", "array", "object"}:
        return Widget.NUMBER
    if types == {"string"}:
        if {"integer", "number"} & {*types_of(whole)} and not is_set:
            return Widget.NUMBER
        text = value if is_set else ""
        if "\r" in text:
            return Widget.JSON
        is_long = "\n" in text or (inside and LONG.search(inside[-1]))
        return Widget.LONG if is_long else Widget.TEXT
    if types == {"array"}:
        return _widget_of_array(schema, value, len(inside))
    if types == {"object"}:
        return _widget_of_object(schema, value, len(inside))
    return Widget.JSON


def _widget_of_array(schema: Schema, value: Any, depth: int) -> Widget:
    items = items_of(schema)
    types = {*types_of(items)}
    held = value if isinstance(value, list) else []
    if types and types <= {"string", "integer", "number"}:
        return Widget.LINES if all(map(_is_line, held)) else Widget.JSON
    if (
        types == {"object"}
        and len(alternatives(items)) == 1
        and fields_of(items)
        and depth < GROUPS_DEEP
        and len(held) <= ITEMS_SHOWN
        and all(isinstance(one, dict) for one in held)
    ):
        return Widget.LIST
    return Widget.JSON


def _widget_of_object(schema: Schema, value: Any, depth: int) -> Widget:
    if fields_of(schema):
        return Widget.GROUP if depth < GROUPS_DEEP else Widget.JSON
    if not depth and not value:
        return Widget.GROUP
    values = values_of(schema)
    held = value if isinstance(value, dict) else {}
    if (
        values is not None
        and {"string", "integer", "number"} & {*types_of(values)}
        and all(_is_pair(name, one) for name, one in held.items())
    ):
        return Widget.PAIRS
    return Widget.JSON


def _may_stand(schema: Schema, value: Any) -> bool:
    """Whether it is what APISIX takes as well: a reference, an empty list for an object."""
    types = {*types_of(schema)}
    return (isinstance(value, str) and bool(types & {"integer", "number"})) or (
        value == [] and types == {"object"}
    )


def _is_line(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value) and value == value.strip() and len(value.splitlines()) == 1
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pair(name: str, value: Any) -> bool:
    return _is_line(name) and ":" not in name and _is_line(value)


def _choices(schema: Schema) -> list[Any]:
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        return enum if not any(isinstance(one, dict | list) for one in enum) else []
    return [True, False] if types_of(schema) == ("boolean",) else []


def _shown(widget: Widget, value: Any) -> str:
    hidden = (Widget.HIDDEN, Widget.GROUP, Widget.LIST)
    if value is MISSING or widget in hidden or (widget is Widget.PAIRS and not value):
        return ""
    match widget:
        case Widget.CHOICE:
            return as_json(value)
        case Widget.LINES:
            return "\n".join(map(plain, value))
        case Widget.PAIRS:
            return "\n".join(f"{name}: {plain(one)}" for name, one in value.items())
        case Widget.JSON:
            return json.dumps(value, indent=2, ensure_ascii=False)
        case _:
            return plain(value)


def plain(value: Any) -> str:
    """Return a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) or '""'
