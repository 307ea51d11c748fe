"""In which order the items of a change are written. Pure.

What is referred to comes before what refers to it; deletions come last, reversed.
A plugin may be in one global rule only, so the rule that gives it up comes before the
one that takes it: nothing refers to global rules, they may move.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from gateway.kinds import Kind
from portal.changes.models import Action


class Ordered(Protocol):
    """What is needed of an item."""

    @property
    def action(self) -> Action: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def base(self) -> dict[str, Any] | None: ...
    @property
    def wanted(self) -> dict[str, Any] | None: ...


Some = TypeVar("Some", bound=Ordered)


def in_order(items: Sequence[Some]) -> list[Some]:
    """Return the items in the order in which the gateway accepts them."""
    kept = [item for item in items if item.action is not Action.DELETE]
    deleted = [item for item in items if item.action is Action.DELETE]
    return _givers_first(
        sorted(kept, key=lambda item: item.kind.tier)
        + sorted(deleted, key=lambda item: -item.kind.tier)
    )


def _givers_first(items: list[Some]) -> list[Some]:
    ordered: list[Some] = []
    placed: set[int] = set()

    def place(index: int) -> None:
        if index in placed:
            return  # or two rules that exchange plugins would call each other for ever
        placed.add(index)
        taken = _plugins(items[index], "wanted") - _plugins(items[index], "base")
        for other, item in enumerate(items):
            if taken & (_plugins(item, "base") - _plugins(item, "wanted")):
                place(other)
        ordered.append(items[index])

    for index in range(len(items)):
        place(index)
    return ordered


def _plugins(item: Ordered, which: str) -> set[str]:
    """Return the plugins of a global rule before (`base`) or after (`wanted`)."""
    if item.kind.name != "global_rule":
        return set()
    document = item.base if which == "base" else item.wanted
    plugins = (document or {}).get("plugins")
    return set(plugins) if isinstance(plugins, dict) else set()
