"""In which order the items of a change are written. Pure.

What is referred to comes before what refers to it; deletions come last, reversed.
A plugin may be in one global rule only, so the rule that gives it up comes before the
one that takes it: nothing refers to global rules, they may move.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol, TypeVar

from gateway.kinds import KINDS, Kind
from gateway.references import references_of
from portal.changes.models import Action, Item

# Within these kinds one item may have to wait for another.
ONE_BY_ONE = frozenset({"global_rule", "stream_route"})


class Ordered(Protocol):
    """What is needed of an item."""

    @property
    def action(self) -> Action: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def id(self) -> str: ...
    @property
    def base(self) -> dict[str, Any] | None: ...
    @property
    def wanted(self) -> dict[str, Any] | None: ...


Some = TypeVar("Some", bound=Ordered)


def in_order(items: Sequence[Some]) -> list[Some]:
    """Return the items in the order in which the gateway accepts them."""
    kept = [item for item in items if item.action is not Action.DELETE]
    deleted = [item for item in items if item.action is Action.DELETE]
    by_tier = [
        *sorted(kept, key=lambda item: item.kind.tier),
        *sorted(deleted, key=lambda item: -item.kind.tier),
    ]
    return [by_tier[index] for index in _firsts_first(_waits(by_tier), len(by_tier))]


def _waits(items: Sequence[Ordered]) -> dict[int, list[int]]:
    """Return {index: the indexes of what must be written before it}."""
    at = {(item.kind.name, item.id): index for index, item in enumerate(items)}
    givers = defaultdict(list)
    for index, item in enumerate(items):
        for plugin in _plugins(item, "base") - _plugins(item, "wanted"):
            givers[plugin].append(index)
    waits: defaultdict[int, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        for plugin in sorted(_plugins(item, "wanted") - _plugins(item, "base")):
            waits[index] += givers[plugin]
        is_deleted = item.action is Action.DELETE
        document = (item.base if is_deleted else item.wanted) or {}
        for _, kind, resource_id in references_of(item.kind.name, document):
            other = at.get((kind, resource_id))
            if other is None or (items[other].action is Action.DELETE) != is_deleted:
                continue
            first, second = (index, other) if is_deleted else (other, index)
            waits[second].append(first)
    return waits


def _firsts_first(waits: Mapping[int, Iterable[int]], count: int) -> Iterator[int]:
    """Yield the indexes, each after what it waits for; a circle is cut where it closes."""
    placed: set[int] = set()
    for start in range(count):
        # Not recursive: a chain may be as long as a change.
        path = [(start, iter(waits.get(start, ())))] if start not in placed else []
        placed.add(start)
        while path:
            index, befores = path[-1]
            before = next((one for one in befores if one not in placed), None)
            if before is None:
                path.pop()
                yield index
            else:
                placed.add(before)
                path.append((before, iter(waits.get(before, ()))))


def _plugins(item: Ordered, which: str) -> set[str]:
    """Return the plugins of a global rule before (`base`) or after (`wanted`)."""
    if item.kind.name != "global_rule":
        return set()
    document = item.base if which == "base" else item.wanted
    plugins = (document or {}).get("plugins")
    return set(plugins) if isinstance(plugins, dict) else set()


def batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """Part ordered items into runs that may be written at once: none waits for another."""

    def together(item: Item) -> tuple[bool, int, int]:
        kind = KINDS[item.kind]
        alone = item.position if item.kind in ONE_BY_ONE else -1
        return item.action == Action.DELETE, kind.tier, alone

    for _, run in groupby(items, key=together):
        together_now = list(run)
        for start in range(0, len(together_now), size):
            yield together_now[start : start + size]
