"""A document of one gateway as another one shall hold it. Pure.

Where it names a host or a node's address that is the value of a variable of the one, it
gets the other's value of the same name. Only whole hosts and addresses in the places
that hold them are replaced, never a part of a text: `shop.staging.example.com` within a
plugin's settings stays, and is told.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.nodes import address_of
from gateway.redaction import dotted
from gateway.secret_fields import Path, texts
from gateway.variables import Variables

Document = dict[str, Any]

# Where documents of a kind name hosts that requests come for.
HOSTS = {
    "route": ("host", "hosts"),
    "service": ("hosts",),
    "ssl": ("sni", "snis"),
    "stream_route": ("sni",),
}
# Where documents hold upstreams of their own.
INSIDE: tuple[Path, ...] = (
    ("upstream",),
    ("plugins", "traffic-split", "rules", "weighted_upstreams", "upstream"),
)
# Words for people: what they name sends no request anywhere.
DESCRIPTIONS = ("id", "name", "desc", "labels")


@dataclass(frozen=True)
class Kept:
    """A place that names the source's value of a variable and stays so; `why` in words."""

    path: str
    variable: str
    why: str


@dataclass(frozen=True)
class Dictionary:
    """What the values of one gateway's variables are on another."""

    source: Variables
    target: Variables

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """Return {value on the source: names}."""
        found: dict[str, list[str]] = {}
        for name, value in sorted(self.source.items()):
            found.setdefault(value, []).append(name)
        return found

    @cached_property
    def changing(self) -> re.Pattern[str] | None:
        """Return what finds the values that are not the same on the target."""
        values = [value for value in self.names if self.value_of(value)[0] != value]
        longest_first = sorted(values, key=len, reverse=True)
        any_of = "|".join(map(re.escape, longest_first))
        return re.compile(rf"(?<![\w.-])(?:{any_of})(?![\w.-])") if values else None

    def value_of(self, value: str) -> tuple[str, str]:
        """Return what a value is on the target, or "" and why it is nothing there."""
        names = self.names[value]
        found = {self.target[name] for name in names if name in self.target}
        if not found:
            return "", f"the target has no variable {names[0]}"
        if len(found) > 1:
            return "", f"{' and '.join(names)} differ on the target"
        (new,) = found
        if (address_of(value)[1] is None) is not (address_of(new)[1] is None):
            return "", f"{names[0]} has a port on one of the gateways only"
        return new, ""


def promoted(
    kind: str, document: Document, dictionary: Dictionary
) -> tuple[Document, tuple[Kept, ...]]:
    """Return a copy as the target shall hold it, and what in it was kept as it is."""
    work = _Work(dictionary)
    copy = deepcopy(document)
    for name in HOSTS.get(kind, ()):
        work.host_at(copy, name, (name,))
    for upstream, at in _upstreams(kind, copy):
        work.upstream(upstream, at)
    work.look_elsewhere(copy)
    return copy, tuple(work.kept)


def _upstreams(kind: str, document: Document) -> Iterator[tuple[Document, Path]]:
    """Yield every upstream in a document, itself included, with its path."""
    if kind == "upstream":
        yield document, ()
    for path in INSIDE:
        yield from _inside(document, path)


def _inside(
    value: Any, towards: Path, at: Path = ()
) -> Iterator[tuple[Document, Path]]:
    """Yield the objects at the end of a path of names, in any element of any list."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _inside(one, towards, (*at, index))
    elif isinstance(value, dict) and not towards:
        yield value, at
    elif isinstance(value, dict) and towards[0] in value:
        yield from _inside(value[towards[0]], towards[1:], (*at, towards[0]))


@dataclass
class _Work:
    dictionary: Dictionary
    kept: list[Kept] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)

    def host_at(self, holder: Any, name: str | int, at: Path) -> None:
        """Replace a host, or each of a list of hosts."""
        value = holder.get(name) if isinstance(holder, dict) else holder[name]
        if isinstance(value, list):
            for index in range(len(value)):
                self.host_at(value, index, (*at, index))
        elif isinstance(value, str):
            holder[name] = self._new(value, at)

    def upstream(self, upstream: Document, at: Path) -> None:
        """Replace the nodes of an upstream, and the hosts that it says in requests."""
        self.host_at(upstream, "upstream_host", (*at, "upstream_host"))
        checks = upstream.get("checks")
        active = checks.get("active") if isinstance(checks, dict) else None
        if isinstance(active, dict):
            self.host_at(active, "host", (*at, "checks", "active", "host"))
        nodes = upstream.get("nodes")
        if isinstance(nodes, dict):
            upstream["nodes"] = self._nodes(nodes, (*at, "nodes"))
        elif isinstance(nodes, list):
            for index, node in enumerate(nodes):
                if isinstance(node, dict) and isinstance(node.get("host"), str):
                    self._node(node, (*at, "nodes", index, "host"))

    def _nodes(self, nodes: Document, at: Path) -> Document:
        new = {address: self._new_address(address, (*at, address)) for address in nodes}
        if len(set(new.values())) == len(new):
            return {new[address]: weight for address, weight in nodes.items()}
        # Two nodes would become one, and a weight be lost.
        for address in nodes:
            if new[address] != address:
                names = self._names_in(address)
                self._keep((*at, address), names, "two nodes would become one")
        return nodes

    def _node(self, node: Document, at: Path) -> None:
        port = node.get("port")
        has_port = isinstance(port, int) and not isinstance(port, bool)
        address = f"{node['host']}:{port}" if has_port else node["host"]
        new = self._new_address(address, at)
        if new == address:
            return
        if has_port:
            node["host"], node["port"] = address_of(new)
        else:
            node["host"] = new

    def _new_address(self, address: str, at: Path) -> str:
        """Return the new `host:port`: as a whole, or its host alone."""
        host, port = address_of(address)
        if address in self.dictionary.names or port is None:
            return self._new(address, at)
        new = self._new(host, at)
        return new + address[len(host) :]

    def _new(self, value: str, at: Path) -> str:
        self.seen.add(at)
        if value not in self.dictionary.names:
            return value
        new, why = self.dictionary.value_of(value)
        if not new:
            self._keep(at, self.dictionary.names[value], why)
        return new or value

    def _names_in(self, address: str) -> list[str]:
        names = self.dictionary.names
        return names.get(address) or names[address_of(address)[0]]

    def look_elsewhere(self, document: Document) -> None:
        """Tell where else a text names what is another on the target."""
        pattern = self.dictionary.changing
        if pattern is None:
            return
        for path, text in texts(document):
            if path in self.seen or path[0] in DESCRIPTIONS:
                continue
            if found := pattern.search(text):
                names = self.dictionary.names[found[0]]
                self._keep(path, names, "only whole hosts and nodes are replaced")

    def _keep(self, at: Path, names: list[str], why: str) -> None:
        self.kept.append(Kept(dotted(at), names[0], why))
