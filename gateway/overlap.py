"""Who else answers the requests of a route that changes, proven by examples. Pure.

An index proposes the few routes that may meet the changed one; requests that both could
let in are made from their conditions; and `gateway.router.Router` says who accepts them,
who answers now and who would answer then. What it does not confirm is not said. That a
route never answers is not seen from examples: it is proven from the conditions.

So no verdict is false, but some may be missing: on conditions that a request alone does
not decide, on involved regular expressions, and beyond the nearest of very many routes
(`Report.unseen`). A `filter_func` is Lua and not run: it is taken to accept, and the
verdict says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.overlap_index import Routes, with_hosts
from gateway.overlap_search import Search
from gateway.overlap_stage import Stage
from gateway.overlap_verdict import Kind, Reason, Verdict
from gateway.router import Mode
from gateway.router_index import Document

__all__ = ["Kind", "Overlaps", "Reason", "Report", "Verdict"]

# A route before and after the change; None: not there.
Change = tuple[Document | None, Document | None]


@dataclass(frozen=True)
class Report:
    """What was found.

    `unseen` is {changed route: ids of routes that may meet it too, but were left out};
    `comparisons` counts the pairs of ways into routes that were compared.
    """

    verdicts: list[Verdict]
    unseen: dict[str, set[str]]
    comparisons: int


class Overlaps:
    """The live routes of a gateway, indexed: built once, asked about any change.

    `routes` and `services` are {id: document}, of documents that APISIX accepts; a
    route without hosts has those of its service.
    """

    def __init__(
        self,
        routes: Mapping[str, Document],
        *,
        services: Mapping[str, Document] | None = None,
        mode: Mode | str = Mode.HOST_URI,
    ) -> None:
        self.mode = Mode(mode)
        self._routes = routes
        self._services = services or {}
        self._live = Routes(_ready(routes.items(), self._services), self.mode)

    def of(
        self,
        changed: Mapping[str, Change],
        *,
        services: Mapping[str, Document] | None = None,
        layers: Mapping[str, Mapping[str, Document]] | None = None,
    ) -> Report:
        """Say what a change does of these routes, {id: (before, after)}, in one go.

        `services` is {id: document} of services that change too: their routes may get
        other hosts. `layers` is {name: {id: document}} of routes that other changes
        bring, as they would be.
        """
        services = services or {}
        changed = {**self._moved_by(services), **changed}
        services_then = {**self._services, **services}
        before = _ready(
            ((key, one) for key, (one, _) in changed.items()), self._services
        )
        after = _ready(((key, one) for key, (_, one) in changed.items()), services_then)
        now = Stage(self._live, before, changed)
        then = Stage(self._live, after, changed)
        search = Search(now, then, self.mode)
        for route_id in changed:
            search.look_at(route_id)
        stages = [now, then]
        for name, routes in (layers or {}).items():
            others = ((key, one) for key, one in routes.items() if key not in changed)
            brought = _ready(others, services_then)
            stage = Stage(self._live, {**brought, **after}, {**brought, **changed})
            stages.append(stage)
            for route_id in changed:
                search.look_beyond(route_id, stage, name)
        compared = set().union(*(stage.compared for stage in stages))
        return Report(search.verdicts, search.unseen, len(compared))

    def _moved_by(self, services: Mapping[str, Document]) -> dict[str, Change]:
        """Return the live routes of these services: they may get other hosts."""
        return {
            key: (route, route)
            for key, route in self._routes.items()
            if str(route.get("service_id", "")) in services
        }


def _ready(
    routes: Iterable[tuple[str, Document | None]], services: Mapping[str, Document]
) -> dict[str, Document]:
    return {
        key: with_hosts(key, route, services)
        for key, route in routes
        if route is not None
    }
