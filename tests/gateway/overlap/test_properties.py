"""What is said of overlapping routes, held against the matcher on random routes."""

from itertools import chain
from typing import Any

import pytest
from hypothesis import given, target
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway.overlap.compare import Kind, Overlaps, Verdict
from gateway.router.match import Mode, Request, Router

Route = dict[str, Any]
Change = tuple[Route | None, Route | None]

ALL_MODES = pytest.mark.parametrize("mode", list(Mode))
OF_A_PAIR = {Kind.OVERLAPS, Kind.AMBIGUOUS, Kind.TAKES_OVER, Kind.REPLACES}

SEGMENTS = st.sampled_from(["a", "b", "ab", "v1.0"])
FIXED = st.lists(SEGMENTS, max_size=3).map(lambda parts: "/" + "/".join(parts))
BELOW = FIXED.map(lambda path: path.rstrip("/"))
URIS = st.one_of(
    FIXED,
    FIXED.map(lambda path: path + "*"),
    BELOW.map(lambda path: path + "/*"),
    BELOW.map(lambda path: path + "/:id"),
    BELOW.map(lambda path: path + "/:name/*"),
    st.tuples(BELOW, FIXED).map(lambda two: two[0] + "/:id" + two[1]),
    st.tuples(BELOW, FIXED).map(lambda two: two[0] + "/*" + two[1]),
)
HOSTS = st.sampled_from(
    ["a.org", "x.a.org", "X.A.org", "*.a.org", "*.x.a.org", "*.org", "*", "a.org:81"]
)
METHODS = st.sampled_from(["GET", "POST", "PUT"])
NETWORKS = st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "fe80::/16"])
COMPARISONS = st.one_of(
    st.tuples(
        st.sampled_from(["arg_v", "http_x_canary", "cookie_u"]),
        st.sampled_from(["==", "~="]),
        st.sampled_from(["1", "7", "on"]),
    ).map(list),
    st.sampled_from(
        [
            ["arg_v", ">", 1],
            ["arg_v", "<", 7],
            ["arg_v", "==", 7],
            ["arg_v", "!", "==", "1"],
            ["arg_v", "in", ["1", "7"]],
            ["arg_v", "in", ["1"]],
            ["arg_v", "~~", "^[0-9]+$"],
            ["arg_v", "==", None],
            ["http_x_canary", "!", "~~", "^o"],
            ["uri", "~~", "^/a/[^/]+$"],
            ["request_method", "==", "GET"],
            ["remote_addr", "ipmatch", ["10.1.0.0/16"]],
            ["host", "in", ["a.org", "x.a.org"]],
            ["OR", ["arg_v", "==", "1"], ["http_x_canary", "==", "on"]],
            ["!AND", ["arg_v", "==", "1"], ["cookie_u", "==", "on"]],
            ["consumer_name", "==", "jack"],
            ["args", "==", "v=1"],
        ]
    ),
)


@st.composite
def some_route(draw: Any) -> Route:
    route: Route = {"uris": draw(st.lists(URIS, min_size=1, max_size=2, unique=True))}
    if hosts := draw(st.lists(HOSTS, max_size=2, unique=True)):
        route["hosts"] = hosts
    rarely = st.integers(0, 3).map(lambda number: number == 0)
    if draw(st.booleans()):
        route["methods"] = draw(st.lists(METHODS, min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        route["priority"] = draw(st.integers(-1, 1))
    if draw(rarely):
        route["remote_addrs"] = draw(st.lists(NETWORKS, min_size=1, max_size=2))
    if draw(rarely):
        route["vars"] = draw(st.lists(COMPARISONS, min_size=1, max_size=2))
    if draw(rarely) and draw(rarely):
        route["status"] = 0
    return route


@st.composite
def a_twin(draw: Any, of: Route) -> Route:
    """Much the same route, so that one may hide the other."""
    other = draw(some_route())
    kept = draw(st.sampled_from(["uris", "hosts", "methods", "vars", "priority"]))
    changed = {name: value for name, value in other.items() if name == kept}
    return {**of, **changed, "priority": draw(st.integers(-2, 2))}


@st.composite
def a_case(draw: Any) -> tuple[dict[str, Route], dict[str, Change]]:
    """Live routes, and what a change does of some of them and of new ones."""
    routes = draw(st.lists(some_route(), min_size=1, max_size=5))
    live = {f"r{number}": route for number, route in enumerate(routes)}
    changed: dict[str, Change] = {}
    for number in range(draw(st.integers(1, 2))):
        twin = draw(a_twin(draw(st.sampled_from(routes))))
        after = draw(st.sampled_from([draw(some_route()), twin]))
        if draw(st.booleans()):
            changed[f"n{number}"] = (None, after)
        else:
            key = draw(st.sampled_from(list(live)))
            changed[key] = (live[key], draw(st.sampled_from([None, after])))
    return live, changed


@st.composite
def some_request(draw: Any) -> Request:
    path = draw(FIXED) + draw(st.sampled_from(["", "/", "x", "/:id", "/a/b"]))
    hosts = ["a.org", "x.a.org", "y.x.a.org", "b.org", "c.net", "a.org:81"]
    headers = [("Host", draw(st.sampled_from(hosts)))]
    if draw(st.booleans()):
        headers.append(("X-Canary", draw(st.sampled_from(["on", "off"]))))
    if draw(st.booleans()):
        headers.append(("Cookie", "u=on"))
    query = draw(st.sampled_from(["", "?v=1", "?v=7", "?v=3", "?v"]))
    return Request.build(
        draw(METHODS),
        path + query,
        headers=headers,
        remote_addr=draw(st.sampled_from(["127.0.0.1", "10.1.2.3", "10.9.9.9"])),
    )


REQUESTS = st.lists(some_request(), min_size=5, max_size=30)


class Worlds:
    """The routes before and after; asked in every order that puts one of them first."""

    def __init__(
        self, live: dict[str, Route], changed: dict[str, Change], mode: Mode
    ) -> None:
        after = {key: route for key, (_, route) in changed.items()}
        self.mode = mode
        self.before = {key: {**route, "id": key} for key, route in live.items()}
        self.after = {
            key: {**route, "id": key}
            for key, route in {**live, **after}.items()
            if route is not None
        }

    def now(self, request: Request) -> set[str | None]:
        """Who may answer now, depending on the order; {None} is nobody."""
        return self._answering(self.before, request)

    def then(self, request: Request) -> set[str | None]:
        return self._answering(self.after, request)

    def accepting(self, request: Request, *route_ids: str) -> list[str]:
        """Which of these accept it once the change is applied, in order."""
        router = Router([self.after[one] for one in route_ids], mode=self.mode)
        return [match.route_id for match in router.matches(request)]

    def _answering(self, routes: dict[str, Route], request: Request) -> set[str | None]:
        accepting = list(Router(routes.values(), mode=self.mode).matches(request))
        winners = {
            self._first([routes[one.route_id], *routes.values()], request)
            for one in accepting
        }
        return winners or {None}

    def _first(self, routes: list[Route], request: Request) -> str:
        match = Router(routes, mode=self.mode).match(request)
        assert match is not None
        return match.route_id


def knows_all(routes: dict[str, Route]) -> bool:
    """Whether a request alone decides all that these routes ask, settable by us."""
    asked = str([route.get("vars") for route in routes.values()])
    return "consumer_name" not in asked and "'args'" not in asked


def check_example(verdict: Verdict, worlds: Worlds) -> None:
    """Ask the matcher, over all routes and in several orders, whether it is so."""
    request, route = verdict.example.request, verdict.route
    now, then = worlds.now(request), worlds.then(request)
    if verdict.kind is Kind.OVERLAPS:
        assert worlds.accepting(request, route, *verdict.others)[0] == verdict.winner
        assert len(worlds.accepting(request, route, *verdict.others)) == 2
    elif verdict.kind is Kind.AMBIGUOUS:
        (other,) = verdict.others
        assert then >= {route, other}
        orders = (
            worlds.accepting(request, route, other),
            worlds.accepting(request, other, route),
        )
        assert orders == ([route, other], [other, route])
    elif verdict.kind in {Kind.TAKES_OVER, Kind.REPLACES}:
        assert (now, then) == (set(verdict.others), {route})
    elif verdict.kind is Kind.GIVES_UP:
        assert route in now
        assert then <= set(verdict.others or [None])
    else:
        assert worlds.accepting(request, route) == [route]
        assert not then & {route, None}


@ALL_MODES
@limits(max_examples=100, deadline=None)
@given(case=a_case(), requests=REQUESTS)
def test_what_is_said_is_so(
    mode: Mode,
    case: tuple[dict[str, Route], dict[str, Change]],
    requests: list[Request],
) -> None:
    live, changed = case
    worlds = Worlds(live, changed, mode)
    report = Overlaps(live, mode=mode).of(changed)

    for verdict in report.verdicts:
        check_example(verdict, worlds)
        silent = {
            Kind.UNREACHABLE: {verdict.route},
            Kind.REPLACES: set(verdict.others),
        }.get(verdict.kind, set())
        examples = (one.example.request for one in report.verdicts)
        for request in chain(requests, examples):
            assert not worlds.then(request) & silent
    target(float(len({one.kind for one in report.verdicts})))


@ALL_MODES
@limits(max_examples=100, deadline=None)
@given(case=a_case(), requests=REQUESTS)
def test_what_is_so_is_said(
    mode: Mode,
    case: tuple[dict[str, Route], dict[str, Change]],
    requests: list[Request],
) -> None:
    live, changed = case
    worlds = Worlds(live, changed, mode)
    if not (knows_all(worlds.before) and knows_all(worlds.after)):
        return
    said = Overlaps(live, mode=mode).of(changed).verdicts
    pairs = {
        (one.route, other)
        for one in said
        if one.kind in OF_A_PAIR
        for other in one.others
    }
    giving_up = {one.route for one in said if one.kind is Kind.GIVES_UP}

    for request in requests:
        now, then = worlds.now(request), worlds.then(request)
        for route, (before, after) in changed.items():
            if after is not None and after != before:
                accepting = worlds.accepting(request, *worlds.after)
                if route in accepting:
                    others = set(accepting) - {route}
                    assert {(route, other) for other in others} <= pairs
            if now == {route} and route not in then:
                assert route in giving_up


ODD_TEXTS = st.sampled_from(
    [
        *("", "*", "/", "/*", "/a/:x/*", "*.a", "a:80", "[::1]", "[", "(", "\x00"),
        *("é", "\ud800", "1e999", "0x1", "9" * 400, "10.0.0.0/8", "fe80::/300", "::1"),
        *("AND", "OR", "!", "==", "~~", "in", "arg_a", "uri", "redacted:01234567"),
    ]
)
ODD_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | ODD_TEXTS
ODD_VALUES = st.recursive(
    ODD_LEAVES, lambda inner: st.lists(inner, max_size=4), max_leaves=8
)
ODD_CONDITIONS = st.tuples(
    st.sampled_from(
        [
            *(
                "arg_a",
                "post_arg_a",
                "http_x",
                "cookie_u",
                "uri",
                "request_uri",
                "host",
            ),
            *("http_host", "method", "scheme", "server_port", "remote_addr"),
        ]
    ),
    st.sampled_from(["==", "~=", ">", "<=", "~~", "~*", "in", "has", "ipmatch"]),
    ODD_VALUES,
).map(list)
ODD_FIELDS = {
    "hosts": st.lists(ODD_TEXTS, max_size=2),
    "vars": st.lists(ODD_CONDITIONS, max_size=3),
    "remote_addrs": st.lists(ODD_TEXTS, max_size=2),
    "priority": st.integers(),
    "filter_func": ODD_LEAVES,
    "service_id": ODD_LEAVES,
}
ODD_NAMES = ["uri", "uris", "host", "methods", "remote_addr", "status", *ODD_FIELDS]
ODD_ROUTES = st.one_of(
    st.fixed_dictionaries({"uri": URIS | ODD_TEXTS}, optional=ODD_FIELDS),
    st.dictionaries(st.sampled_from(ODD_NAMES), ODD_VALUES, max_size=6),
)


@ALL_MODES
@given(
    live=st.dictionaries(st.sampled_from("abc"), ODD_ROUTES),
    changed=st.dictionaries(
        st.sampled_from("abcd"),
        st.tuples(st.none() | ODD_ROUTES, st.none() | ODD_ROUTES),
    ),
    service=ODD_ROUTES,
)
def test_no_document_is_too_odd(
    mode: Mode, live: dict[str, Route], changed: dict[str, Change], service: Route
) -> None:
    overlaps = Overlaps(live, services={"": service, "*": service}, mode=mode)
    for verdict in overlaps.of(changed, services={"*": {}}).verdicts:
        assert str(verdict.example).encode()
