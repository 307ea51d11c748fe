"""What changes, field by field, in words. Pure.

What people typed into names, labels and addresses is data: characters that do not
show, or that turn the reading direction, are made visible.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from gateway.documents import SERVER_MANAGED
from gateway.kinds import KINDS

Document = dict[str, Any]
Path = tuple[str | int, ...]

VALUE_LIMIT = 120
LIST_LIMIT = 4


class Op(StrEnum):
    """What happened to a field."""

    ADD = "add"
    REMOVE = "remove"
    CHANGE = "change"


@dataclass(frozen=True)
class Difference:
    """One field that changes; `before` or `after` is None where it is absent."""

    path: Path
    op: Op
    before: Any
    after: Any

    @property
    def dotted(self) -> str:
        return ".".join(visible(str(part)) for part in self.path)

    def describe(self) -> str:
        """Return one line such as `limit-count count: 100 → 50`."""
        parts = (
            self.path[1:]
            if self.path[0] == "plugins" and len(self.path) > 1
            else self.path
        )
        name = " ".join(visible(str(part)) for part in parts)
        if self.op is Op.ADD:
            return f"{name} added: {words(self.after)}"
        if self.op is Op.REMOVE:
            return f"{name} removed (was {words(self.before)})"
        return f"{name}: {words(self.before)} → {words(self.after)}"


def diff(before: Document | None, after: Document | None) -> list[Difference]:
    """Return the fields in which two documents differ, in order of their paths.

    Server-managed fields are left out. None stands for "not there".
    """
    return list(_differences(_meant(before), _meant(after), ()))


def _meant(document: Document | None) -> Document:
    return {k: v for k, v in (document or {}).items() if k not in SERVER_MANAGED}


def _differences(before: Any, after: Any, path: Path) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            at = (*path, name)
            if name not in before:
                yield Difference(at, Op.ADD, None, after[name])
            elif name not in after:
                yield Difference(at, Op.REMOVE, before[name], None)
            else:
                yield from _differences(before[name], after[name], at)
    elif _are_alike_objects(before, after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, (*path, index))
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield Difference(path, Op.CHANGE, before, after)


def _are_alike_objects(before: Any, after: Any) -> bool:
    """Lists of as many objects are compared one by one; others as a whole."""
    return (
        isinstance(before, list)
        and isinstance(after, list)
        and len(before) == len(after) > 0
        and all(isinstance(item, dict) for item in (*before, *after))
    )


def words(value: Any) -> str:
    """Return a short text for any JSON value."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        text = ", ".join(str(item) for item in value)
    elif isinstance(value, dict) and not value:
        text = "{}"
    else:
        text = orjson.dumps(value).decode()
    # Cut first: making a whole certificate bundle visible would cost seconds.
    shown = visible(text[:VALUE_LIMIT])
    return shown if len(text) <= VALUE_LIMIT else f"{shown}…"


def visible(text: str) -> str:
    """Return the text with invisible, bidirectional and control characters shown.

    Letters of other scripts among Latin ones, which look alike, are marked too.
    """
    if text.isascii() and text.isprintable():
        return text
    has_latin = any(_script(c) == "LATIN" for c in text)
    return "".join(_shown(c, has_latin=has_latin) for c in text)


def _shown(char: str, *, has_latin: bool) -> str:
    category = unicodedata.category(char)
    if category in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} or (
        category == "Zs" and char != " "
    ):
        return f"⟨U+{ord(char):04X}⟩"
    if has_latin and _script(char) in {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}:
        return f"{char}⟨U+{ord(char):04X}⟩"
    return char


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0] if char.isalpha() else ""


def sentence(
    action: str,
    kind: str,
    resource_id: str,
    before: Document | None,
    after: Document | None,
) -> str:
    """Say what will happen to one resource, made only from its documents."""
    name = f"{KINDS[kind].title.lower()} {_name(resource_id, after or before or {})}"
    if action == "create":
        return f"Creates {name}{_essence(kind, after or {})}."
    if action == "delete":
        return f"Deletes {name}{_essence(kind, before or {})}."
    changes = [difference.describe() for difference in diff(before, after)]
    if not changes:
        return f"Writes {name} again without a visible change."
    shown = "; ".join(changes[:LIST_LIMIT])
    more = (
        f"; and {len(changes) - LIST_LIMIT} more" if len(changes) > LIST_LIMIT else ""
    )
    return f"Changes {name}: {shown}{more}."


def _name(resource_id: str, document: Document) -> str:
    name = document.get("name")
    if isinstance(name, str) and name and name != resource_id:
        return f"{visible(name)} ({resource_id})"
    return resource_id


def _essence(kind: str, document: Document) -> str:
    """Return what matters of a document in a few words: address, target, plugins."""
    parts = []
    if kind == "route":
        parts.append(_address(document))
    target = _target(document, kind)
    if target:
        parts.append(f"→ {target}")
    if kind == "ssl":
        parts.append(_listed(document.get("snis") or document.get("sni")))
    text = " ".join(part for part in parts if part)
    plugins = document.get("plugins")
    if isinstance(plugins, dict) and plugins:
        text += f" with {_listed(sorted(plugins))}"
    return f": {text.strip()}" if text.strip() else ""


def _address(document: Document) -> str:
    methods = _listed(document.get("methods")) or "any method"
    hosts = _listed(document.get("hosts") or document.get("host"))
    uris = document.get("uris") or document.get("uri")
    paths = uris if isinstance(uris, list) else [uris]
    shown = _listed(
        [f"{hosts if ',' not in hosts else ''}{path}" for path in paths if path]
    )
    on = f" on {hosts}" if "," in hosts else ""
    return f"{methods} {shown}{on}"


def _target(document: Document, kind: str) -> str:
    upstream = document if kind == "upstream" else document.get("upstream")
    if isinstance(upstream, dict):
        nodes = upstream.get("nodes")
        if isinstance(nodes, dict):
            return _listed(list(nodes))
        if isinstance(nodes, list):
            return _listed(
                [
                    f"{node.get('host')}:{node['port']}"
                    if "port" in node
                    else node.get("host")
                    for node in nodes
                    if isinstance(node, dict)
                ]
            )
        if upstream.get("service_name"):
            return f"service {words(upstream['service_name'])}"
    for name, title in (("upstream_id", "upstream"), ("service_id", "service")):
        if document.get(name) is not None:
            return f"{title} {words(document[name])}"
    return ""


def _listed(value: Any) -> str:
    if value is None:
        return ""
    items = value if isinstance(value, list) else [value]
    shown = ", ".join(words(item) for item in items[:LIST_LIMIT])
    more = len(items) - LIST_LIMIT
    return f"{shown} and {more} more" if more > 0 else shown
