"""The routes of a gateway at one time: who answers a request, who never does. Pure.

Equal routes at one place are tried in the order in which APISIX loaded them: by id
after a restart, by creation while it runs (apisix/core/config_etcd.lua reads its keys
in order and appends what is created; lua-resty-radixtree keeps equals in that order).
So nothing here depends on that order: equals answer together.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from gateway.overlap.conditions import Conditions, covers
from gateway.overlap.index import Entrance, Routes, entrances_of
from gateway.patterns import hurry
from gateway.router.index import Document, place_of
from gateway.router.match import Match, Mode, Request, Router

# Of the entrances that may meet one, how many are looked at: those that matter come
# first, and ten thousand routes below a `/*` would say no more than these.
LIMIT = 64
# What it costs to compare two ways, and to ask who answers a request.
PAIR, REQUEST = 150, 50

Look = Callable[[Routes, Entrance], Iterator[Entrance]]


def standing(match: Match, mode: Mode) -> tuple[Any, ...]:
    """Return what decides among routes that accept a request; equals are tried in turn.

    (host, whether the URI is exact, its fixed part, priority, length of the URI)
    """
    place, is_exact = place_of(match.matched_uri, mode is Mode.URI_WITH_PARAMETER)
    host = match.matched_host if mode is Mode.HOST_URI else None
    return host, is_exact, place, *_rank(match.route, match.matched_uri)


class Stage:
    """`live` without those routes that are in `changed`, and with those in `added`.

    `compared` are the pairs of ways that were looked at; `work` says what was done, in
    microseconds or so of a machine that has nothing else to do.
    """

    def __init__(
        self, live: Routes, added: Mapping[str, Document], changed: Container[str]
    ) -> None:
        self.added = added
        self.compared: set[tuple[Entrance, Entrance]] = set()
        self.work = 0
        self._mode = live.mode
        self._live = live
        self._new = Routes(added, live.mode)
        self._changed = changed
        self._conditions: dict[str, Conditions | None] = {}
        self._routers: dict[tuple[str, ...], Router] = {}

    def of(self, route_id: str) -> Conditions | None:
        """Return a route; None when it is not there or APISIX would not load it."""
        if route_id not in self._conditions:
            is_new = route_id in self._changed
            routes = self._new if is_new else self._live
            route = routes.documents.get(route_id)
            self._conditions[route_id] = None if route is None else Conditions.of(route)
        return self._conditions[route_id]

    def meeting(self, entrance: Entrance, limit: int = LIMIT) -> Iterator[Entrance]:
        """Yield the nearest ways into other routes that may let in what this one does."""
        return self._nearest(entrance, Routes.meeting, limit)

    def left_out(self, entrance: Entrance, limit: int) -> set[str]:
        """Return the ids of the routes that `meeting` does not yield."""
        return {
            other.route_id
            for routes in (self._new, self._live)
            for other in islice(
                self._others(routes, entrance, Routes.meeting), limit, None
            )
        }

    def _nearest(
        self, entrance: Entrance, look: Look, limit: int = LIMIT
    ) -> Iterator[Entrance]:
        for routes in (self._new, self._live):
            for other in islice(self._others(routes, entrance, look), limit):
                hurry()
                self.compared.add((entrance, other))
                self.work += PAIR
                yield other

    def _others(
        self, routes: Routes, entrance: Entrance, look: Look
    ) -> Iterator[Entrance]:
        """Leave out the route itself, and those that are no more what they were."""
        for other in look(routes, entrance):
            is_there = routes is self._new or other.route_id not in self._changed
            if is_there and other.route_id != entrance.route_id:
                yield other

    def answering(self, request: Request) -> list[Match] | None:
        """Return the route that answers, or the equals of which one does; [] is a 404.

        None when that cannot be told: what a route asks for is nothing that the request
        alone decides.
        """
        hurry()
        live = self._live.at(request.host, request.path)
        there = (route_id for route_id in live if route_id not in self._changed)
        found = tuple(
            dict.fromkeys(chain(self._new.at(request.host, request.path), there))
        )
        self.work += REQUEST + len(found)
        first: list[Match] = []
        for match in self._router(found).matches(request):
            if first and standing(match, self._mode) != standing(first[0], self._mode):
                break
            conditions = self.of(match.route_id)
            if conditions is None or not conditions.is_decided:
                return None
            first.append(match)
        return first

    def hiding(self, route: Conditions) -> frozenset[str]:
        """Return the routes that together answer every request of this one; or none.

        Each host and URI of the route must be let in by routes that are asked before it
        for certain, and that ask for nothing more than it does.
        """
        found: set[str] = set()
        for entrance in entrances_of(route.route, self._mode):
            # "" stands for every method: no list of methods holds them all.
            left = {""} if route.methods is None else set(route.methods)
            for other in self._nearest(entrance, Routes.above):
                if taken := self._taken(other, entrance, route, left):
                    found.add(other.route_id)
                    left -= taken
            if left:
                return frozenset()
        return frozenset(found)

    def takes(self, outer: Conditions, inner: Conditions) -> bool:
        """Say whether `outer` alone answers all requests of some way into `inner`."""
        return any(
            self._taken(theirs, mine, inner, set(inner.methods or {""}))
            for mine in entrances_of(inner.route, self._mode)
            for theirs in entrances_of(outer.route, self._mode)
        )

    def _taken(
        self, outer: Entrance, inner: Entrance, asked: Conditions, left: set[str]
    ) -> set[str]:
        """Return the methods whose requests `outer` answers before `inner` is asked."""
        conditions = self.of(outer.route_id)
        if conditions is None or not covers(outer, inner, self._mode):
            return set()
        if not (
            self._is_before(outer, conditions, inner, asked)
            and conditions.covers(asked, inner)
        ):
            return set()
        return left if conditions.methods is None else left & conditions.methods

    def _is_before(
        self,
        outer: Entrance,
        conditions: Conditions,
        inner: Entrance,
        asked: Conditions,
    ) -> bool:
        """Say whether `outer`, which lets in as much, is asked first for certain."""
        if self._mode is Mode.HOST_URI and outer.host != inner.host:
            # The wider host comes later, but for `*`, which comes before no host.
            return inner.host is None
        same_place = (outer.place, outer.is_exact) == (inner.place, inner.is_exact)
        return same_place and _rank(conditions.route, outer.uri) < _rank(
            asked.route, inner.uri
        )

    def _router(self, route_ids: tuple[str, ...]) -> Router:
        if route_ids not in self._routers:
            asked = [self.of(route_id) for route_id in route_ids]
            self._routers[route_ids] = Router(
                [one.decided for one in asked if one is not None], mode=self._mode
            )
        return self._routers[route_ids]


def _rank(route: Document, uri: str) -> tuple[int, int]:
    return -(route.get("priority") or 0), -len(uri.encode())
