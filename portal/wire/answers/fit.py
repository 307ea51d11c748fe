"""Keep answers below what a chat client accepts (100,000 characters), whatever a
gateway holds: pages end early, long documents are cut and say so.

Sizes are bytes of UTF-8 JSON, which is never less than its characters.
"""

from collections.abc import Callable, Iterable
from typing import Any

from portal.wire.encode import dump

PAGE_ROOM = 80_000
DOCUMENT_ROOM = 40_000
CUT = "… (cut)"
# From generous to frugal: (characters of a text, members of a list or object, depth).
LEVELS = (
    (4_000, 200, 20),
    (1_000, 60, 14),
    (300, 25, 10),
    (100, 10, 7),
    (60, 5, 4),
    (40, 3, 2),
)


def size(value: Any) -> int:
    """Return how many bytes `value` takes in an answer."""
    return len(dump(value))


def fit(value: Any, room: int = DOCUMENT_ROOM) -> tuple[Any, bool]:
    """Return `value`, cut if it takes more than `room`, and whether it was cut."""
    if size(value) <= room:
        return value, False
    for text, members, depth in LEVELS:
        shorter = _cut(value, text, members, depth)
        if size(shorter) <= room:
            return shorter, True
    return CUT, True


def _cut(value: Any, text: int, members: int, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= text else value[:text] + CUT
    if isinstance(value, dict):
        if depth == 0:
            return CUT
        made = {
            key if len(key) <= text else key[:text] + CUT: _cut(
                one, text, members, depth - 1
            )
            for key, one in list(value.items())[:members]
        }
        if len(value) > members:
            made[CUT] = f"{len(value) - members} more"
        return made
    if isinstance(value, list):
        if depth == 0:
            return CUT
        kept = [_cut(one, text, members, depth - 1) for one in value[:members]]
        if len(value) > members:
            kept.append(f"{CUT} {len(value) - members} more")
        return kept
    return value


def page_of(
    rows: Iterable[Any],
    *,
    limit: int,
    shape: Callable[[Any], dict[str, Any]],
    key: Callable[[Any], Any],
    room: int = PAGE_ROOM,
) -> tuple[list[dict[str, Any]], Any]:
    """Return up to `limit` shaped rows that fit, and the last row's key if more follow.

    `rows` must go on past `limit` for "more follow" to be noticed.
    """
    results: list[dict[str, Any]] = []
    used, last = 0, None
    for row in rows:
        if len(results) == limit:
            return results, last
        shaped = shape(row)
        used += size(shaped) + 1
        if results and used > room:
            return results, last
        results.append(shaped)
        last = key(row)
    return results, None


def fitting(
    told: Iterable[dict[str, Any]], room: int
) -> tuple[list[dict[str, Any]], bool]:
    """Return as many entries as fit, and whether some or some of the first was left out.

    `told` is read only as far as needed.
    """
    kept: list[dict[str, Any]] = []
    for one in told:
        room -= size(one) + 1
        if room < 0:
            # The first is told without its lists rather than not at all.
            first = {k: [] if isinstance(v, list) else v for k, v in one.items()}
            return kept or [first], True
        kept.append(one)
    return kept, False
