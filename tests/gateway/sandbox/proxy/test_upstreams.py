"""Which upstream is asked, by which node, for how long, and under which name."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import self_signed
from tests.gateway.sandbox.proxy.plane import Plane
from tests.gateway.sandbox.proxy.serving import Echo, closed_port, serving


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def address(port: int) -> str:
    return f"127.0.0.1:{port}"


def nodes_asked(plane: Plane, times: int, **options: Any) -> list[str]:
    return [plane.get(**options).json()["node"] for _ in range(times)]


class TestWhichUpstream:
    def test_upstream_by_id(self, plane: Plane) -> None:
        plane.put("upstream", "u", {"nodes": plane.nodes})
        plane.route(upstream_id="u")
        assert plane.get().json()["node"] == "echo"

    def test_number_as_id_finds_the_upstream(self, plane: Plane) -> None:
        plane.put("upstream", "7", {"nodes": plane.nodes})
        plane.route(upstream_id=7)
        assert plane.get().status_code == 200

    def test_upstream_of_the_service(self, plane: Plane) -> None:
        plane.put("service", "s", {"upstream": {"nodes": plane.nodes}})
        plane.route(service_id="s")
        assert plane.get().json()["node"] == "echo"

    def test_upstream_id_of_the_service(self, plane: Plane) -> None:
        plane.put("upstream", "u", {"nodes": plane.nodes})
        plane.put("service", "s", {"upstream_id": "u"})
        plane.route(service_id="s")
        assert plane.get().json()["node"] == "echo"

    def test_the_routes_own_upstream_comes_before_the_services(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        elsewhere = {"nodes": {address(others[0][1]): 1}}
        plane.put("upstream", "u", elsewhere)
        plane.put("service", "s", {"upstream_id": "u"})
        plane.route(service_id="s", upstream={"nodes": plane.nodes})
        assert plane.get().json()["node"] == "echo"
        plane.put("service", "s", {"upstream": {"nodes": plane.nodes}})
        plane.route(service_id="s", upstream_id="u")
        assert plane.get().json()["node"] == "a"

    def test_missing_upstream_is_a_502_page(self, plane: Plane) -> None:
        plane.route(upstream_id="gone")
        answer = plane.get()
        assert answer.status_code == 502
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "<title>502 Bad Gateway</title>" in answer.text
        assert answer.headers["content-length"] == "229"

    def test_missing_service_is_a_404_page(self, plane: Plane) -> None:
        plane.route(service_id="gone")
        answer = plane.get()
        assert answer.status_code == 404
        assert "<title>404 Not Found</title>" in answer.text
        assert answer.headers["content-length"] == "225"

    def test_missing_plugin_config_is_a_503_page(self, plane: Plane) -> None:
        plane.route(plugin_config_id="gone")
        assert plane.get().status_code == 503

    def test_route_without_any_upstream_is_a_503_page(self, plane: Plane) -> None:
        plane.put("route", "r", {"uri": "/*", "plugins": {}})
        answer = plane.get()
        assert answer.status_code == 503
        assert "503 Service Temporarily Unavailable" in answer.text

    def test_upstream_without_nodes_is_a_503_page(self, plane: Plane) -> None:
        plane.route(upstream={"nodes": {}})
        assert plane.get().status_code == 503


class TestBalancing:
    def test_requests_are_spread_by_weight(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        (_, a), (_, b) = others
        plane.route(upstream={"nodes": {address(a): 3, address(b): 1}})
        asked = nodes_asked(plane, 8)
        assert Counter(asked) == {"a": 6, "b": 2}
        # Smooth: b is not served all its turns at once.
        assert asked == ["a", "a", "b", "a"] * 2

    def test_node_without_weight_gets_nothing(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        (_, a), (_, b) = others
        plane.route(upstream={"nodes": {address(a): 0, address(b): 1}})
        assert set(nodes_asked(plane, 4)) == {"b"}

    def test_lower_priority_is_used_only_when_the_higher_fails(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        (_, a), (_, b) = others
        best = {"host": "127.0.0.1", "port": a, "weight": 1, "priority": 1}
        spare = {"host": "127.0.0.1", "port": b, "weight": 9}
        plane.route(upstream={"nodes": [spare, best]})
        assert set(nodes_asked(plane, 4)) == {"a"}
        plane.route(upstream={"nodes": [spare, {**best, "port": closed_port()}]})
        assert set(nodes_asked(plane, 4)) == {"b"}

    @pytest.mark.parametrize(
        ("hashing", "make"),
        [
            ({"key": "arg_u"}, lambda n: {"params": {"u": str(n)}}),
            ({"key": "uri"}, lambda n: {"path": f"/p{n}"}),
            (
                {"hash_on": "header", "key": "X-User"},
                lambda n: {"headers": {"X-User": str(n)}},
            ),
            (
                {"hash_on": "cookie", "key": "user"},
                lambda n: {"headers": {"Cookie": f"user={n}"}},
            ),
            (
                {"hash_on": "vars_combinations", "key": "$arg_u-$host"},
                lambda n: {"params": {"u": str(n)}},
            ),
        ],
        ids=["vars", "uri", "header", "cookie", "combination"],
    )
    def test_hashing_keeps_a_key_at_its_node(
        self,
        plane: Plane,
        others: list[tuple[Echo, int]],
        hashing: dict[str, Any],
        make: Any,
    ) -> None:
        (_, a), (_, b) = others
        upstream = {"nodes": {address(a): 1, address(b): 1}, "type": "chash", **hashing}
        plane.route(upstream=upstream)
        nodes = [set(nodes_asked(plane, 3, **make(n))) for n in range(12)]
        assert all(len(asked) == 1 for asked in nodes)
        assert {"a", "b"} == set.union(*nodes)

    def test_hashing_without_a_value_uses_the_address(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        (_, a), (_, b) = others
        nodes = {address(a): 1, address(b): 1}
        plane.route(upstream={"nodes": nodes, "type": "chash", "key": "arg_none"})
        assert len(set(nodes_asked(plane, 6))) == 1


class TestFailures:
    def test_refused_connection_goes_to_the_next_node(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        plane.route(
            upstream={"nodes": {address(closed_port()): 9, address(others[0][1]): 1}}
        )
        assert nodes_asked(plane, 5) == ["a"] * 5

    def test_body_reaches_the_next_node_whole(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        nodes = {address(closed_port()): 9, address(others[0][1]): 1}
        plane.route(upstream={"nodes": nodes})
        answer = plane.send("POST", "/x", content=b"important")
        assert answer.json()["body"] == "important"

    def test_no_retries_means_one_node(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        nodes = {address(closed_port()): 9, address(others[0][1]): 1}
        plane.route(upstream={"nodes": nodes, "retries": 0})
        assert plane.get().status_code == 502
        assert others[0][0].seen == []

    def test_all_nodes_refusing_is_a_502_page(self, plane: Plane) -> None:
        nodes = {address(closed_port()): 1, address(closed_port()): 1}
        plane.route(upstream={"nodes": nodes})
        answer = plane.get()
        assert answer.status_code == 502
        assert "502 Bad Gateway" in answer.text

    def test_silent_node_is_a_504_page(self, plane: Plane, silent_port: int) -> None:
        plane.route(
            upstream={
                "nodes": {address(silent_port): 1},
                "timeout": {"connect": 5, "send": 5, "read": 0.1},
            }
        )
        began = time.monotonic()
        answer = plane.get()
        assert answer.status_code == 504
        assert "504 Gateway Time-out" in answer.text
        assert time.monotonic() - began < 30

    def test_timeout_of_the_route_comes_first(
        self, plane: Plane, silent_port: int
    ) -> None:
        plane.route(
            upstream={"nodes": {address(silent_port): 1}},
            timeout={"connect": 5, "send": 5, "read": 0.1},
        )
        assert plane.get().status_code == 504

    def test_silence_is_repeated_elsewhere_only_if_harmless(
        self, plane: Plane, others: list[tuple[Echo, int]], silent_port: int
    ) -> None:
        plane.route(
            upstream={
                "nodes": {address(silent_port): 9, address(others[0][1]): 1},
                "timeout": {"connect": 5, "send": 5, "read": 0.1},
            }
        )
        assert plane.get().json()["node"] == "a"
        assert plane.send("POST", "/x", content=b"once").status_code == 504
        assert [entry["method"] for entry in others[0][0].seen] == ["GET"]

    def test_error_of_the_upstream_is_passed_on(self, plane: Plane) -> None:
        plane.route()
        plane.echo.status, plane.echo.text = 500, "broken"
        answer = plane.get()
        assert (answer.status_code, answer.text) == (500, "broken")
        assert len(plane.echo.seen) == 1

    def test_unknown_scheme_is_refused_and_named(self, plane: Plane) -> None:
        plane.route(upstream={"nodes": plane.nodes, "scheme": "grpc"})
        answer = plane.get()
        assert answer.status_code == 501
        assert answer.headers["x-sandbox-ignored-plugins"] == "upstream.scheme=grpc"


class TestHostHeader:
    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, "foo.org"),
            ({"pass_host": "pass"}, "foo.org"),
            ({"pass_host": "rewrite", "upstream_host": "bar.org"}, "bar.org"),
        ],
    )
    def test_host_is_passed_or_rewritten(
        self, plane: Plane, fields: dict[str, Any], expected: str
    ) -> None:
        plane.route(upstream={"nodes": plane.nodes, **fields})
        answer = plane.get(headers={"Host": "foo.org"})
        assert answer.json()["headers"]["host"] == expected

    def test_host_of_the_node(self, plane: Plane) -> None:
        plane.route(upstream={"nodes": plane.nodes, "pass_host": "node"})
        answer = plane.get(headers={"Host": "foo.org"})
        assert answer.json()["headers"]["host"] == address(plane.echo_port)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """A self-signed certificate that nobody has a reason to trust."""
    return self_signed("upstream.example").files(tmp_path)


def test_https_upstream_is_asked_without_verifying_it(
    plane: Plane, certificate: tuple[str, str]
) -> None:
    echo = Echo("secure")
    # Its server ends first: a connection kept open would be cut off in mid-TLS.
    echo.headers = {"Connection": "close"}
    with serving(echo.app, certificate=certificate) as port:
        plane.route(upstream={"nodes": {address(port): 1}, "scheme": "https"})
        answer = plane.get()
        assert answer.json()["node"] == "secure"
        assert answer.json()["scheme"] == "https"
