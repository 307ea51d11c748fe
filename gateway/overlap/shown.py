"""Requests that a route accepts, or two routes do, confirmed by the matcher. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from gateway.overlap.conditions import Conditions
from gateway.overlap.example import Example
from gateway.overlap.index import Entrance, entrances_of
from gateway.overlap.proposals import Way, proposals
from gateway.overlap.stage import LIMIT, Stage
from gateway.router.match import Match, Mode, Router

# How many examples of two ways are looked at, and how many of one alone.
OF_TWO, OF_ONE = 16, 30
# Of a route with many ways in these become fewer, so that about so many are looked at
# in all. A route with more ways than that is too vast to be looked at.
OF_ROUTE = 512
# A request, and who of those asked for accepts it, the preferred one first.
Accepted = tuple[Example, list[Match]]


class Shown:
    """Shows what routes accept, in one mode of the router."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode

    def alone(self, route: Conditions) -> Iterator[Accepted]:
        """Yield requests that this route accepts, by each host and URI."""
        entrances = entrances_of(route.route, self._mode)
        count = _share(OF_ONE, entrances)
        for mine in entrances:
            yield from islice(self._confirmed(Way(mine, route)), count)

    def shared(
        self, route: Conditions, stage: Stage, only: set[str] | None = None
    ) -> Iterator[tuple[Conditions, Iterator[Accepted]]]:
        """Yield each other route once per pair of ways, with requests that both accept."""
        entrances = entrances_of(route.route, self._mode)
        count = _share(OF_TWO, entrances)
        for mine in entrances:
            for theirs in stage.meeting(mine, limit_of(entrances)):
                other = stage.of(theirs.route_id)
                if other is not None and (only is None or other.id in only):
                    both = self._confirmed(Way(mine, route), Way(theirs, other))
                    yield other, islice(both, count)

    def router(self, routes: Iterable[Conditions]) -> Router:
        """Return a router of these routes alone."""
        return Router([one.route for one in routes], mode=self._mode)

    def _confirmed(self, *ways: Way) -> Iterator[Accepted]:
        router = self.router(way.conditions for way in ways)
        for example in proposals(*ways, mode=self._mode):
            accepting = list(router.matches(example.request))
            if len(accepting) == len(ways):
                yield example, accepting


def limit_of(entrances: Sequence[Entrance]) -> int:
    """Return how many ways of others are looked at for each of these."""
    return max(4, min(LIMIT, OF_ROUTE // max(1, len(entrances))))


def _share(most: int, entrances: Sequence[Entrance]) -> int:
    """Return how many examples are looked at for each of these."""
    return max(2, min(most, 2 * OF_ROUTE // max(1, len(entrances))))
