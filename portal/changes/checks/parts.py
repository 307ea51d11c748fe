"""Read the parts of documents that checks look at; they may hold anything."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, TypeVar

from gateway.words import quoted
from portal.changes.plan import Plan, PlannedItem

Document = dict[str, Any]
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

NAMED = 4


def plugins_of(document: Document | None) -> dict[str, Any]:
    """Return {name: settings} of the plugins that stand in a document."""
    plugins = (document or {}).get("plugins")
    return plugins if isinstance(plugins, dict) else {}


def is_active(settings: Any) -> bool:
    """Say whether a plugin with these settings runs at all."""
    return not (isinstance(settings, dict) and meta_of(settings).get("disable") is True)


def meta_of(settings: Any) -> Document:
    """Return the `_meta` of a plugin's settings."""
    meta = settings.get("_meta") if isinstance(settings, dict) else None
    return meta if isinstance(meta, dict) else {}


def written(plan: Plan) -> Iterator[tuple[int, PlannedItem, Document]]:
    """Yield (index, item, wanted document) of what a plan writes."""
    for index, item in enumerate(plan.items):
        if item.wanted is not None:
            yield index, item, item.wanted


def appeared(
    item: PlannedItem, look: Callable[[str, Document], Iterable[tuple[Key, Value]]]
) -> dict[Key, Value]:
    """Return what `look(kind, document)` sees in what is wanted and not in the base.

    What was there before the change is not this change's doing.
    """
    kind = item.kind.name
    before = {key for key, _ in look(kind, item.base)} if item.base else set()
    found: dict[Key, Value] = {}
    for key, value in look(kind, item.wanted or {}):
        if key not in before:
            found.setdefault(key, value)
    return found


def named(names: Iterable[str]) -> str:
    """Return names for a sentence, some of many."""
    shown = list(dict.fromkeys(names))
    more = len(shown) - NAMED
    text = ", ".join(quoted(name) for name in shown[:NAMED])
    return f"{text} and {more} more" if more > 0 else text
