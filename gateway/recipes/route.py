"""A route as a recipe finds it, and the work on it. Pure.

All documents are redacted: a recipe moves marks, never secrets. It edits copies; what
it changes in what was there is found by comparing, so that nothing goes unsaid.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.documents import SERVER_MANAGED
from gateway.effective import Effective, Find, effective
from gateway.merge import merge_patch
from gateway.redaction import REDACTED, dotted
from gateway.schemas import Schemas
from gateway.secret_fields import Path, texts
from gateway.words import quoted

Document = dict[str, Any]
Key = tuple[str, str]

# Of what a document says of itself, a copy takes nothing along.
OWN = ("id", *SERVER_MANAGED)


class DoesNotFit(ValueError):
    """The route as it is does not allow this; the words say what to do."""


@dataclass(frozen=True)
class RouteNow:
    """A route and what it refers to. `global_plugins`: {plugin: id of its global rule}."""

    id: str
    document: Document
    find: Find
    catalogue: Schemas
    global_plugins: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def effective(self) -> Effective:
        return effective(self.document, self.find)

    @cached_property
    def asking(self) -> tuple[str, ...]:
        """The plugins that ask a caller of this route who it is."""
        return tuple(
            name
            for name, (settings, _) in self.effective.plugins.items()
            if self.catalogue.plugins.get(name, {}).get("type") == "auth"
            and not _is_disabled(settings)
        )


@dataclass(frozen=True)
class Written:
    """One resource as it shall be; `before` is None where there is none yet."""

    kind: str
    id: str
    before: Document | None
    after: Document


@dataclass(frozen=True)
class Made:
    """What a recipe comes to: what is written, and in words what it sets, what is left
    to do for whoever asked, and what it met and kept or replaced.
    """

    written: tuple[Written, ...]
    sets: tuple[str, ...]
    then: tuple[str, ...]
    notes: tuple[str, ...]


class Work:
    """What one recipe does to one route, step by step."""

    def __init__(self, now: RouteNow) -> None:
        self.now = now
        self.document = deepcopy(now.document)
        self._others: dict[Key, Written] = {}
        self._sets: list[str] = []
        self._then: list[str] = []
        self._notes: list[str] = []

    def sets(self, words: str) -> None:
        """Say what it sets."""
        self._sets.append(words)

    def then(self, words: str) -> None:
        """Say what is left to do."""
        self._then.append(words)

    def note(self, words: str) -> None:
        """Say what it met."""
        self._notes.append(words)

    def settings_of(self, name: str) -> Document:
        """Return a copy of the settings that a plugin has on this route, {} for none."""
        settings, _ = self.now.effective.plugins.get(name, ({}, ""))
        # `[]` is an empty object to the gateway.
        return deepcopy(settings) if isinstance(settings, dict) else {}

    def plugin(self, name: str, patch: Document, whole: Document | None = None) -> None:
        """Merge into the settings of a plugin, wherever the route has them from.

        `whole` are fields that are not merged but take the place of what was there.
        Raises DoesNotFit for a route that can have no plugins.
        """
        if self.document.get("script") or self.document.get("script_id"):
            raise DoesNotFit(
                "The route runs a script, and APISIX allows no plugins beside it. Move "
                "what the script does into plugins first."
            )
        settings, origin = self.now.effective.plugins.get(name, ({}, "route"))
        before = self.settings_of(name)
        after = merge_patch(before, patch) | (whole or {})
        if _is_disabled(after):
            after["_meta"] = {k: v for k, v in _meta(after).items() if k != "disable"}
            self.note(f"{name} was there and switched off: it is switched on.")
        if _meta(after).get("filter"):
            self.note(f"{name} keeps its filter: it acts on requests that match it.")
        if rule := self.now.global_plugins.get(name):
            self.note(f"Global rule {quoted(rule)} has {name} for every request too.")
        if origin != "route":
            if after == before:
                return  # what is shared does it already
            self.refuse_secrets(
                {"plugins": {name: after}}, f"{name} of {_named(origin)}"
            )
            self.note(
                f"{name} comes from {_named(origin)} so far. The route gets its own copy "
                "with this change in it; other routes stay as they are."
            )
        # Where it was an empty list, it stays one until there is something to say.
        self._plugins()[name] = after if after or settings != [] else []

    def _plugins(self) -> Document:
        plugins = self.document.get("plugins")
        if not isinstance(plugins, dict):
            plugins = self.document["plugins"] = {}
        return plugins

    def write(self, kind: str, resource_id: str, after: Document) -> None:
        """Write another resource as well."""
        found = self.now.find(kind, resource_id)
        before = None if found is None else _lasting(found)
        self._others[kind, resource_id] = Written(
            kind, resource_id, before, _lasting(after)
        )

    def refuse_secrets(self, copied: Document, what: str) -> None:
        """Raise DoesNotFit if a copy would hold a secret that nobody can copy here."""
        for path, value in texts(copied):
            if REDACTED.search(value):
                raise DoesNotFit(
                    f"It would copy {what}, which holds a secret in clear at "
                    f"{dotted(path)}, and no recipe copies secrets. Put the secret into a "
                    "secret manager ($secret://…) first."
                )

    def made(self) -> Made:
        """Return what it came to."""
        own = Written("route", self.now.id, self.now.document, self.document)
        written = tuple(
            one for one in (*self._others.values(), own) if one.before != one.after
        )
        notes = list(self._notes)
        for one in written:
            at = "" if one.kind == "route" else f"{one.kind} {quoted(one.id)}: "
            if one.before is not None:
                notes += [
                    f"Replaces {at}{_was(path, value)}."
                    for path, value in _replaced(one.before, one.after)
                    if path[-2:] != ("_meta", "disable")  # told already
                ]
        if self.now.document.get("status") == 0:
            notes.append("The route is off: none of it acts until it is switched on.")
        return Made(written, tuple(self._sets), tuple(self._then), tuple(notes))


def bare(document: Mapping[str, Any]) -> Document:
    """Return a copy without what a document says of itself."""
    return {
        name: deepcopy(value) for name, value in document.items() if name not in OWN
    }


def _lasting(document: Mapping[str, Any]) -> Document:
    """Return a copy without what the server alone writes."""
    return {
        name: deepcopy(value)
        for name, value in document.items()
        if name not in SERVER_MANAGED
    }


def patch_between(before: Any, after: Any) -> Any:
    """Return the merge patch (RFC 7396) that makes the one of the other.

    Nodes are given whole, as `gateway.merge` takes them.
    """
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return deepcopy(after)
    patch: Document = {name: None for name in before if name not in after}
    for name, value in after.items():
        if name not in before or name == "nodes" and value != before[name]:
            patch[name] = deepcopy(value)
        elif value != before[name]:
            patch[name] = patch_between(before[name], value)
    return patch


def _replaced(before: Any, after: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield (path, value) of what was set before and is no longer."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name in after:
                yield from _replaced(value, after[name], (*at, name))
            else:
                yield (*at, name), value
    elif isinstance(before, list) and isinstance(after, list):
        if any(one not in after for one in before):
            yield at, before
    elif before != after:
        yield at, before


def _named(origin: str) -> str:
    """Return where effective.py says that something is from, for people."""
    kind, _, resource_id = origin.partition(" ")
    return f"{kind.replace('_', ' ')} {quoted(resource_id)}"


def _was(path: Path, value: Any) -> str:
    if isinstance(value, str):
        return f"{dotted(path)}, which was {quoted(value)}"
    if isinstance(value, bool | int | float):
        return f"{dotted(path)}, which was {str(value).lower()}"
    return f"what stood in {dotted(path)}"


def _meta(settings: Any) -> Document:
    meta = settings.get("_meta") if isinstance(settings, dict) else None
    return meta if isinstance(meta, dict) else {}


def _is_disabled(settings: Any) -> bool:
    return _meta(settings).get("disable") is True
