"""Put any JSON value into a few words. Pure.

Words are for people and models: what somebody typed is quoted, so that it cannot pass
for our own words, and what does not show is made visible.
"""

import re
from typing import Any

from gateway.canonical import canonical
from gateway.visible import visible

LIMIT = 120
ITEMS = 6
DEPTH = 3
# Text like addresses, ids and header names needs no quotes.
PLAIN = re.compile(r"[\w./:*@%+~$?&=#\[\]{}|^-]+", re.ASCII)
SIMPLE = (str, int, float, bool, type(None))


def words(value: Any, *, limit: int = LIMIT) -> str:
    """Return a short text for any JSON value, cut at about so many characters."""
    if isinstance(value, str):
        return quoted(value, limit=limit)
    return cut(_words(value, 0), limit)


def quoted(text: str, *, limit: int = LIMIT) -> str:
    """Return the text visible and, unless it is one plain word, in quotes."""
    # Cut first: making a whole certificate bundle visible would cost seconds.
    shown = visible(text[:limit])
    more = "…" if len(text) > limit else ""
    if PLAIN.fullmatch(text):
        return f"{shown}{more}"
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}{more}"'


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def changed(before: str, after: str, *, limit: int = LIMIT) -> tuple[str, str]:
    """Return words for two texts, long ones around the first place they differ in."""
    if max(len(before), len(after)) <= limit:
        return quoted(before), quoted(after)
    length = min(len(before), len(after))
    first = next((i for i in range(length) if before[i] != after[i]), length)
    start = max(0, first - limit // 4)
    lead = "…" if start else ""
    one, other = (quoted(lead + text[start:], limit=limit) for text in (before, after))
    return one, other


def _words(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict) and value and depth < DEPTH:
        fields = [
            f"{visible(name)} {_nested(item, depth + 1)}"
            for name, item in list(value.items())[: 3 * ITEMS]
        ]
        more = len(value) - len(fields)
        return ", ".join([*fields, *([f"and {more} more"] if more else [])])
    if (
        isinstance(value, list)
        and value
        and depth < DEPTH
        and _reads_well(value, depth)
    ):
        items = [_nested(item, depth + 1) for item in value[:ITEMS]]
        more = len(value) - len(items)
        return ", ".join(items) + (f" and {more} more" if more else "")
    return visible(canonical(value)[: 2 * LIMIT].decode("utf-8", "replace"))


def _reads_well(values: list[Any], depth: int) -> bool:
    return depth == 0 or all(isinstance(item, SIMPLE) for item in values)


def _nested(value: Any, depth: int) -> str:
    text = _words(value, depth)
    if isinstance(value, dict) and value and depth < DEPTH:
        return f"({text})"
    if isinstance(value, list) and value and depth < DEPTH and text[:1] != "[":
        return f"[{text}]"
    return text
