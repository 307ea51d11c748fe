"""The sandbox misbehaves as it is told, and remembers what it was asked."""

import time

import pytest
import requests

from tests.gateway.sandbox.conftest import ROUTE
from tests.sandbox import SandboxGateway
from tests.waiting import eventually


def test_a_written_route_is_read_back(ask):
    assert ask("PUT", "/routes/r1", ROUTE).status_code == 201
    assert ask("PUT", "/routes/r1", ROUTE).status_code == 200

    answer = ask("GET", "/routes/r1").json()

    assert answer["value"]["uri"] == "/hello"
    assert answer["modifiedIndex"] == answer["createdIndex"] + 1


def test_requests_are_remembered_and_own_ones_are_not(ask, sandbox):
    sandbox.put("route", "quiet", ROUTE)
    ask("PUT", "/routes/r1?ttl=60", ROUTE)
    ask("GET", "/routes/r1")

    [write] = sandbox.requests("write")
    assert (write["method"], write["path"]) == ("PUT", "/apisix/admin/routes/r1")
    assert (write["query"], write["status"], write["fault"]) == ("ttl=60", 201, None)
    assert len(sandbox.requests()) == 2


def test_an_equal_body_has_an_equal_digest(ask, sandbox):
    for uri in ("/a", "/a", "/b"):
        ask("PUT", "/routes/r1", ROUTE | {"uri": uri})

    first, second, third = (seen["body_digest"] for seen in sandbox.requests("PUT"))

    assert first == second != third


def test_a_stopped_sandbox_refuses_and_comes_back_on_the_same_port(ask, sandbox):
    ask("PUT", "/routes/r1", ROUTE)
    url = sandbox.admin_url
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        ask("GET", "/routes/r1")
    sandbox.start()

    assert sandbox.admin_url == url
    assert ask("GET", "/routes/r1").status_code == 200


def test_an_answer_dropped_after_the_write_leaves_the_write(ask, sandbox):
    sandbox.misbehave(do="drop_after", method="PUT", times=1)
    with pytest.raises(requests.ConnectionError):
        ask("PUT", "/routes/r1", ROUTE)

    assert sandbox.get("route", "r1") is not None
    assert sandbox.requests("PUT")[0]["status"] == 201
    assert ask("PUT", "/routes/r1", ROUTE).status_code == 200


def test_a_request_dropped_before_the_work_writes_nothing(ask, sandbox):
    sandbox.misbehave(do="drop_before", method="write", times=1)
    with pytest.raises(requests.ConnectionError):
        ask("PUT", "/routes/r1", ROUTE)

    assert sandbox.get("route", "r1") is None


def test_an_answer_is_reset_in_the_middle(ask, sandbox):
    sandbox.misbehave(do="reset", method="PUT", bytes=60, times=1)
    with pytest.raises(requests.RequestException):
        ask("PUT", "/routes/r1", ROUTE)

    assert sandbox.get("route", "r1") is not None


def test_a_dripping_answer_arrives_slowly_and_whole(ask, sandbox):
    ask("PUT", "/routes/r1", ROUTE)
    sandbox.misbehave(do="drip", milliseconds=2, times=1)
    started = time.monotonic()

    answer = ask("GET", "/routes/r1")

    # Some 400 bytes with their headers.
    assert answer.json()["value"]["uri"] == "/hello"
    assert time.monotonic() - started > 0.3


@pytest.mark.parametrize(("after", "written"), [(True, True), (False, False)])
def test_a_slow_answer_comes_after_or_before_the_write(ask, sandbox, after, written):
    sandbox.misbehave(do="slow", seconds=50, after=after, method="PUT", times=1)
    with pytest.raises(requests.ReadTimeout):
        requests.put(
            f"{sandbox.admin_url}/apisix/admin/routes/r1",
            json=ROUTE,
            headers={"X-API-KEY": sandbox.key},
            timeout=0.5,
        )

    assert (sandbox.get("route", "r1") is not None) is written


def test_a_told_status_is_answered_and_nothing_written(ask, sandbox):
    sandbox.misbehave(do="status", status=503, method="PUT", times=2)

    seen = [ask("PUT", "/routes/r1", ROUTE).status_code for _ in range(3)]

    assert seen == [503, 503, 201]
    assert [request["fault"] for request in sandbox.requests()] == [
        "status",
        "status",
        None,
    ]


def test_a_fault_hits_only_what_it_names_and_skips_what_it_must(ask, sandbox):
    sandbox.misbehave(do="status", path="/routes/", method="PUT", skip=1, times=1)

    assert ask("PUT", "/upstreams/u1", UPSTREAM_ONLY).status_code == 201
    assert ask("PUT", "/routes/r1", ROUTE).status_code == 201
    assert ask("GET", "/routes/r1").status_code == 200
    assert ask("PUT", "/routes/r1", ROUTE).status_code == 503
    assert ask("PUT", "/routes/r1", ROUTE).status_code == 200


UPSTREAM_ONLY = {"nodes": {"127.0.0.1:8080": 1}}


def test_a_refusing_listener_opens_again(ask, sandbox):
    sandbox.misbehave(do="refuse", seconds=0.3, times=1)
    with pytest.raises(requests.ConnectionError):
        ask("PUT", "/routes/r1", ROUTE)

    def answered() -> int | None:
        try:
            return ask("PUT", "/routes/r1", ROUTE).status_code
        except requests.ConnectionError:
            return None

    assert eventually(answered, "the listener opens again") == 201


def test_faults_can_be_told_together_and_ended(ask, sandbox):
    sandbox.misbehave(
        {"do": "status", "method": "PUT"}, {"do": "status", "method": "GET"}
    )
    told = [ask("PUT", "/routes/r1", ROUTE), ask("GET", "/routes/r1")]
    sandbox.behave()

    assert [answer.status_code for answer in told] == [503, 503]
    assert ask("PUT", "/routes/r1", ROUTE).status_code == 201


def test_an_unknown_fault_is_refused_and_changes_nothing(ask, sandbox):
    sandbox.misbehave(do="status", times=1)
    answer = requests.put(
        f"{sandbox.admin_url}/_sandbox/faults",
        json=[{"do": "explode"}],
        headers={"X-API-KEY": sandbox.key},
        timeout=10,
    )

    assert answer.status_code == 400
    assert "explode" in answer.text
    assert ask("PUT", "/routes/r1", ROUTE).status_code == 503


def test_a_stopped_sandbox_can_still_be_looked_into_and_written_from_outside(sandbox):
    sandbox.stop()
    sandbox.put("route", "r1", ROUTE)

    assert sandbox.get("route", "r1")["uri"] == "/hello"
    sandbox.delete("route", "r1")
    assert sandbox.get("route", "r1") is None
    assert sandbox.requests() == []


def test_nobody_without_the_key_is_told_anything(sandbox):
    for method, name in (("GET", "requests"), ("PUT", "faults"), ("POST", "reset")):
        answer = requests.request(
            method, f"{sandbox.admin_url}/_sandbox/{name}", json=[], timeout=10
        )
        assert answer.status_code == 401


def test_state_survives_the_end_of_the_process(tmp_path):
    first = SandboxGateway(state=tmp_path)
    first.put("route", "r1", ROUTE)
    first.put("route", "r1", ROUTE | {"desc": "second"})
    before = first.send("GET", "route", "r1").json()
    first.close()

    second = SandboxGateway(state=tmp_path)
    try:
        assert second.send("GET", "route", "r1").json() == before
    finally:
        second.close()
