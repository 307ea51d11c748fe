"""Requests find their route, and reach its upstream unchanged."""

import socket
from typing import Any

import pytest

from gateway.sandbox.store import Store
from tests.gateway.sandbox.proxy.plane import Plane
from tests.gateway.sandbox.proxy.serving import Echo, Server, planing
from tests.waiting import LONG, eventually


def test_unmatched_request_is_a_json_404(plane: Plane) -> None:
    answer = plane.get()
    assert answer.status_code == 404
    assert answer.text == '{"error_msg":"404 Route Not Found"}\n'
    assert answer.headers["server"] == "APISIX/3.18.0"


def test_every_answer_says_that_it_is_a_stand_in(plane: Plane) -> None:
    plane.route(uri="/hello")
    assert plane.get("/hello").headers["x-sandbox"] == "gatehouse"
    assert plane.get("/nothing").headers["x-sandbox"] == "gatehouse"


def test_written_route_answers_the_next_request(plane: Plane) -> None:
    assert plane.get("/hello").status_code == 404
    plane.route(uri="/hello")
    assert plane.get("/hello").json()["target"] == "/hello"
    plane.store.delete("route", "r")
    assert plane.get("/hello").status_code == 404


def test_upstream_gets_what_the_client_sent(plane: Plane) -> None:
    plane.route()
    answer = plane.send(
        "POST",
        "/a%20b//c?x=1&y=%2F",
        headers={"X-Mine": "yes", "Host": "foo.org"},
        content=b"body",
    )
    sent = answer.json()
    assert sent["target"] == "/a%20b//c?x=1&y=%2F"
    assert sent["method"] == "POST"
    assert sent["body"] == "body"
    assert sent["headers"]["x-mine"] == "yes"
    assert sent["headers"]["host"] == "foo.org"


def test_upstream_learns_who_asked_and_how(plane: Plane) -> None:
    plane.route()
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "Host": "foo.org:99",
    }
    headers = plane.get(headers=forged).json()["headers"]
    assert headers["x-real-ip"] == "127.0.0.1"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-host"] == "foo.org"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(plane.port)


def test_headers_of_one_connection_are_not_passed_on(plane: Plane) -> None:
    plane.route()
    plane.echo.headers = {"Keep-Alive": "timeout=5", "X-Kept": "1", "Server": "other"}
    answer = plane.get(headers={"Connection": "keep-alive, X-Gone", "X-Gone": "1"})
    assert "x-gone" not in answer.json()["headers"]
    assert "keep-alive" not in answer.headers
    assert answer.headers["x-kept"] == "1"
    assert answer.headers["server"] == "APISIX/3.18.0"


def test_several_headers_of_one_name_all_arrive(plane: Plane) -> None:
    plane.route()
    plane.echo.headers = {"Set-Cookie": "a=1"}
    plane.route(plugins={"response-rewrite": {"headers": {"add": ["Set-Cookie: b=2"]}}})
    assert plane.get().headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_head_has_the_length_but_no_body(plane: Plane) -> None:
    plane.route()
    plane.echo.text = "five!"
    answer = plane.send("HEAD", "/hello")
    assert answer.content == b""
    assert answer.headers["content-length"] == "5"


def test_answer_is_streamed_not_collected(plane: Plane) -> None:
    plane.route()
    plane.echo.released.clear()
    with plane.client.stream("GET", "/stream") as answer:
        lines = answer.iter_lines()
        # The upstream sends the rest only after this arrived.
        assert next(lines) == "first"
        plane.echo.released.set()
        assert next(lines) == "second"


def test_request_body_is_streamed_to_the_upstream(plane: Plane) -> None:
    plane.route()

    def parts() -> Any:
        for _ in range(64):
            yield b"x" * 16384

    answer = plane.send("POST", "/hello", content=parts())
    assert len(answer.json()["body"]) == 64 * 16384


def test_client_that_leaves_frees_the_upstream(plane: Plane) -> None:
    plane.route()
    plane.echo.released.clear()
    with socket.create_connection(("127.0.0.1", plane.port), LONG) as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" in client.recv(4096)
    # The upstream never ends by itself: only whoever reads it can let it go.
    eventually(lambda: plane.echo.abandoned, "the upstream was let go")
    plane.echo.released.set()


def test_condition_on_a_form_field_reads_the_body_and_passes_it_on(
    plane: Plane,
) -> None:
    plane.route(vars=[["post_arg_name", "==", "amara"]])
    assert plane.send("POST", "/x", data={"name": "jonas"}).status_code == 404
    answer = plane.send("POST", "/x", data={"name": "amara", "n": "1"})
    assert answer.json()["body"] == "name=amara&n=1"


def test_filter_function_is_not_run_and_that_is_said(plane: Plane) -> None:
    plane.route(filter_func="function(vars) return false end")
    answer = plane.get()
    assert answer.status_code == 200
    assert answer.headers["x-sandbox-ignored-plugins"] == "filter_func"


def test_disabled_route_answers_nothing(plane: Plane) -> None:
    plane.route(status=0)
    assert plane.get().status_code == 404


@pytest.mark.parametrize(
    ("mode", "status"),
    [("radixtree_uri_with_parameter", 200), ("radixtree_host_uri", 404)],
)
def test_router_mode_is_that_of_the_application(
    servers: tuple[Server, object], mode: str, status: int
) -> None:
    store = Store()
    answer_of_mocking = {"mocking": {"response_example": "$uri_param_id"}}
    store.put("route", "r", {"uri": "/user/:id", "plugins": answer_of_mocking})
    with planing(servers[0], store, mode):
        plane = Plane(store, servers[0].port, Echo(), 0)
        answer = plane.get("/user/7")
        assert answer.status_code == status
        if status == 200:
            assert answer.text == "7"
        plane.close()
