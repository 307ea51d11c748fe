"""What changes between two documents, field by field. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from gateway.canonical import canonical, number_form
from gateway.documents import SERVER_MANAGED
from gateway.visible import visible
from gateway.words import changed, cut, words

Document = dict[str, Any]
Path = tuple[str | int, ...]

# Beyond this a list is compared as a whole: aligning two lists costs their product.
ALIGNED = 500
# Lists of texts that together are longer than this (characters) are told by what
# comes and goes.
SHORT = 60
METHODS = ("methods",)


class Op(StrEnum):
    """What happened to a field."""

    ADD = "add"
    REMOVE = "remove"
    CHANGE = "change"


@dataclass(frozen=True)
class Difference:
    """One field that changes; `before` or `after` is None where it is absent.

    An index in `path` counts from 0 in the list that holds the element: the old one
    for what is removed, else the new one. A node of an upstream stands under its
    `host:port`, in whichever form the nodes are given.
    """

    path: Path
    op: Op
    before: Any
    after: Any

    @property
    def dotted(self) -> str:
        return ".".join(visible(str(part)) for part in self.path)

    @property
    def name(self) -> str:
        """Return the field as a person names it: `limit-count count`, `label env`."""
        return _field_words(self.path)

    def describe(self) -> str:
        """Return one line such as `limit-count count: 100 → 50`."""
        name = self.name
        is_switch = self.path[-2:] == ("_meta", "disable")
        if is_switch and (self.before is True) is not (self.after is True):
            plugin = _field_words(self.path[:-2])
            return f"{plugin} switched {'off' if self.after is True else 'on'}"
        if self.path == METHODS and self.op is not Op.CHANGE:
            # Without the field every method is answered: naming one takes others away.
            if self.op is Op.ADD:
                return f"only methods{_with(self.path, self.after)}"
            return f"any method{_was(self.path, self.before)}"
        if self.op is Op.ADD:
            return f"{name} added{_with(self.path, self.after)}"
        if self.op is Op.REMOVE:
            return f"{name} removed{_was(self.path, self.before)}"
        weight = " weight" if _is_weight(self.path, self.before) else ""
        return f"{name}{weight}: {_change_words(self.before, self.after)}"


def diff(before: Document | None, after: Document | None) -> list[Difference]:
    """Return the fields in which two documents differ, in order of their paths.

    Server-managed fields are left out, and 1 is 1.0. None stands for "not there".
    """
    return list(_differences(_meant(before), _meant(after), ()))


def _meant(document: Document | None) -> Document:
    return {k: v for k, v in (document or {}).items() if k not in SERVER_MANAGED}


def _differences(before: Any, after: Any, path: Path) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            at = (*path, name)
            if _is_container(at, before.get(name, {}), after.get(name, {})):
                yield from _differences(before.get(name, {}), after.get(name, {}), at)
            elif name not in before:
                yield Difference(at, Op.ADD, None, after[name])
            elif name not in after:
                yield Difference(at, Op.REMOVE, before[name], None)
            else:
                yield from _differences(before[name], after[name], at)
    elif _key(before) == _key(after):
        return
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_lists(before, after, path)
    else:
        yield Difference(path, Op.CHANGE, before, after)


def _is_container(path: Path, before: Any, after: Any) -> bool:
    """Say whether members count one by one although the whole comes or goes."""
    return (
        (path in {("plugins",), ("labels",)} or path[-1:] == ("_meta",))
        and isinstance(before, dict)
        and isinstance(after, dict)
        and before != after
    )


def _key(value: Any) -> Any:
    """Return something that is equal for equal values, and only for those."""
    if isinstance(value, str):
        return value
    return canonical(number_form(value))


def _in_lists(before: list[Any], after: list[Any], path: Path) -> Iterator[Difference]:
    nodes = by_address(before), by_address(after)
    if path[-1:] == ("nodes",) and nodes[0] is not None and nodes[1] is not None:
        found = list(_differences(*nodes, path))
        # Nothing but their order: that is a change too.
        yield from found or [Difference(path, Op.CHANGE, before, after)]
    elif _holds_objects([*before, *after]) and len(before) + len(after) <= ALIGNED:
        yield from _aligned(before, after, path)
    else:
        yield Difference(path, Op.CHANGE, before, after)


def by_address(nodes: list[Any]) -> Document | None:
    """Return {host:port: node}, or None where that does not tell nodes apart."""
    found: Document = {}
    for node in nodes:
        if not isinstance(node, dict) or not isinstance(node.get("host"), str):
            return None
        port = f":{node['port']}" if "port" in node else ""
        address = f"{node['host']}{port}"
        if address in found:
            return None
        found[address] = node
    return found


def _holds_objects(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _aligned(before: list[Any], after: list[Any], path: Path) -> Iterator[Difference]:
    """Compare lists of objects: equal ones meet, what stands between is compared."""
    one, other = [_key(item) for item in before], [_key(item) for item in after]
    for tag, i, i_end, j, j_end in SequenceMatcher(
        None, one, other, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            continue
        if i_end - i == j_end - j:
            for index in range(i_end - i):
                yield from _differences(
                    before[i + index], after[j + index], (*path, j + index)
                )
            continue
        for index in range(i, i_end):
            yield Difference((*path, index), Op.REMOVE, before[index], None)
        for index in range(j, j_end):
            yield Difference((*path, index), Op.ADD, None, after[index])


def _field_words(path: Path) -> str:
    parts = path[1:] if path[:1] == ("plugins",) and len(path) > 1 else path
    named: list[str] = []
    for part, above in zip(parts, (None, *parts), strict=False):
        if above == "nodes" and isinstance(part, str):
            named[-1] = f"node {visible(part)}"
        elif above == "labels":
            named[-1] = f"label {visible(str(part))}"
        else:
            named.append(visible(part) if isinstance(part, str) else f"#{part + 1}")
    return " ".join(named)


def _with(path: Path, value: Any) -> str:
    """Return what an added field holds, as `: 5` or `: count 2, time_window 60`."""
    if value == {}:
        return ""
    return f": {_value_words(path, value)}"


def _was(path: Path, value: Any) -> str:
    return "" if value == {} else f" (was {_value_words(path, value)})"


def _value_words(path: Path, value: Any) -> str:
    if path[-2:-1] == ("nodes",) and isinstance(value, dict):
        return words({k: v for k, v in value.items() if k not in ("host", "port")})
    return f"weight {words(value)}" if _is_weight(path, value) else words(value)


def _is_weight(path: Path, value: Any) -> bool:
    return path[-2:-1] == ("nodes",) and isinstance(value, int | float)


def _change_words(before: Any, after: Any) -> str:
    if isinstance(before, str) and isinstance(after, str):
        one, other = changed(before, after)
        return f"{one} → {other}"
    one, other = words(before), words(after)
    if (
        isinstance(before, list)
        and isinstance(after, list)
        and len(one) + len(other) > SHORT
        and (told := _comings_and_goings(before, after))
    ):
        return told
    if one == other:
        # Alike as far as they are told: say at least how they differ in size.
        sizes = [len(_key(value)) for value in (before, after)]
        return f"{one} → another of {sizes[1]} instead of {sizes[0]} characters"
    return f"{one} → {other}"


def _comings_and_goings(before: list[Any], after: list[Any]) -> str:
    """Return which elements come and go, if nothing else changes in the list."""
    one, other = [_key(item) for item in before], [_key(item) for item in after]
    kept = set(one) & set(other)
    if [k for k in one if k in kept] != [k for k in other if k in kept] or not kept:
        return ""
    gone = [item for item, key in zip(before, one, strict=True) if key not in kept]
    new = [item for item, key in zip(after, other, strict=True) if key not in kept]
    return cut(
        ", ".join(
            [
                *(f"added {words(new)}" for _ in new[:1]),
                *(f"removed {words(gone)}" for _ in gone[:1]),
            ]
        ),
        2 * SHORT * 2,
    )
