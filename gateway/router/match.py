"""Which route answers a request, as APISIX's three HTTP routers decide it. Pure.

`radixtree_host_uri`, the default, first looks for the host (exact, then the longest
wildcard, then routes without a host) and for the URI below it; in the other two modes
a host is one condition among others. A URI without `*` is compared whole and comes
first; then the longest prefix before the `*` (and, in `radixtree_uri_with_parameter`,
before the first `:`) counts. Among routes at the same place `priority` decides, then
the longer URI, then the order in which routes were given. The next place is tried when
no route of a place accepts the request. Facts from
https://apisix.apache.org/docs/apisix/router-radixtree/,
https://github.com/api7/lua-resty-radixtree and recorded answers of 3.18.0.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.router.index import Document, Index, Paths, Rule, Target
from gateway.router.request import Request

__all__ = ["Match", "Mode", "Request", "Router", "hosts_of", "uris_of"]


class Mode(StrEnum):
    """APISIX's setting `apisix.router.http`."""

    URI = "radixtree_uri"
    HOST_URI = "radixtree_host_uri"
    URI_WITH_PARAMETER = "radixtree_uri_with_parameter"


@dataclass(frozen=True)
class Match:
    """The route that answers, and by which of its URIs and hosts.

    `params` holds what `:name` and `*` stood for (`:ext` is a bare `*`).
    `filter_assumed` is true when the route has a `filter_func`: that is Lua, it was not
    run but taken to accept the request.
    """

    route_id: str
    route: Document
    matched_uri: str
    matched_host: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    filter_assumed: bool = False


class Router:
    """Routes indexed for matching: built once, asked many times, never changed.

    `routes` are documents with an `id`; `services` is {id: document}, whose `hosts` a
    route without hosts takes over. Routes that APISIX would refuse to load are left
    out; `skipped` is {route id: reason}.
    """

    def __init__(
        self,
        routes: Iterable[Document],
        *,
        mode: Mode | str = Mode.HOST_URI,
        services: Mapping[str, Document] | None = None,
    ) -> None:
        self.mode = Mode(mode)
        self.skipped: dict[str, str] = {}
        # Whether a condition asks for a field of the body: then somebody must read it.
        self.reads_form = False
        self._hosts: Index[Paths] = Index()
        self._anywhere = Paths()
        for route in routes:
            if route.get("status", 1) != 0:
                self._add(route, services or {})
        for paths in [*self._hosts.values(), self._anywhere]:
            paths.sort()

    def match(self, request: Request) -> Match | None:
        """Return the route that answers this request, or None (APISIX's 404)."""
        return next(self.matches(request), None)

    def matches(self, request: Request) -> Iterator[Match]:
        """Return every route that would answer, the preferred one first.

        The second one is what would answer if the first were gone.
        """
        host = request.host.lower()
        seen: set[str] = set()
        for paths in [*self._hosts.find(host[::-1]), self._anywhere]:
            for target in paths.find(request.path, host):
                match = self._try(target, request, host, paths.host)
                if match is not None and match.route_id not in seen:
                    seen.add(match.route_id)
                    yield match

    def _add(self, route: Document, services: Mapping[str, Document]) -> None:
        route_id = str(route.get("id", ""))
        hosts = hosts_of(route, services)
        try:
            rule = Rule(route_id, route, hosts)
        except ValueError as error:
            self.skipped[route_id] = str(error)
            return
        self.reads_form = self.reads_form or "post_arg" in str(route.get("vars", ""))
        if self.mode is Mode.HOST_URI and hosts:
            # The place implies the host, so the rule need not ask for it again.
            rule.hosts = []
            places = [self._place_of(host.lower()) for host in hosts]
        else:
            places = [self._anywhere]
        with_parameters = self.mode is Mode.URI_WITH_PARAMETER
        for uri in uris_of(route):
            target = Target(rule, uri, with_parameters)
            for place in places:
                place.add(target)

    def _place_of(self, host: str) -> Paths:
        # Hosts are indexed back to front: a wildcard's fixed part becomes a prefix.
        fixed = host.removeprefix("*")
        paths = self._hosts.at(fixed[::-1], is_exact=fixed == host, make=Paths)
        paths.host = host
        return paths

    def _try(
        self, target: Target, request: Request, host: str, place: str | None
    ) -> Match | None:
        rule = target.rule
        matched_host = place
        if rule.hosts:
            matched_host = rule.host_for(host, request)
            if matched_host is None:
                return None
        if not rule.accepts(request):
            return None
        params = target.params(request.path)
        if params is None:
            return None
        return Match(
            rule.route_id,
            rule.route,
            target.uri,
            matched_host,
            params,
            filter_assumed=rule.has_filter,
        )


def uris_of(route: Document) -> list[str]:
    """Return the URIs of a route."""
    uris = route.get("uris") or [route.get("uri")]
    return [uri for uri in uris if isinstance(uri, str)]


def hosts_of(route: Document, services: Mapping[str, Document]) -> list[str]:
    """Return the hosts of a route, or those of its service; none means any host."""
    hosts = route.get("hosts") or ([route["host"]] if route.get("host") else None)
    if hosts is None and route.get("service_id") is not None:
        # A missing service does not keep the route from matching.
        hosts = services.get(str(route["service_id"]), {}).get("hosts")
    return list(hosts or [])
