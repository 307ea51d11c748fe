"""What a gateway would do with one request, told from its documents alone. Pure.

It follows APISIX's way of a request (`http_access_phase` in apisix/init.lua, 3.18) and
runs nothing: which route answers, which plugins would run in which order and with
which settings, and where the request would go. What only run time decides is named in
`notes`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gateway.effective import Document, Effective, effective
from gateway.held import Held
from gateway.redaction import MARK
from gateway.router.match import Match, Mode, Request, Router, uris_of
from gateway.router.vars import Lookup
from gateway.schemas import Schemas
from gateway.simulate.plugins import PluginUse, plugin_uses
from gateway.simulate.upstream import Proxied, proxied

# How many routes are told that would answer if the one that does were gone.
NEXT_IN_LINE = 3
# Conditions on what is not here: secrets, which are redacted, and the body.
UNKNOWN_CONDITION = re.compile(rf"{MARK}[0-9a-f]{{8}}|post_arg|graphql_")


@dataclass(frozen=True)
class Outcome:
    """What becomes of a request.

    `match` is None when no route answers (404); plugins of global rules run even so.
    `next_in_line` would answer if the route were gone. `proxied` is None when the
    gateway asks no upstream.
    """

    match: Match | None
    next_in_line: tuple[Match, ...] = ()
    plugins: tuple[PluginUse, ...] = ()
    proxied: Proxied | None = None
    notes: tuple[str, ...] = ()


class Simulator:
    """One configuration to send requests through.

    A request costs a look at every route's paths; only those that fit are indexed.
    """

    def __init__(
        self, held: Held, schemas: Schemas, *, mode: Mode = Mode.HOST_URI
    ) -> None:
        self._held = held
        self._schemas = schemas
        self._mode = mode
        self._routes = held.documents("route")
        self._services = held.documents("service")

    def run(self, request: Request) -> Outcome:
        """Return what becomes of this request."""
        # As etcd lists them, which decides between routes that are alike.
        routes = [
            {**route, "id": route_id}
            for route_id, route in sorted(self._routes.items())
            if _may_fit(route, request.path)
        ]
        ways = self._router(routes).matches(request)
        matches = tuple(islice(ways, 1 + NEXT_IN_LINE))
        if not matches:
            notes = (
                "No route takes this request: the gateway answers 404.",
                *self._undecided(request, routes),
            )
            plugins = self._plugins(Effective(), _lookup(request, None))
            return Outcome(None, plugins=plugins, notes=notes)
        match = matches[0]
        about_match = (*_assumed(match), *self._undecided(request, routes, match))
        found = effective(match.route, self._held.find)
        if refusal := _refusal(found):
            return Outcome(match, matches[1:], notes=(*about_match, refusal))
        lookup = _lookup(request, match)
        why_not = "a script runs instead" if self._has_script(match.route) else ""
        plugins = self._plugins(found, lookup, why_not)
        running = [
            (use.name, use.settings)
            for use in plugins
            if use.runs and not use.is_after_upstream
        ]
        sent = proxied(request, running, found, self._held.find, lookup)
        notes = (*about_match, *self._callers(plugins), *sent.notes)
        return Outcome(match, matches[1:], plugins, sent, notes)

    def _plugins(
        self, found: Effective, lookup: Lookup, why_not: str = ""
    ) -> tuple[PluginUse, ...]:
        rules = self._held.documents("global_rule")
        return plugin_uses(found.plugins, rules, self._schemas, lookup, why_not=why_not)

    def _has_script(self, route: Document) -> bool:
        service = self._services.get(str(route.get("service_id")), {})
        return bool(route.get("script") or service.get("script"))

    def _callers(self, plugins: tuple[PluginUse, ...]) -> Iterator[str]:
        """Say that who calls brings plugins too."""
        proving = [
            use.name
            for use in plugins
            if use.runs
            and self._schemas.plugins.get(use.name, {}).get("type") == "auth"
        ]
        if proving:
            yield (
                f"Who calls is known only once {' or '.join(proving)} has run: plugins of "
                "that consumer and its group come on top."
            )

    def _router(self, routes: Iterable[Document]) -> Router:
        return Router(routes, mode=self._mode, services=self._services)

    def _undecided(
        self, request: Request, routes: Iterable[Document], match: Match | None = None
    ) -> Iterator[str]:
        """Name the routes whose condition nobody can judge here, where it matters."""
        unknowable = {
            route["id"]: {name: route[name] for name in route if name != "vars"}
            for route in routes
            if UNKNOWN_CONDITION.search(str(route.get("vars") or ""))
        }
        answering = {match.route_id: match.route} if match is not None else {}
        rivals = sorted((answering | unknowable).items())
        for rival in self._router(route for _, route in rivals).matches(request):
            if rival.route_id in unknowable:
                yield (
                    f"Route {rival.route_id} has a condition on a secret or on the body, "
                    "which is not looked at here: it may decide otherwise."
                )
            if rival.route_id in answering:
                return


def _may_fit(route: Document, path: str) -> bool:
    """Say whether one of its paths may take this one, in any mode of the router."""
    # What stands before a `*` or a parameter is compared as it is.
    return any(
        path.startswith(uri.partition("*")[0].partition(":")[0])
        for uri in uris_of(route)
    )


def _assumed(match: Match) -> Iterator[str]:
    if match.filter_assumed:
        yield (
            f"Route {match.route_id} has a filter_func, which is code: it is taken to "
            "accept the request."
        )


def _refusal(found: Effective) -> str:
    """Say what the gateway answers at once because a reference leads nowhere."""
    for kind, status in (("plugin_config", 503), ("service", 404)):
        for one in found.missing:
            if one.startswith(f"{kind} "):
                return f"{one} is not there: the gateway answers {status} and runs nothing."
    return ""


def _lookup(request: Request, match: Match | None) -> Lookup:
    """Return what variables hold before any plugin has run."""
    known: dict[str, Any] = {}
    if match is not None:
        known = {f"uri_param_{name}": value for name, value in match.params.items()}
        known |= {
            "route_id": match.route_id,
            "route_name": match.route.get("name"),
            "service_id": match.route.get("service_id"),
        }
    return lambda name: known[name] if name in known else request.variable(name)
