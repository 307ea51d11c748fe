"""The live configuration of one gateway, whole or not at all."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.client import AdminClient, new_session
from gateway.errors import (
    Busy,
    GatewayError,
    KeyRefused,
    UnexpectedAnswer,
    UnknownOutcome,
    Unreachable,
)
from gateway.kinds import KINDS
from gateway.snapshot import take
from tests.gateway.evil import evil, http, says
from tests.sandbox import SandboxGateway

UPSTREAM = {"type": "roundrobin", "nodes": {"127.0.0.1:1": 1}}
DOCUMENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("secret", "vault/1"): {
        "uri": "http://127.0.0.1:8200",
        "prefix": "k",
        "token": "t",
    },
    ("upstream", "u-1"): UPSTREAM,
    ("plugin_metadata", "http-logger"): {"log_format": {"host": "$host"}},
    ("consumer", "jack"): {"username": "jack"},
    ("consumer", "jane"): {"username": "jane"},
    ("credential", "jack/credentials/c1"): {"plugins": {"key-auth": {"key": "1"}}},
    ("credential", "jack/credentials/c2"): {"plugins": {"key-auth": {"key": "2"}}},
    ("credential", "jane/credentials/c1"): {"plugins": {"key-auth": {"key": "3"}}},
    ("route", "r-1"): {"uri": "/a", "upstream_id": "u-1"},
}


def client_of(url: str, key: str = "k") -> AdminClient:
    return AdminClient(
        admin_url=url, admin_key=key, session=new_session(), deadline=60.0
    )


@pytest.fixture
def client(sandbox: SandboxGateway) -> Iterator[AdminClient]:
    with client_of(sandbox.admin_url, sandbox.key) as client:
        yield client


@pytest.fixture
def full(sandbox: SandboxGateway) -> SandboxGateway:
    for (kind, resource_id), document in DOCUMENTS.items():
        sandbox.put(kind, resource_id, document)
    return sandbox


def test_everything_is_there_as_get_tells_it(
    client: AdminClient, full: SandboxGateway
) -> None:
    taken = take(client)
    assert taken.documents == {key: full.get(*key) for key in DOCUMENTS}
    assert taken.kinds == {*KINDS} - {"stream_route"}
    assert full.requests("write") == []


def test_each_kind_is_listed_once_and_credentials_per_consumer(
    client: AdminClient, full: SandboxGateway
) -> None:
    full.forget_requests()
    take(client)
    paths = [request["path"] for request in full.requests()]
    assert len(paths) == len(set(paths)) == len(KINDS) - 1 + 2
    assert "/apisix/admin/consumers/jack/credentials" in paths


def test_without_stream_mode_stream_routes_are_left_out_and_said(
    client: AdminClient,
) -> None:
    taken = take(client)
    assert taken.documents == {}
    assert "stream_route" not in taken.kinds
    assert list(taken.left_out) == ["stream_route"]
    assert "stream mode is disabled" in taken.left_out["stream_route"]


def test_with_stream_mode_nothing_is_left_out() -> None:
    sandbox = SandboxGateway(stream=True)
    try:
        sandbox.put("stream_route", "s", {"server_port": 9100, "upstream": UPSTREAM})
        with client_of(sandbox.admin_url, sandbox.key) as client:
            taken = take(client)
    finally:
        sandbox.close()
    assert ("stream_route", "s") in taken.documents
    assert taken.kinds == {*KINDS}
    assert taken.left_out == {}


@pytest.mark.parametrize(
    "kinds", [["route"], ["route", "upstream"], ["credential"], []]
)
def test_only_the_kinds_asked_for_are_read(
    kinds: list[str], client: AdminClient, full: SandboxGateway
) -> None:
    taken = take(client, kinds)
    assert taken.kinds == {*kinds}
    assert {*taken.documents} == {key for key in DOCUMENTS if key[0] in kinds}


def test_a_kind_that_nobody_knows_is_no_empty_one(client: AdminClient) -> None:
    with pytest.raises(ValueError, match="routes"):
        take(client, ["routes"])


# --- Half a snapshot would look like deletions


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"do": "status", "status": 503}, Busy),
        ({"do": "status", "status": 500}, GatewayError),
        ({"do": "reset"}, UnknownOutcome),
        ({"do": "drop_before"}, UnknownOutcome),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["upstreams", "consumers/jane/credentials", "routes"])
def test_one_kind_in_trouble_is_no_snapshot(
    fault: dict[str, Any],
    error: type[GatewayError],
    path: str,
    client: AdminClient,
    full: SandboxGateway,
) -> None:
    full.misbehave(**fault, path=f"/apisix/admin/{path}$")
    with pytest.raises(error):
        take(client)


def test_a_wrong_key_is_no_empty_gateway(full: SandboxGateway) -> None:
    with client_of(full.admin_url, "wrong") as client, pytest.raises(KeyRefused):
        take(client)


def test_a_gateway_that_is_down_is_no_empty_gateway(
    client: AdminClient, sandbox: SandboxGateway
) -> None:
    sandbox.stop()
    with pytest.raises(Unreachable):
        take(client)


@pytest.mark.parametrize(
    "answer",
    [
        http(200, b"{}"),
        http(200, b"[]"),
        http(200, b""),
        http(200, b'{"list":"x","total":0}'),
        http(200, b'{"action":"get","node":{"nodes":[]}}'),
        http(404, b"<html>404 Not Found</html>", "text/html"),
        http(404, b'{"error_msg":"404 Route Not Found"}'),
        http(404, b'{"message":"no Route matched"}'),
    ],
)
def test_something_else_at_the_address_is_no_empty_gateway(answer: bytes) -> None:
    with (
        evil(says(answer)) as server,
        client_of(server.url) as client,
        pytest.raises(UnexpectedAnswer),
    ):
        take(client, ["route"])


def test_an_older_gateway_without_a_kind_is_said() -> None:
    unknown = http(404, b'{"error_msg":"Unsupported resource type: secrets"}')
    with evil(says(unknown)) as server, client_of(server.url) as client:
        taken = take(client, ["secret"])
    assert (taken.kinds, taken.documents) == (frozenset(), {})
    assert "Unsupported resource type" in taken.left_out["secret"]


def test_what_somebody_wrote_past_the_admin_api_does_not_end_the_snapshot() -> None:
    rows = [
        {"key": "/apisix/routes/a", "value": "garbage"},
        {"key": "/apisix/routes/b", "value": {"id": "b"}},
    ]
    answer = http(200, json.dumps({"total": 2, "list": rows}).encode())
    with evil(says(answer)) as server, client_of(server.url) as client:
        assert take(client, ["route"]).documents == {("route", "b"): {"id": "b"}}
