"""The sandbox as tests use it: what it holds, how it misbehaves, what it remembers."""

import time

import pytest
import requests

from tests.sandbox import KEY, SandboxGateway

ROUTE = {"uri": "/hello", "upstream": {"nodes": {"127.0.0.1:8080": 1}}}
HEADERS = {"X-API-KEY": KEY}


def put_route(sandbox, name="r1", **more):
    return requests.put(
        f"{sandbox.admin_url}/apisix/admin/routes/{name}",
        json=ROUTE | more,
        headers=HEADERS,
        timeout=10,
    )


def get_route(sandbox, name="r1", timeout=10):
    return requests.get(
        f"{sandbox.admin_url}/apisix/admin/routes/{name}",
        headers=HEADERS,
        timeout=timeout,
    )


def test_a_written_route_is_read_back(sandbox):
    assert put_route(sandbox).status_code == 201
    assert put_route(sandbox).status_code == 200

    answer = get_route(sandbox).json()

    assert answer["value"]["uri"] == "/hello"
    assert answer["modifiedIndex"] == answer["createdIndex"] + 1


def test_requests_are_remembered_and_own_ones_are_not(sandbox):
    sandbox.put("route", "quiet", ROUTE)
    put_route(sandbox)

    assert [seen["path"] for seen in sandbox.requests("write")] == [
        "/apisix/admin/routes/r1"
    ]
    assert sandbox.requests("PUT", "/apisix/admin/routes/r1")[0]["status"] == 201


def test_a_stopped_sandbox_refuses_and_comes_back_on_the_same_port(sandbox):
    put_route(sandbox)
    url = sandbox.admin_url
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        get_route(sandbox)
    sandbox.start()

    assert sandbox.admin_url == url
    assert get_route(sandbox).status_code == 200


def test_an_answer_dropped_after_the_write_leaves_the_write(sandbox):
    sandbox.misbehave(do="drop_after", method="PUT", times=1)
    with pytest.raises(requests.ConnectionError):
        put_route(sandbox)

    assert sandbox.get("route", "r1") is not None
    assert sandbox.requests("PUT")[0]["status"] == 201
    assert put_route(sandbox).status_code == 200


def test_a_request_dropped_before_the_work_writes_nothing(sandbox):
    sandbox.misbehave(do="drop_before", method="write", times=1)
    with pytest.raises(requests.ConnectionError):
        put_route(sandbox)

    assert sandbox.get("route", "r1") is None


def test_an_answer_is_reset_in_the_middle(sandbox):
    sandbox.misbehave(do="reset", method="PUT", bytes=60, times=1)
    with pytest.raises(requests.RequestException):
        put_route(sandbox)

    assert sandbox.get("route", "r1") is not None


def test_a_dripping_answer_arrives_slowly_and_whole(sandbox):
    put_route(sandbox)
    sandbox.misbehave(do="drip", milliseconds=2, times=1)
    started = time.monotonic()

    answer = get_route(sandbox)

    assert answer.json()["value"]["uri"] == "/hello"
    assert time.monotonic() - started > 0.3


def test_a_slow_answer_comes_after_the_write(sandbox):
    sandbox.misbehave(do="slow", seconds=50, method="PUT", times=1)
    with pytest.raises(requests.ReadTimeout):
        requests.put(
            f"{sandbox.admin_url}/apisix/admin/routes/r1",
            json=ROUTE,
            headers=HEADERS,
            timeout=0.5,
        )

    assert sandbox.get("route", "r1") is not None


def test_a_told_status_is_answered_and_nothing_written(sandbox):
    sandbox.misbehave(do="status", status=503, method="PUT", times=2)

    assert [put_route(sandbox).status_code for _ in range(3)] == [503, 503, 201]


def test_a_refusing_listener_opens_again(sandbox):
    sandbox.misbehave(do="refuse", seconds=0.3, times=1)
    with pytest.raises(requests.ConnectionError):
        put_route(sandbox)
    deadline = time.monotonic() + 30
    while True:
        try:
            status = put_route(sandbox).status_code
            break
        except requests.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    assert status == 201


def test_state_survives_the_end_of_the_process(tmp_path):
    first = SandboxGateway(state=tmp_path)
    put_route(first)
    put_route(first, desc="second")
    before = get_route(first).json()
    first.close()

    second = SandboxGateway(state=tmp_path)
    try:
        assert get_route(second).json() == before
    finally:
        second.close()
