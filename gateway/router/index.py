"""Where a router looks: conditions of a route, its URIs, and indexes over them."""

from collections.abc import Callable, Iterator, Mapping
from heapq import merge
from typing import Any, Generic, TypeVar

from gateway.patterns import search
from gateway.router.request import Request
from gateway.router.vars import AddressSet, Condition, compile_vars

Document = Mapping[str, Any]
T = TypeVar("T")

METHODS = (
    *("GET", "POST", "PUT", "DELETE", "PATCH"),
    *("HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE"),
)
KNOWN_METHODS = frozenset(METHODS)


class Rule:
    """The conditions of one route, apart from its URIs.

    Raises ValueError when APISIX would refuse to load them.
    """

    def __init__(self, route_id: str, route: Document, hosts: list[str]) -> None:
        self.route_id = route_id
        self.route = route
        self.hosts = hosts
        self.priority: int = route.get("priority") or 0
        self.has_filter = bool(route.get("filter_func"))
        self._methods = frozenset(route.get("methods") or ())
        addresses = route.get("remote_addrs") or route.get("remote_addr")
        if isinstance(addresses, str):
            addresses = [addresses]
        self._addresses = AddressSet(addresses) if addresses else None
        self._condition: Condition | None = (
            compile_vars(route["vars"]) if route.get("vars") else None
        )

    def host_for(self, host: str, request: Request) -> str | None:
        """Return the pattern that accepts this host (lower case), or None."""
        for pattern in self.hosts:
            text = pattern.lower()
            # A pattern with a port is compared with the whole Host header.
            asked = request.variable("http_host") if ":" in text else None
            given = str(asked).lower() if asked else host
            if given.endswith(text[1:]) if text.startswith("*") else given == text:
                return pattern
        return None

    def accepts(self, request: Request) -> bool:
        """Say whether method, address and `vars` of this route accept the request."""
        if self._methods and request.method not in self._methods & KNOWN_METHODS:
            return False
        if self._addresses is not None and request.remote_addr not in self._addresses:
            return False
        return self._condition is None or self._condition(request.variable)


def place_of(uri: str, with_parameters: bool) -> tuple[str, bool]:
    """Return where a router keeps a URI: (the text to compare, whether it is exact)."""
    colon = uri.find(":") if with_parameters else -1
    cut = colon if colon >= 0 else uri.find("*")
    return (uri, True) if cut < 0 else (uri[:cut], False)


class Target:
    """One URI of one route."""

    def __init__(self, rule: Rule, uri: str, with_parameters: bool) -> None:
        self.rule = rule
        self.uri = uri
        self.place, self.is_exact = place_of(uri, with_parameters)
        self.rank = (-rule.priority, -len(uri.encode()))
        self._pattern: str | None = None
        self._names: list[str] = []
        if not self.is_exact:
            self._pattern, self._names = _path_pattern(uri)

    def params(self, path: str) -> dict[str, str] | None:
        """Return what the parameters stand for; None when the path does not fit."""
        # A bare prefix such as `/a*` has no parameter, so nothing is left to compare.
        if self._pattern is None or not self._names:
            return {}
        found = search(self._pattern, path)
        if found is None or found[0] != path:
            return None
        return {
            name: value
            for name, value in zip(self._names, found.groups(), strict=False)
            if value is not None
        }


def _path_pattern(uri: str) -> tuple[str, list[str]]:
    # The router does not quote what stands between the parameters, so neither may we:
    # a `+` or a `(` in a path is a piece of a regular expression there.
    parts = uri.split("/")
    while parts and not parts[-1]:
        parts.pop()
    names: list[str] = []
    for index, part in enumerate(parts):
        if part.startswith(":"):
            names.append(part[1:])
            parts[index] = r"([^/]+)"
        elif part.startswith("*"):
            names.append(part[1:] or ":ext")
            parts[index] = r"((.|\n)*)"
    return "/".join(parts) + ("/" if uri.endswith("/") else ""), names


class Index(Generic[T]):
    """Values by exact key or by prefix (a key that ends where its `*` stands).

    A dictionary and the lengths of its prefixes: a look-up costs one hash per length
    that occurs, whatever the number of keys.
    """

    def __init__(self) -> None:
        self._exact: dict[str, T] = {}
        self._prefixes: dict[str, T] = {}
        self._lengths: list[int] | None = None

    def at(self, key: str, *, is_exact: bool, make: Callable[[], T]) -> T:
        """Return the value kept under this key, made when there is none yet."""
        values = self._exact if is_exact else self._prefixes
        if key not in values:
            values[key] = make()
            self._lengths = None
        return values[key]

    def find(self, text: str) -> Iterator[T]:
        """Return the values that fit: the exact one, then from the longest prefix on."""
        if text in self._exact:
            yield self._exact[text]
        if self._lengths is None:
            self._lengths = sorted({len(key) for key in self._prefixes}, reverse=True)
        for length in self._lengths:
            prefix = text[:length]
            if length <= len(text) and prefix in self._prefixes:
                yield self._prefixes[prefix]

    def values(self) -> list[T]:
        """Return all values."""
        return [*self._exact.values(), *self._prefixes.values()]


class Paths:
    """The targets below one host (or below none), by their URIs."""

    def __init__(self) -> None:
        self.host: str | None = None
        self._index: Index[_Leaf] = Index()

    def add(self, target: Target) -> None:
        """Put one more target in its place; `sort()` comes after the last one."""
        leaf = self._index.at(target.place, is_exact=target.is_exact, make=_Leaf)
        leaf.targets.append(target)

    def sort(self) -> None:
        """Bring the targets of every place into their order."""
        for leaf in self._index.values():
            leaf.sort()

    def find(self, path: str, host: str) -> Iterator[Target]:
        """Return the targets whose place fits, the preferred first."""
        for leaf in self._index.find(path):
            yield from leaf.find(host)


class _Leaf:
    """The targets at one place, in order.

    Where a host is a condition, thousands of tenants may share one URI: those that name
    exact hosts only are found by host, in order with the others.
    """

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self._by_host: dict[str, list[tuple[int, Target]]] = {}
        self._others: list[tuple[int, Target]] = []

    def sort(self) -> None:
        """Order by priority, then by length of the URI, then as they came."""
        self.targets.sort(key=lambda target: target.rank)
        for entry in enumerate(self.targets):
            hosts = [host.lower() for host in entry[1].rule.hosts]
            if hosts and not any("*" in host or ":" in host for host in hosts):
                for host in dict.fromkeys(hosts):
                    self._by_host.setdefault(host, []).append(entry)
            else:
                self._others.append(entry)

    def find(self, host: str) -> Iterator[Target]:
        """Return the targets that this host may reach, in order."""
        if not self._by_host:
            return iter(self.targets)
        named = self._by_host.get(host, [])
        # Positions are unique, so the targets themselves are never compared.
        return (target for _, target in merge(named, self._others))
