"""Odd requests and odd documents get an answer; nothing breaks the data plane."""

import socket
from typing import Any

import pytest

from tests.gateway.sandbox.proxy.plane import Plane
from tests.waiting import LONG


def raw(plane: Plane, request: bytes) -> bytes:
    """Send bytes; return the answer's first line."""
    with socket.create_connection(("127.0.0.1", plane.port), LONG) as client:
        client.settimeout(LONG)
        client.sendall(request)
        received = b""
        while b"\r\n" not in received:
            part = client.recv(4096)
            if not part:
                break
            received += part
    return received.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET http://foo.org/a?b=c HTTP/1.1\r\nHost: foo.org\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%ff%fe%00?%ff=%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a?x=\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: \xe9\r\nX-A: \xe9\xe8\r\n\r\n",
        b'GET /a HTTP/1.1\r\nHost: a\r\nCookie: a="; =;;b\r\n\r\n',
        b"PROPFIND /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        b"GET //// HTTP/1.1\r\nHost: a:b:c\r\n\r\n",
        b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok",
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
)  # fmt: skip
def test_odd_requests_are_answered_without_an_error_of_ours(
    plane: Plane, request_bytes: bytes
) -> None:
    plugins = {
        "proxy-rewrite": {"headers": {"set": {"X-Uri": "$uri", "X-A": "$http_x_a"}}},
        "response-rewrite": {"headers": {"set": {"X-Uri": "$uri$args$host"}}},
        "limit-count": {"count": 100, "time_window": 60, "key": "uri"},
        "proxy-cache": {"cache_strategy": "memory"},
        "cors": {"allow_origins": "**"},
    }
    plane.route(plugins=plugins)
    status = raw(plane, request_bytes).split()
    assert status[:1] in ([b"HTTP/1.1"], [b"HTTP/1.0"])
    # 400: the HTTP library knows no target beyond ASCII, and says so.
    assert status[1] in (b"100", b"200", b"400", b"404", b"405")


def test_absolute_address_is_routed_by_its_path(plane: Plane) -> None:
    plane.route(uri="/a")
    line = raw(plane, b"GET http://foo.org/a HTTP/1.1\r\nHost: foo.org\r\n\r\n")
    assert b"200" in line
    assert plane.echo.seen[0]["target"] == "/a"


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"plugins": []}, 200),
        ({"plugins": {"key-auth": []}}, 401),
        ({"plugins": {"cors": {"_meta": []}}}, 200),
        ({"plugins": {"limit-count": {"count": 2.0, "time_window": 60.0}}}, 200),
        ({"plugins": {"response-rewrite": {"status_code": 202.0}}}, 202),
        ({"plugins": {"cors": {"_meta": {"filter": [["broken"]]}}}}, 200),
        ({"upstream": {"nodes": {"a b": 1}}}, 502),
        ({"upstream": {"nodes": {"": 1}}}, 502),
        ({"upstream": {"nodes": [{"host": "nobody.invalid", "weight": 1}]}}, 502),
        ({"upstream": {"nodes": []}}, 503),
        ({"upstream": {"service_name": "x", "discovery_type": "dns"}}, 503),
        ({"vars": [["broken"]]}, 404),
        ({"labels": [], "desc": None}, 200),
    ],
)
def test_odd_documents_do_not_break_a_request(
    plane: Plane, document: dict[str, Any], status: int
) -> None:
    plane.route(**document)
    assert plane.get().status_code == status


def test_one_broken_route_does_not_stop_the_others(plane: Plane) -> None:
    plane.route("broken", "/broken", vars=[["broken"]])
    plane.route("good", "/good")
    assert plane.get("/broken").status_code == 404
    assert plane.get("/good").status_code == 200


def test_control_characters_in_a_header_are_made_visible(plane: Plane) -> None:
    headers = {"set": {"X-A": "a\x00b\tc", "X-B": " é "}}
    plane.plugin("response-rewrite", {"headers": headers})
    answer = plane.get()
    assert answer.headers["x-a"] == "a%00b\tc"
    assert answer.headers["x-b"].encode(answer.headers.encoding) == "é".encode()


def test_what_is_only_half_supported_is_named(plane: Plane) -> None:
    upstream = {"nodes": plane.nodes, "checks": {"active": {"http_path": "/"}}}
    plane.route(upstream=upstream, enable_websocket=True)
    answer = plane.get(headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    named = answer.headers["x-sandbox-ignored-plugins"]
    assert named == "upstream.checks, enable_websocket"


def test_small_body_may_be_sent_again_after_silence(plane: Plane) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        plane.route(
            upstream={
                "nodes": {f"127.0.0.1:{silent.getsockname()[1]}": 9, **plane.nodes},
                "timeout": {"connect": 5, "send": 5, "read": 0.1},
            }
        )
        answer = plane.send("PUT", "/x", content=b"harmless to repeat")
        assert answer.json()["body"] == "harmless to repeat"
