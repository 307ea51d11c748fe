"""Who else answers the requests of a route that changes, proven by examples. Pure.

An index proposes the few routes that may meet the changed one; requests that both could
let in are made from their conditions; and `gateway.router.match.Router` says who accepts them,
who answers now and who would answer then. What it does not confirm is not said. That a
route never answers is not seen from examples: it is proven from the conditions.

So no verdict is false, but some may be missing: on conditions that a request alone does
not decide, on involved regular expressions, on vast conditions, and beyond the nearest of very many routes
(`Report.unseen`, `Report.skipped`). A `filter_func` is Lua and not run: it is taken to accept, and the
verdict says so.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.overlap.index import Routes, is_readable, with_hosts
from gateway.overlap.search import Search
from gateway.overlap.stage import Stage
from gateway.overlap.verdict import Kind, Reason, Verdict
from gateway.patterns import TooSlow
from gateway.router.index import Document
from gateway.router.match import Mode

__all__ = ["Change", "Kind", "Layer", "Overlaps", "Reason", "Report", "Verdict"]

T = TypeVar("T")

# A route before and after the change; None: not there.
Change = tuple[Document | None, Document | None]


@dataclass(frozen=True)
class Layer:
    """What another change brings: {id: document}, None of a route that goes."""

    routes: Mapping[str, Document | None]
    services: Mapping[str, Document] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What was found.

    `unseen` is {changed route: ids of routes that may meet it too, but were left out};
    `skipped` are changed routes that were not, or not wholly, looked at: the change
    moves too much, or patience with patterns is at an end; `comparisons` counts the pairs of ways into routes that were compared.
    """

    verdicts: list[Verdict]
    unseen: dict[str, set[str]]
    skipped: list[str]
    comparisons: int


class Overlaps:
    """The live routes of a gateway, indexed: built once, asked about any change.

    `routes` and `services` are {id: document}; a route without hosts has those of its
    service. What APISIX would refuse to load meets nobody.
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
        self._live = Routes(_ready(routes, self._services), self.mode)

    def of(
        self,
        changed: Mapping[str, Change],
        *,
        services: Mapping[str, Document] | None = None,
        layers: Mapping[str, Layer] | None = None,
    ) -> Report:
        """Say what a change does of these routes, {id: (before, after)}, in one go.

        `services` is {id: document} of services that change too: their routes may get
        other hosts. `layers` is {name: layer} of other changes, were they applied too.
        """
        services = services or {}
        changed = {**self._moved_by(services), **changed}
        then = {**self._services, **services}
        before = _ready({key: one for key, (one, _) in changed.items()}, self._services)
        after = _ready({key: one for key, (_, one) in changed.items()}, then)
        search = Search(
            Stage(self._live, before, changed),
            Stage(self._live, after, changed),
            self.mode,
        )
        for route_id in changed:
            search.look_at(route_id)
        try:
            for name, layer in (layers or {}).items():
                moved = {
                    k: route for k, (_, route) in self._moved_by(layer.services).items()
                }
                others = _without(changed, {**moved, **layer.routes})
                brought = _ready(others, {**then, **layer.services})
                if met := search.met_by(changed, Routes(brought, self.mode)):
                    stage = Stage(
                        self._live, {**brought, **after}, {**others, **changed}
                    )
                    search.look_beyond(met, stage, name)
        except TooSlow:
            search.skip(changed)
        return Report(
            verdicts=search.verdicts,
            unseen=search.unseen,
            skipped=list(search.skipped),
            comparisons=search.comparisons,
        )

    def _moved_by(self, services: Mapping[str, Document]) -> dict[str, Change]:
        """Return the live routes of these services: they may get other hosts."""
        if not services:
            return {}
        return {
            key: (route, route)
            for key, route in self._routes.items()
            if str(route.get("service_id", "")) in services
        }


def _without(left_out: Container[str], routes: Mapping[str, T]) -> dict[str, T]:
    return {key: one for key, one in routes.items() if key not in left_out}


def _ready(
    routes: Mapping[str, Document | None], services: Mapping[str, Document]
) -> dict[str, Document]:
    """Return the routes that are there and can be read, with their services' hosts."""
    return {
        key: with_hosts(key, route, services)
        for key, route in routes.items()
        if route is not None and is_readable(route)
    }
