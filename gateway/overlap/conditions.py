"""What a route asks of a request, and whether one route's demands hold another's. Pure.

`covers` says yes only where it is proven that whatever the inner one lets in, the outer
one lets in too. A no may also mean that this cannot tell.
"""

import json
import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Self

from gateway.overlap.index import Entrance
from gateway.overlap.vars import comparisons, conjuncts, is_decided, pinned, same
from gateway.router.index import KNOWN_METHODS, Document, Rule, Target
from gateway.router.match import Mode
from gateway.router.vars import Comparison, compile_vars, network

# Text that stands for itself in a regular expression, which is what the router makes of
# a URI with parameters. A dot finds itself too, and more: see `_covers_segments`.
LITERAL = re.compile(r"[\w/.~%:@!&',;=-]*")
# A route that asks for more than so many bytes of conditions or so many addresses is
# not compared: each pair of routes must be done in a moment.
VARS_LIMIT, ADDRESSES_LIMIT = 4_000, 1_000
# What of a document decides which requests it answers.
ROUTING = (
    *("uri", "uris", "hosts", "methods", "remote_addr", "remote_addrs"),
    *("vars", "filter_func", "priority", "status"),
)


class Conditions:
    """What one route asks besides host and URI; `None` is: anything.

    Of one that `is_vast` it is not looked at what it asks.
    """

    def __init__(self, route: Document) -> None:
        self.route = route
        self.id = str(route["id"])
        self.has_filter = bool(route.get("filter_func"))
        self.methods = frozenset(route.get("methods") or ()) or None
        if self.methods is not None:
            self.methods &= KNOWN_METHODS
        texts = route.get("remote_addrs") or route.get("remote_addr")
        texts = [texts] if isinstance(texts, str) else texts
        self.networks = [network(text) for text in texts] if texts else None
        self.is_vast = (
            len(texts or ()) > ADDRESSES_LIMIT
            or len(json.dumps(route.get("vars"))) > VARS_LIMIT
        )
        self.conjuncts = [] if self.is_vast else conjuncts(route.get("vars"))

    @classmethod
    def of(cls, route: Document) -> Self | None:
        """Read them; None of a route that APISIX would refuse to load."""
        try:
            Rule("", route, [])
            return cls(route)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def comparisons(self) -> list[Comparison]:
        return [one for part in self.conjuncts for one in comparisons(part)]

    @cached_property
    def pinned(self) -> dict[str, list[str]]:
        return pinned(self.conjuncts)

    @cached_property
    def decided(self) -> Document:
        """The route without conditions on what a request alone does not decide."""
        if self.is_vast:
            return {**self.route, "vars": [], "remote_addrs": [], "remote_addr": None}
        parts = [
            part
            for part in self.conjuncts
            if all(is_decided(one) for one in comparisons(part))
        ]
        return {**self.route, "vars": parts}

    @property
    def is_decided(self) -> bool:
        """Whether a request alone decides all that the route asks."""
        return not self.is_vast and all(is_decided(one) for one in self.comparisons)

    def covers(self, inner: "Conditions", inner_at: Entrance) -> bool:
        """Say whether these accept every request of `inner` at that entrance, if its
        method is right.
        """
        if self.has_filter or self.is_vast or inner.is_vast:
            return False
        if not self._covers_addresses(inner):
            return False
        pins: Mapping[str, list[str]] = inner.pinned
        if inner_at.is_exact:
            pins = {**pins, "uri": [inner_at.place]}
        return all(
            any(same(part, other) for other in inner.conjuncts) or _holds(part, pins)
            for part in self.conjuncts
        )

    def _covers_addresses(self, inner: "Conditions") -> bool:
        if self.networks is None or inner.networks is None:
            return self.networks is None
        return all(
            any(
                small.version == large.version
                and int(large.network_address) <= int(small.network_address)
                and int(small.broadcast_address) <= int(large.broadcast_address)
                for large in self.networks
            )
            for small in inner.networks
        )


def is_alike(one: Conditions | None, other: Conditions | None) -> bool:
    """Say whether two documents of a route answer the same requests."""
    if one is None or other is None:
        return one is other
    texts = [[at.route.get(name) for name in ROUTING] for at in (one, other)]
    return same(*texts)


def _holds(condition: object, pins: Mapping[str, list[str]]) -> bool:
    """Say whether a condition holds whichever of its only texts a variable has."""
    names = {one.name for one in comparisons(condition)}
    if len(names) != 1 or not names <= pins.keys():
        return False
    (name,) = names
    holds = compile_vars([condition])
    return all(holds({name: text}.get) for text in pins[name])


def covers(outer: Entrance, inner: Entrance, mode: Mode) -> bool:
    """Say whether host and URI of `outer` let in whatever those of `inner` do."""
    return _covers_host(outer.host, inner.host) and _covers_uri(outer, inner, mode)


def _covers_host(outer: str | None, inner: str | None) -> bool:
    if outer in (None, "*") or outer == inner:
        return True
    if outer is None or inner is None or ":" in outer + inner:
        return False
    return outer.startswith("*") and inner.endswith(outer[1:])


def _covers_uri(outer: Entrance, inner: Entrance, mode: Mode) -> bool:
    if outer.uri == inner.uri:
        return True
    if inner.is_exact:
        return fits(outer, inner.place, mode)
    if outer.is_exact or not inner.place.startswith(outer.place):
        return False
    return _is_open(outer) or _covers_segments(outer.uri, inner.uri)


def _is_open(entrance: Entrance) -> bool:
    """Say whether every path below its place fits."""
    rest = entrance.uri[len(entrance.place) :]
    parts = entrance.uri.split("/")
    if not any(part[:1] in {":", "*"} for part in parts):
        return True  # without a parameter the router compares nothing further
    is_tail = rest.startswith("*") and "/" not in rest and parts[-1].startswith("*")
    return is_tail and LITERAL.fullmatch(entrance.place) is not None


def _covers_segments(outer: str, inner: str) -> bool:
    """Compare two URIs with parameters piece by piece."""
    if not (LITERAL.fullmatch(_fixed(outer)) and LITERAL.fullmatch(_fixed(inner))):
        return False
    theirs, ours = inner.split("/"), outer.split("/")
    for index, part in enumerate(ours):
        if index >= len(theirs):
            return False
        other = theirs[index]
        if part.startswith("*"):
            return index == len(ours) - 1
        if part.startswith(":"):
            # A dot in a piece may stand for a slash.
            if not other or other.startswith("*") or "." in other:
                return False
        elif part != other:
            return False
    return len(ours) == len(theirs)


def _fixed(uri: str) -> str:
    """Return a URI without its parameters' first characters."""
    return "/".join(
        part[1:] if part[:1] in {":", "*"} else part for part in uri.split("/")
    )


def fits(entrance: Entrance, path: str, mode: Mode) -> bool:
    """Say whether a path gets in by this URI."""
    if entrance.is_exact:
        return path == entrance.place
    if not path.startswith(entrance.place):
        return False
    target = _target(entrance.uri, mode is Mode.URI_WITH_PARAMETER)
    return target.params(path) is not None


@lru_cache(maxsize=4096)
def _target(uri: str, with_parameters: bool) -> Target:
    return Target(Rule("", {}, []), uri, with_parameters)
