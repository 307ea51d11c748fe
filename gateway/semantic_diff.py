"""What changes between two documents as people say it: "100 → 50 per minute". Pure.

Every field that differs is told by exactly one fact. Well-known fields have words of
their own (`field_words.py`), all others are told by their name and value.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from gateway.canonical import canonical, number_form
from gateway.diff import Difference, Op, by_address, diff
from gateway.field_words import OWN, REQUESTS, TARGET, Words, words_for
from gateway.line_diff import Stretch, line_diff
from gateway.visible import visible

Document = dict[str, Any]

# Values that together are longer (characters), or have lines, stand below each other.
SHORT = 72
SPANS: Mapping[float, str] = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
# Plugins come by name between these.
FIRST = (REQUESTS, TARGET)
LAST = ("Also", OWN)


@dataclass(frozen=True)
class Fact:
    """One thing that changes, in words that are fit to be shown.

    `before` or `after` is None where it is absent. `unit` belongs to both. Of a list
    whose order means nothing they are what goes and what comes, and `stays` says how
    many are in it before and after.
    """

    label: str
    op: Op
    before: str | None
    after: str | None
    differences: tuple[Difference, ...]
    unit: str = ""
    stays: int = 0

    @property
    def is_short(self) -> bool:
        both = f"{self.before or ''}{self.after or ''}"
        return len(both) <= SHORT and "\n" not in both

    @property
    def lines(self) -> list[Stretch]:
        """Return texts of several lines, as code is, line by line."""
        if "\n" not in (self.before or "") or "\n" not in (self.after or ""):
            return []
        return line_diff(self.before or "", self.after or "")

    @property
    def fields(self) -> str:
        """Return the fields as the document names them, within their plugin.

        "" where the label says it already.
        """
        paths = [one.path for one in self.differences]
        if _is_node(paths[0]):
            return ""
        named = [path[2:] if path[0] == "plugins" else path for path in paths]
        words = ", ".join(".".join(visible(str(part)) for part in p) for p in named)
        return "" if words.replace(".", " ") == self.label else words


@dataclass(frozen=True)
class Group:
    """Facts about one thing: a plugin, or a side of the resource."""

    title: str
    facts: Sequence[Fact]
    # Whether a plugin comes, goes or changes; None where this is about no plugin.
    op: Op | None


def told(before: Document | None, after: Document | None) -> list[Group]:
    """Return all that differs, what decides over requests first."""
    return told_of(diff(before, after), before, after)


def told_of(
    differences: Sequence[Difference], before: Document | None, after: Document | None
) -> list[Group]:
    """Tell these differences between two documents; neither is compared again."""
    before, after = before or {}, after or {}
    rows = list(by_field(differences))
    facts = list(_rates(rows, before, after))
    said = {one.path for fact in facts for one in fact.differences}
    facts += [_fact(one) for one in rows if one.path not in said]
    facts.sort(key=_place)
    return [
        Group(
            visible(title), list(group), _op(title, before, after) if plugin else None
        )
        for (title, plugin), group in groupby(facts, key=_group)
    ]


def _op(plugin: str, before: Document, after: Document) -> Op:
    if plugin not in _plugins(before):
        return Op.ADD
    return Op.CHANGE if plugin in _plugins(after) else Op.REMOVE


def by_field(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Take what comes or goes apart, so that each names one field, or one node."""
    for one in differences:
        members = _members(one)
        if not members:
            yield one
            continue
        is_added = one.op is Op.ADD
        yield from by_field(
            Difference(
                (*one.path, name),
                one.op,
                None if is_added else value,
                value if is_added else None,
            )
            for name, value in members.items()
        )


def _members(one: Difference) -> Mapping[str, Any]:
    """Return the fields of an object that comes or goes, or its nodes by address."""
    value = one.after if one.op is Op.ADD else one.before
    if one.op is Op.CHANGE or one.path[-2:-1] == ("nodes",):
        return {}
    if one.path[-1:] == ("nodes",) and isinstance(value, list):
        return by_address(value) or {}
    return value if isinstance(value, dict) else {}


def _group(fact: Fact) -> tuple[str, bool]:
    path = fact.differences[0].path
    return words_for(path)[0], path[0] == "plugins" and len(path) > 1


def _place(fact: Fact) -> tuple[int, str]:
    title, is_plugin = _group(fact)
    if is_plugin or title not in (*FIRST, *LAST):
        return len(FIRST), title
    if title in FIRST:
        return FIRST.index(title), title
    return len(FIRST) + 1 + LAST.index(title), title


def _fact(one: Difference) -> Fact:
    _, words = words_for(one.path)
    if _is_node(one.path):
        before, after = _node(one.before), _node(one.after)
        return _told(words, one, before, after)
    if words.is_set and one.op is Op.CHANGE:
        changes = _comings_and_goings(one.before, one.after)
        if changes is not None:
            gone, new, stays = changes
            return _told(words, one, _listed(gone), _listed(new), stays=stays)
    before, after = (_said(words, value) for value in (one.before, one.after))
    if one.op is Op.CHANGE and before == after:
        # Alike as people write them, as 1 and "1" are: then as programs do.
        before, after = _json(one.before), _json(one.after)
    return _told(words, one, before, after)


def _told(
    words: Words,
    one: Difference,
    before: str | None,
    after: str | None,
    *,
    stays: int = 0,
) -> Fact:
    label = {Op.ADD: words.comes, Op.REMOVE: words.goes}.get(one.op) or words.label
    return Fact(
        visible(label) or "Configuration",
        one.op,
        None if one.op is Op.ADD else before,
        None if one.op is Op.REMOVE else after,
        (one,),
        words.unit if _are_numbers(one) else "",
        stays,
    )


def _are_numbers(one: Difference) -> bool:
    values = {
        Op.ADD: (one.after,),
        Op.REMOVE: (one.before,),
        Op.CHANGE: (one.before, one.after),
    }[one.op]
    return all(map(_is_number, values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _said(words: Words, value: Any) -> str:
    return words.said(value) or text(value)


def text(value: Any) -> str:
    """Return a value as one reads it: text bare, in its lines; lists by their members.

    All of it, with what hides in it shown.
    """
    if isinstance(value, str):
        return _lines(value) if value else '""'
    if isinstance(value, list) and value:
        if all(isinstance(one, str | int | float) for one in value):
            return _listed(value)
        return "\n".join(visible(canonical(one).decode()) for one in value)
    if isinstance(value, dict) and value:
        return _lines(json.dumps(value, indent=2, ensure_ascii=False))
    return _json(value)


def _lines(value: str) -> str:
    return "\n".join(map(visible, value.split("\n")))


def _json(value: Any) -> str:
    return visible(canonical(number_form(value)).decode())


def _listed(values: Iterable[Any]) -> str:
    """Return a list in one line; a text that would read as several is quoted."""
    return ", ".join(
        visible(one) if isinstance(one, str) and _is_one_word(one) else _json(one)
        for one in values
    )


def _is_one_word(value: str) -> bool:
    return bool(value) and "," not in value and not any(map(str.isspace, value))


def _is_node(path: tuple[Any, ...]) -> bool:
    return path[-2:-1] == ("nodes",) and isinstance(path[-1], str)


def _node(value: Any) -> str:
    """Return what is said of a node beside its address, which is its name."""
    if _is_number(value):
        return f"weight {_json(value)}"
    if not isinstance(value, dict):
        return text(value)
    rest = [
        f"{visible(str(name))} {text(held)}"
        for name, held in value.items()
        if name not in ("host", "port")
    ]
    return ", ".join(rest) or "no weight"


def _comings_and_goings(
    before: Any, after: Any
) -> tuple[list[Any], list[Any], int] | None:
    """Return what goes, what comes and how many stay.

    None where that is no shorter, or does not tell all: in another order, or twice.
    """
    if not (isinstance(before, list) and isinstance(after, list)):
        return None
    one, other = [canonical(v) for v in before], [canonical(v) for v in after]
    gone = [value for value, key in zip(before, one, strict=True) if key not in other]
    new = [value for value, key in zip(after, other, strict=True) if key not in one]
    is_plain = len({*one}) == len(one) and len({*other}) == len(other)
    is_short = len(text(before)) + len(text(after)) <= SHORT
    kept = [[key for key in one if key in other], [k for k in other if k in one]]
    if is_short or not is_plain or kept[0] != kept[1] or not kept[0]:
        return None
    return gone, new, len(kept[0])


# --- An amount and the time it is counted over make one sense

# By plugin: the field of the amount, and what it is called.
RATES = {
    "limit-count": ("count", "Requests allowed"),
    "graphql-limit-count": ("count", "Depth allowed"),
    "ai-rate-limiting": ("limit", "Tokens allowed"),
}
SPAN = "time_window"


def _rates(
    rows: Sequence[Difference], before: Document, after: Document
) -> Iterator[Fact]:
    for plugin, (name, label) in RATES.items():
        paths = [("plugins", plugin, field) for field in (name, SPAN)]
        differences = tuple(one for one in rows if one.path in paths)
        held = [_plugins(side).get(plugin) for side in (before, after)]
        said = [_rate(configuration, name) for configuration in held]
        # What stands on one side in another sense is told field by field.
        if not differences or any(
            configuration is not None and not rate
            for configuration, rate in zip(held, said, strict=True)
        ):
            continue
        one, other = said
        if one and other and one[1] == other[1]:
            yield Fact(label, Op.CHANGE, one[0], other[0], differences, one[1])
            continue
        op = Op.CHANGE if one and other else Op.ADD if other else Op.REMOVE
        before_words, after_words = (rate and " ".join(rate) for rate in said)
        yield Fact(label, op, before_words, after_words, differences)


def _rate(configuration: Any, name: str) -> tuple[str, str] | None:
    """Say an amount and what it is for: `100`, `per minute`."""
    if not isinstance(configuration, dict):
        return None
    amount, span = configuration.get(name), configuration.get(SPAN)
    if not (_is_number(amount) and isinstance(span, int | float)):
        return None
    return _json(amount), f"per {SPANS.get(span) or f'{_json(span)} s'}"


def _plugins(document: Document) -> Mapping[str, Any]:
    held = document.get("plugins")
    return held if isinstance(held, dict) else {}
