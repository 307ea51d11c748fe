"""The matcher decides as APISIX does: recorded decisions, the rules, a naive reference."""

import re
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway.router.match import Match, Mode, Request, Router
from tests.contract import contract

ALL_MODES = pytest.mark.parametrize("mode", list(Mode))


def winner(
    routes: list[dict[str, Any]],
    mode: Mode = Mode.HOST_URI,
    services: dict[str, Any] | None = None,
    **request: Any,
) -> str | None:
    match = Router(routes, mode=mode, services=services).match(Request(**request))
    return match and match.route_id


@pytest.mark.contract
def test_every_recorded_decision_is_reproduced(capsys: Any) -> None:
    decisions: Counter[str] = Counter()
    disagreements: list[str] = []
    for recorded in contract("routing"):
        router = Router(recorded["routes"], mode=recorded["router"])
        assert router.skipped == {}
        for case in recorded["cases"]:
            match = router.match(Request(**case["request"]))
            ours = match and match.route_id
            decisions[recorded["router"]] += 1
            if ours not in case.get("ambiguous", [case.get("route")]):
                disagreements.append(f"{recorded['router']}: {case} but we say {ours}")
    with capsys.disabled():
        agreed = sum(decisions.values()) - len(disagreements)
        lines = [
            f"routing: {agreed} of {sum(decisions.values())} agree",
            *disagreements,
        ]
        sys.stdout.write("\n" + "\n  ".join(lines) + "\n")
    assert sum(decisions.values()) > 0
    assert disagreements == []


class TestPlaces:
    def test_exact_host_comes_before_wildcard_before_none(self) -> None:
        routes = [
            {"id": "none", "uri": "/*", "priority": 9},
            {"id": "wide", "uri": "/*", "host": "*.org", "priority": 5},
            {"id": "narrow", "uri": "/*", "host": "*.foo.org"},
            {"id": "exact", "uri": "/only", "host": "a.foo.org"},
        ]
        assert winner(routes, host="a.foo.org", path="/only") == "exact"
        assert winner(routes, host="a.foo.org", path="/other") == "narrow"
        assert winner(routes, host="b.org", path="/only") == "wide"
        assert winner(routes, host="foo.net", path="/only") == "none"

    def test_a_wildcard_needs_something_before_the_dot(self) -> None:
        routes = [{"id": "wild", "uri": "/*", "host": "*.foo.org"}]
        assert winner(routes, host="foo.org") is None
        assert winner(routes, host="a.b.foo.org") == "wild"

    @pytest.mark.parametrize("mode", [Mode.URI, Mode.URI_WITH_PARAMETER])
    def test_host_is_only_a_condition_in_the_other_modes(self, mode: Mode) -> None:
        routes = [
            {"id": "host", "uri": "/*", "host": "foo.org"},
            {"id": "uri", "uri": "/a"},
        ]
        assert winner(routes, mode, host="foo.org", path="/a") == "uri"
        assert winner(routes, mode, host="foo.org", path="/b") == "host"

    @ALL_MODES
    def test_exact_uri_comes_before_the_longest_prefix(self, mode: Mode) -> None:
        routes = [
            {"id": "short", "uri": "/a*", "priority": 9},
            {"id": "long", "uri": "/a/b*"},
            {"id": "exact", "uri": "/a/b", "priority": -1},
        ]
        assert winner(routes, mode, path="/a/b") == "exact"
        assert winner(routes, mode, path="/a/bc") == "long"
        assert winner(routes, mode, path="/a/c") == "short"

    @ALL_MODES
    def test_priority_decides_among_routes_of_one_uri(self, mode: Mode) -> None:
        routes = [
            {"id": "low", "uri": "/a"},
            {"id": "high", "uri": "/a", "priority": 1},
        ]
        assert winner(routes, mode, path="/a") == "high"

    @ALL_MODES
    def test_equal_routes_keep_the_order_in_which_they_came(self, mode: Mode) -> None:
        routes = [{"id": "first", "uri": "/a*"}, {"id": "second", "uri": "/a*"}]
        assert winner(routes, mode, path="/ab") == "first"
        assert winner(routes[::-1], mode, path="/ab") == "second"

    @ALL_MODES
    def test_a_refusing_route_gives_way_to_the_next_place(self, mode: Mode) -> None:
        routes = [
            {"id": "exact", "uri": "/a", "methods": ["POST"], "host": "foo.org"},
            {"id": "prefix", "uri": "/*"},
        ]
        assert winner(routes, mode, host="foo.org", path="/a") == "prefix"
        assert winner(routes, mode, host="foo.org", path="/a", method="POST") == "exact"

    @ALL_MODES
    def test_a_disabled_route_is_not_there(self, mode: Mode) -> None:
        routes = [{"id": "off", "uri": "/a", "status": 0}, {"id": "on", "uri": "/*"}]
        assert winner(routes, mode, path="/a") == "on"

    @ALL_MODES
    def test_hosts_of_the_service_stand_in_for_missing_ones(self, mode: Mode) -> None:
        routes = [{"id": "r", "uri": "/a", "service_id": 1}]
        services = {"1": {"id": "1", "hosts": ["foo.org"]}}
        assert winner(routes, mode, services, host="foo.org", path="/a") == "r"
        assert winner(routes, mode, services, host="bar.org", path="/a") is None
        assert winner(routes, mode, {}, host="bar.org", path="/a") == "r"

    @ALL_MODES
    def test_hosts_are_compared_without_regard_to_case(self, mode: Mode) -> None:
        routes = [{"id": "r", "uri": "/a", "host": "Foo.org"}]
        assert winner(routes, mode, host="fOO.org", path="/a") == "r"

    def test_many_tenants_on_one_uri_keep_their_order(self) -> None:
        routes = [
            {"id": "b", "uri": "/*", "host": "b.org"},
            {"id": "wild", "uri": "/*", "host": "*.org"},
            {"id": "a", "uri": "/*", "hosts": ["a.org", "c.org"]},
            {"id": "any", "uri": "/*", "priority": -1},
        ]
        assert winner(routes, Mode.URI, host="b.org") == "b"
        assert winner(routes, Mode.URI, host="a.org") == "wild"
        assert winner(routes, Mode.URI, host="a.net") == "any"

    def test_all_answering_routes_come_in_order_and_once(self) -> None:
        router = Router(
            [
                {"id": "back", "uri": "/*"},
                {"id": "front", "uris": ["/a", "/a*"], "hosts": ["foo.org", "*.org"]},
            ]
        )
        matches = list(router.matches(Request(host="foo.org", path="/a")))
        assert [match.route_id for match in matches] == ["front", "back"]


class TestParameters:
    def test_a_parameter_takes_one_segment(self) -> None:
        routes = [{"id": "r", "uri": "/v1/:id/x"}]
        mode = Mode.URI_WITH_PARAMETER
        assert winner(routes, mode, path="/v1/7/x") == "r"
        assert winner(routes, mode, path="/v1/7/8/x") is None
        assert winner(routes, mode, path="/v1//x") is None

    @pytest.mark.parametrize("mode", [Mode.URI, Mode.HOST_URI])
    def test_a_parameter_is_literal_in_the_other_modes(self, mode: Mode) -> None:
        routes = [{"id": "r", "uri": "/v1/:id"}]
        assert winner(routes, mode, path="/v1/7") is None
        assert winner(routes, mode, path="/v1/:id") == "r"

    def test_what_parameters_stood_for_is_told(self) -> None:
        router = Router(
            [{"id": "r", "uri": "/:kind/:id/*"}], mode=Mode.URI_WITH_PARAMETER
        )
        match = router.match(Request(path="/speaker/7/a/b"))
        assert match is not None
        assert match.params == {"kind": "speaker", "id": "7", ":ext": "a/b"}
        assert match.matched_uri == "/:kind/:id/*"

    def test_the_longer_uri_wins_at_one_place(self) -> None:
        routes = [{"id": "short", "uri": "/:a/*"}, {"id": "long", "uri": "/:a/b/:c"}]
        mode = Mode.URI_WITH_PARAMETER
        assert winner(routes, mode, path="/x/b/1") == "long"
        assert winner(routes, mode, path="/x/c/1") == "short"

    def test_the_host_that_matched_is_told(self) -> None:
        for mode in Mode:
            router = Router([{"id": "r", "uri": "/*", "host": "*.foo.org"}], mode=mode)
            match = router.match(Request(host="a.foo.org"))
            assert match is not None
            assert match.matched_host == "*.foo.org"


class TestConditions:
    @pytest.mark.parametrize(
        ("rule", "request_fields", "expected"),
        [
            ([["arg_v", "==", "2"]], {"query": {"v": "2"}}, True),
            ([["arg_v", "==", 2]], {"query": {"v": "2.0"}}, True),
            ([["arg_v", "==", "2"]], {"query": {"v": "2.0"}}, False),
            ([["arg_v", "==", None]], {}, True),
            ([["arg_v", "~=", None]], {"query": {"v": "x"}}, True),
            ([["arg_v", "==", "true"]], {"query": {"v": True}}, False),
            ([["arg_v", "~=", 2]], {"query": {"v": "x"}}, True),
            ([["arg_v", "2"]], {"query": {"v": "2"}}, True),
            ([["arg_v", ["2"]]], {"query": {"v": "2"}}, False),
            ([["arg_v", "!", "==", "2"]], {}, True),
            ([["arg_v", "!", "==", "2"]], {"query": {"v": "2"}}, False),
            ([["arg_v", ">", 5]], {"query": {"v": "0x10"}}, True),
            ([["arg_v", ">", "5"]], {"query": {"v": " 7 "}}, True),
            ([["arg_v", ">", 5]], {"query": {"v": "many"}}, False),
            ([["arg_v", ">=", 5], ["arg_v", "<=", 5]], {"query": {"v": "5"}}, True),
            ([["arg_v", "<", 5]], {}, False),
            ([["arg_v", "in", ["1", "2"]]], {"query": {"v": "1"}}, True),
            ([["arg_v", "in", [1, 2]]], {"query": {"v": "1"}}, False),
            ([["arg_v", "IN", ["1"]]], {"query": {"v": "1"}}, True),
            ([["arg_v", "has", "1"]], {"query": {"v": "1"}}, False),
            ([["uri", "~~", "^/[a-z]+$"]], {"path": "/abc"}, True),
            ([["uri", "~~", "^/[a-z]+$"]], {"path": "/ABC"}, False),
            ([["uri", "~*", "^/[a-z]+$"]], {"path": "/ABC"}, True),
            ([["uri", "~~", "(("]], {"path": "/(("}, False),
            ([["http_x_canary", "==", "on"]], {"headers": {"X-Canary": "on"}}, True),
            ([["http_X-Canary", "==", "on"]], {"headers": {"x-canary": "on"}}, True),
            ([["cookie_u", "==", "beta"]], {"cookies": {"u": "beta"}}, True),
            ([["host", "==", "foo.org"]], {"host": "foo.org"}, True),
            ([["request_method", "in", ["GET"]]], {}, True),
            ([["scheme", "==", "https"]], {"scheme": "https"}, True),
            ([["server_port", "==", 8443]], {"port": 8443}, True),
            ([["request_uri", "==", "/a?v=1"]], {"path": "/a", "query": {"v": "1"}}, True),
            ([["post_arg_v", "==", "1"]], {"form": {"v": "1"}}, True),
            ([["never_heard", "==", "1"]], {}, False),
            ([["remote_addr", "ipmatch", "10.0.0.0/8"]], {"remote_addr": "10.9.8.7"}, True),
            ([["remote_addr", "ipmatch", ["::1", "10.0.0.1"]]], {}, False),
            ([["arg_ip", "ipmatch", ["fe80::/16"]]], {"query": {"ip": "fe80::9"}}, True),
            ([["arg_ip", "ipmatch", ["fe80::/16"]]], {"query": {"ip": "junk"}}, False),
            (["OR", ["arg_v", "==", "1"], ["arg_n", "==", "1"]], {"query": {"n": "1"}}, True),
            (["!OR", ["arg_v", "==", "1"], ["arg_n", "==", "1"]], {}, True),
            (["!AND", ["host", "==", ""], ["arg_n", "==", "1"]], {}, True),
            (["AND", ["host", "==", ""], ["OR", ["arg_n", "==", "1"], ["uri", "/"]]], {}, True),
            ([["OR", ["arg_v", "==", "1"], ["uri", "/"]], ["arg_n", "==", "1"]], {}, False),
            ([], {}, True),
        ],
    )  # fmt: skip
    def test_condition_is_evaluated_as_apisix_does(
        self, rule: Any, request_fields: dict[str, Any], expected: bool
    ) -> None:
        routes = [{"id": "r", "uri": "/*", "vars": rule}]
        assert (winner(routes, **request_fields) == "r") is expected

    @pytest.mark.parametrize(
        "rule",
        [
            ["arg_v", "==", "2"],
            [["arg_v", "===", "2"]],
            [["arg_v", "not", "==", "2"]],
            [["arg_v"]],
            [[]],
            ["OR", ["arg_v", "==", "2"]],
            [[1, "==", "2"]],
            [["remote_addr", "ipmatch", "not-an-address"]],
            [["remote_addr", "ipmatch", []]],
        ],
    )
    def test_route_with_a_broken_condition_is_left_out_and_named(
        self, rule: Any
    ) -> None:
        router = Router(
            [{"id": "broken", "uri": "/a", "vars": rule}, {"id": "good", "uri": "/a"}]
        )
        match = router.match(Request(path="/a"))
        assert match is not None
        assert match.route_id == "good"
        assert list(router.skipped) == ["broken"]

    def test_runaway_pattern_finds_nothing_and_ends(self) -> None:
        rule = [["arg_v", "~~", "^(a|aa|a?)+$"]]
        routes = [{"id": "r", "uri": "/*", "vars": rule}]
        before = time.monotonic()
        assert winner(routes, query={"v": "a" * 200 + "!"}) is None
        assert time.monotonic() - before < 30

    @pytest.mark.parametrize(
        ("addresses", "remote_addr", "expected"),
        [
            (["127.0.0.1"], "127.0.0.1", True),
            (["10.1.2.3/8"], "10.200.0.1", True),
            (["10.0.0.0/8"], "11.0.0.1", False),
            (["0.0.0.0/0"], "8.8.8.8", True),
            (["0.0.0.0/0"], "::1", False),
            (["::1"], "::1", True),
            (["2001:db8::/32"], "2001:db8:9::1", True),
            (["2001:db8::/32"], "2001:db9::1", False),
            (["10.0.0.1", "::1"], "0:0:0:0:0:0:0:1", True),
        ],
    )
    def test_remote_addresses(
        self, addresses: list[str], remote_addr: str, expected: bool
    ) -> None:
        several = [{"id": "r", "uri": "/*", "remote_addrs": addresses}]
        assert (winner(several, remote_addr=remote_addr) == "r") is expected
        if len(addresses) == 1:
            one = [{"id": "r", "uri": "/*", "remote_addr": addresses[0]}]
            assert (winner(one, remote_addr=remote_addr) == "r") is expected

    def test_a_filter_function_is_assumed_to_accept_and_said(self) -> None:
        router = Router([{"id": "r", "uri": "/*", "filter_func": "function(vars) end"}])
        match = router.match(Request())
        assert match is not None
        assert match.filter_assumed

    def test_router_says_when_a_condition_needs_the_body(self) -> None:
        asking = {"id": "r", "uri": "/*", "vars": [["post_arg_name", "==", "a"]]}
        assert Router([asking]).reads_form
        assert not Router([{"id": "r", "uri": "/*"}]).reads_form


class TestRequest:
    @pytest.mark.parametrize(
        ("target", "path"),
        [
            ("/a%20b", "/a b"),
            ("/a//b///c", "/a/b/c"),
            ("/a/./b/../c", "/a/c"),
            ("/a/b/..", "/a/"),
            ("/a/b/.", "/a/b/"),
            ("/%2e%2e/a?x=/../", "/a"),
            ("/../..", "/"),
            ("/a/.hidden", "/a/.hidden"),
        ],
    )
    def test_path_is_normalised_as_nginx_does(self, target: str, path: str) -> None:
        assert Request.build("GET", target).path == path

    def test_pieces_are_taken_from_the_wire(self) -> None:
        request = Request.build(
            "GET",
            "/a?v=1&v=2&flag&text=a+b%21",
            headers=[
                ("Host", "Foo.org:9080"),
                ("Cookie", "u=beta; w=1"),
                ("X-A", "1"),
                ("x-a", "2"),
            ],
        )
        assert request.host == "foo.org"
        assert request.query == {"v": "1", "flag": True, "text": "a b!"}
        assert request.variable("cookie_w") == "1"
        assert request.variable("http_x_a") == "1, 2"
        assert request.variable("request_uri") == "/a?v=1&v=2&flag&text=a+b%21"
        assert request.variable("http_host") == "Foo.org:9080"

    def test_host_of_an_ipv6_literal_keeps_its_brackets(self) -> None:
        assert Request.build("GET", "/", headers=[("Host", "[::1]:80")]).host == "[::1]"


# --- The index against a naive reference: every route tried, the best one taken.


def naive(routes: list[dict[str, Any]], mode: Mode, request: Request) -> str | None:
    best: tuple[Any, str] | None = None
    for number, route in enumerate(routes):
        for uri in route.get("uris", [route.get("uri")]):
            for host in route.get("hosts", [route.get("host")]):
                rank = naive_rank(route, uri, host, mode, request)
                if rank is not None:
                    key = (*rank, number)
                    if best is None or key < best[0]:
                        best = (key, route["id"])
    return best and best[1]


def naive_rank(
    route: dict[str, Any], uri: str, host: str | None, mode: Mode, request: Request
) -> tuple[Any, ...] | None:
    if route.get("status") == 0 or request.method not in route.get(
        "methods", [request.method]
    ):
        return None
    if host is not None and not (
        request.host.endswith(host[1:]) if host[0] == "*" else request.host == host
    ):
        return None
    host_rank = (2, 0)
    if host is not None:
        host_rank = (1, -len(host)) if host[0] == "*" else (0, 0)
    if mode is not Mode.HOST_URI:
        host_rank = (0, 0)
    uri_rank = naive_uri_rank(uri, mode, request.path)
    if uri_rank is None:
        return None
    return (host_rank, uri_rank, -route.get("priority", 0), -len(uri))


def naive_uri_rank(uri: str, mode: Mode, path: str) -> tuple[int, int] | None:
    takes_parameters = mode is Mode.URI_WITH_PARAMETER and ":" in uri
    if not takes_parameters and "*" not in uri:
        return (0, 0) if uri == path else None
    fixed = uri[: uri.index(":" if takes_parameters else "*")]
    pattern = "/".join(
        "[^/]+"
        if part.startswith(":") and takes_parameters
        else re.escape(part).replace(r"\*", ".*")
        for part in uri.split("/")
    )
    return (1, -len(fixed)) if re.fullmatch(pattern, path) else None


SEGMENTS = st.sampled_from(["a", "b", "ab", "v1"])
FIXED = st.lists(SEGMENTS, max_size=3).map(lambda parts: "/" + "/".join(parts))
URIS = st.one_of(
    FIXED,
    FIXED.map(lambda path: path + "*"),
    FIXED.map(lambda path: path.rstrip("/") + "/*"),
    FIXED.map(lambda path: path.rstrip("/") + "/:id"),
    FIXED.map(lambda path: path.rstrip("/") + "/:id/*"),
    st.tuples(FIXED, FIXED).map(lambda two: two[0].rstrip("/") + "/:id" + two[1]),
)
HOSTS = st.sampled_from(
    ["a.org", "x.a.org", "y.x.a.org", "*.a.org", "*.x.a.org", "*.org"]
)
METHODS = st.sampled_from(["GET", "POST", "PUT"])


@st.composite
def some_routes(draw: Any) -> list[dict[str, Any]]:
    routes: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 12))):
        route: dict[str, Any] = {"id": f"r{number}"}
        uris = draw(st.lists(URIS, min_size=1, max_size=3, unique=True))
        route.update({"uri": uris[0]} if len(uris) == 1 else {"uris": uris})
        hosts = draw(st.lists(HOSTS, max_size=2, unique=True))
        if hosts:
            route["hosts"] = hosts
        if draw(st.booleans()):
            route["methods"] = draw(
                st.lists(METHODS, min_size=1, max_size=2, unique=True)
            )
        if draw(st.booleans()):
            route["priority"] = draw(st.integers(-1, 2))
        if draw(st.integers(0, 9)) == 0:
            route["status"] = 0
        routes.append(route)
    return routes


@st.composite
def some_request(draw: Any) -> Request:
    path = draw(FIXED) + draw(st.sampled_from(["", "/", "x", "/:id"]))
    hosts = ["a.org", "x.a.org", "y.x.a.org", "z.a.org", "b.org", "c.net"]
    return Request(
        method=draw(METHODS),
        path=path.replace("//", "/"),
        host=draw(st.sampled_from(hosts)),
    )


@ALL_MODES
@limits(max_examples=300, deadline=None)
@given(routes=some_routes(), requests=st.lists(some_request(), min_size=1, max_size=8))
def test_index_agrees_with_a_naive_search(
    mode: Mode, routes: list[dict[str, Any]], requests: list[Request]
) -> None:
    router = Router(routes, mode=mode)
    for request in requests:
        match = router.match(request)
        assert (match and match.route_id) == naive(routes, mode, request)


@ALL_MODES
@limits(max_examples=100, deadline=None)
@given(routes=some_routes(), request=some_request())
def test_next_match_is_what_answers_when_the_first_is_gone(
    mode: Mode, routes: list[dict[str, Any]], request: Request
) -> None:
    matches: list[Match] = list(Router(routes, mode=mode).matches(request))
    left = routes
    for match in matches:
        assert winner_of(left, mode, request) == match.route_id
        left = [route for route in left if route["id"] != match.route_id]
    assert winner_of(left, mode, request) is None


def winner_of(routes: list[dict[str, Any]], mode: Mode, request: Request) -> str | None:
    match = Router(routes, mode=mode).match(request)
    return match and match.route_id


def test_matcher_needs_no_django() -> None:
    program = (
        "import sys, gateway.router, gateway.sandbox.proxy;"
        "sys.exit(any(name.partition('.')[0] == 'django' for name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=120)  # noqa: S603
    assert ended.returncode == 0


@ALL_MODES
def test_ten_thousand_routes_are_indexed_not_scanned(mode: Mode) -> None:
    routes = [
        {
            "id": str(number),
            "uri": f"/service{number}/*",
            "host": f"h{number % 500}.example.com",
            "methods": ["GET"],
            "vars": [["arg_v", "==", "2"]],
        }
        for number in range(10_000)
    ]
    request = Request(host="h77.example.com", path="/service577/x", query={"v": "2"})
    asked: list[str] = []
    router = Router(routes, mode=mode)
    # Counting what is looked at does not depend on how busy the machine is.
    original = Request.variable

    class Watched(Request):
        def variable(self, name: str) -> Any:
            asked.append(name)
            return original(self, name)

    watched = Watched(**{name: getattr(request, name) for name in vars(request)})
    match = router.match(watched)
    assert match is not None
    assert match.route_id == "577"
    assert asked == ["arg_v"]
