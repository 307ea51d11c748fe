"""Where routes can meet: an index of their hosts and URIs. Pure.

Two routes let in one request only when their hosts and their URIs are nested: equal,
or one a prefix of the other (hosts back to front). So a dictionary and a sorted list
of places find everybody who may meet a route, without looking at all others.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from gateway.router.index import Document, Index, place_of
from gateway.router.match import Mode, hosts_of, uris_of
from gateway.router.request import host_name

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entrance:
    """One way into a route: one of its hosts (None: any host) and one of its URIs.

    `place` is the text by which the router finds the URI, compared whole if `is_exact`.
    """

    route_id: str
    host: str | None
    uri: str
    place: str
    is_exact: bool


def is_readable(route: Document) -> bool:
    """Say whether what decides which requests it takes is of the types it must be of.

    What APISIX would refuse (https://apisix.apache.org/docs/apisix/admin-api/#route)
    never answers, so it meets nobody.
    """
    lists = [route.get(name) or [] for name in ("uris", "hosts", "methods")]
    addresses = route.get("remote_addrs") or []
    texts = [route.get(name) for name in ("uri", "host", "remote_addr")]
    numbers = [route.get(name) for name in ("priority", "status")]
    return (
        all(isinstance(one, list) for one in [*lists, addresses])
        and all(isinstance(one, str) and one for part in lists for one in part)
        and all(isinstance(one, str) for one in addresses)
        and all(one is None or isinstance(one, str) for one in texts)
        and all(one is None or isinstance(one, int) for one in numbers)
    )


def with_hosts(
    route_id: str, route: Document, services: Mapping[str, Document]
) -> Document:
    """Return the route with its id, and with the hosts it takes over from its service."""
    return {**route, "id": route_id, "hosts": hosts_of(route, services), "host": None}


def entrances_of(route: Document, mode: Mode) -> list[Entrance]:
    """Return all ways into a route that carries its hosts; none when it is disabled."""
    if route.get("status", 1) == 0:
        return []
    with_parameters = mode is Mode.URI_WITH_PARAMETER
    hosts: list[str | None] = [host.lower() for host in hosts_of(route, {})]
    return [
        Entrance(str(route["id"]), host, uri, *place_of(uri, with_parameters))
        for host in dict.fromkeys(hosts or [None])
        for uri in dict.fromkeys(uris_of(route))
    ]


class _Nested(Index[T]):
    """An index that also finds what lies below a prefix."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[str] | None = None

    def below(self, prefix: str) -> Iterator[T]:
        """Yield the values whose keys begin with this prefix and are longer."""
        if self._keys is None:
            self._keys = sorted(self._exact.keys() | self._prefixes.keys())
        for at in range(bisect_right(self._keys, prefix), len(self._keys)):
            key = self._keys[at]
            if not key.startswith(prefix):
                return
            for values in (self._exact, self._prefixes):
                if key in values:
                    yield values[key]


_Paths = _Nested[list[Entrance]]


class Routes:
    """Routes by id, found by host and URI: built once, asked many times.

    `documents` are routes as `with_hosts` gives them.
    """

    def __init__(self, documents: Mapping[str, Document], mode: Mode) -> None:
        self.documents = documents
        self.mode = mode
        self._hosts: _Nested[_Paths] = _Nested()
        self._anywhere: _Paths = _Nested()
        for route in documents.values():
            for entrance in entrances_of(route, mode):
                self._paths_of(entrance.host).at(
                    entrance.place, is_exact=entrance.is_exact, make=list
                ).append(entrance)

    def at(self, host: str, path: str) -> Iterator[str]:
        """Yield the ids of routes whose host and URI may fit, some of them twice."""
        for paths in [*self._hosts.find(host.lower()[::-1]), self._anywhere]:
            for entrances in paths.find(path):
                yield from (entrance.route_id for entrance in entrances)

    def above(self, entrance: Entrance) -> Iterator[Entrance]:
        """Yield every entrance that may let in all that this one lets in."""
        for paths in self._hosts_above(entrance.host):
            yield from chain.from_iterable(paths.find(entrance.place))

    def meeting(self, entrance: Entrance) -> Iterator[Entrance]:
        """Yield every entrance that may let in a request that this one lets in too.

        Those above it come first: they may take all its requests.
        """
        yield from self.above(entrance)
        for paths in self._hosts_above(entrance.host):
            yield from _below(paths, entrance)
        fixed, is_exact = _fixed(entrance.host)
        for paths in () if is_exact else self._hosts.below(fixed):
            yield from chain.from_iterable(paths.find(entrance.place))
            yield from _below(paths, entrance)

    def _hosts_above(self, host: str | None) -> list[_Paths]:
        return [*self._hosts.find(_fixed(host)[0]), self._anywhere]

    def _paths_of(self, host: str | None) -> _Paths:
        if host is None:
            return self._anywhere
        fixed, is_exact = _fixed(host)
        return self._hosts.at(fixed, is_exact=is_exact, make=_Nested)


def _below(paths: _Paths, entrance: Entrance) -> Iterator[Entrance]:
    below = () if entrance.is_exact else paths.below(entrance.place)
    return chain.from_iterable(below)


def _fixed(host: str | None) -> tuple[str, bool]:
    """Return a pattern's fixed part back to front, and whether it is all of it."""
    if host is None:
        return "", False
    # A pattern with a port meets the same pattern without one.
    name = host_name(host)
    fixed = name.removeprefix("*")
    return fixed[::-1], fixed == name
