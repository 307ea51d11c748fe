"""The client: against the sandbox for what a gateway does, an evil server for the rest."""

import gc
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.client import AdminClient, new_session
from gateway.errors import (
    Busy,
    GatewayError,
    Invalid,
    KeyRefused,
    NotFound,
    NotOffered,
    StillReferenced,
    TimedOut,
    UnexpectedAnswer,
    UnknownOutcome,
    Unreachable,
)
from gateway.kinds import KINDS
from tests.certificates import Certified, self_signed
from tests.gateway.evil import (
    Handler,
    drips,
    evil,
    http,
    never_ends,
    resets_after,
    says,
    says_and_closes,
    silent,
)
from tests.sandbox import SandboxGateway
from tests.waiting import eventually

KEY = "the-admin-key-of-the-tests"
ROUTE = {"uri": "/a", "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:1": 1}}}
FOUND = http(200, b'{"key":"/apisix/routes/r","value":{"id":"r","uri":"/a"}}')
WRITTEN = http(201, b'{"key":"/apisix/routes/r","value":{"id":"r","uri":"/a"}}')
# Short, so that tests of hanging gateways end soon; the machine may stall for longer
# than that, so nothing below asserts that a deadline is NOT reached with it.
SOON = 0.5
# A request that a deadline did not end would take longer than this.
LONG = 30.0


def client_of(url: str, *, deadline: float = LONG, **more: Any) -> AdminClient:
    return AdminClient(
        admin_url=url,
        **{"admin_key": KEY, "session": new_session(), "deadline": deadline, **more},
    )


@pytest.fixture
def client(sandbox: SandboxGateway) -> Iterator[AdminClient]:
    with client_of(sandbox.admin_url, admin_key=sandbox.key) as client:
        yield client


@contextmanager
def answered(*handlers: Handler, **more: Any) -> Iterator[tuple[AdminClient, Any]]:
    """Give a client of an evil server, and the server."""
    with evil(*handlers) as server, client_of(server.url, **more) as client:
        yield client, server


# --- What a gateway does

DOCUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "upstream": ("u-1", {"type": "roundrobin", "nodes": {"127.0.0.1:1": 1}}),
    "service": ("s-1", {"upstream_id": "u-1"}),
    "route": ("r-1", {"uri": "/a", "service_id": "s-1"}),
    "consumer_group": ("g-1", {"plugins": {"request-id": {}}}),
    "consumer": ("jack", {"username": "jack", "group_id": "g-1"}),
    "credential": ("jack/credentials/c1", {"plugins": {"key-auth": {"key": "k"}}}),
    "plugin_config": ("p-1", {"plugins": {"request-id": {}}}),
    "global_rule": ("1", {"plugins": {"request-id": {}}}),
    "plugin_metadata": ("http-logger", {"log_format": {"host": "$host"}}),
    "secret": (
        "vault/1",
        {"uri": "http://127.0.0.1:8200", "prefix": "kv", "token": "t"},
    ),
    "proto": ("p.1", {"content": 'syntax = "proto3"; package a; message B {}'}),
}


@pytest.mark.parametrize("kind", [*DOCUMENTS, "ssl", "stream_route"])
def test_every_kind_can_be_written_read_listed_and_deleted(
    kind: str, client: AdminClient, certificate: Certified
) -> None:
    made = dict(DOCUMENTS)
    made["ssl"] = (
        "x",
        {"sni": "a.test", "cert": certificate.pem, "key": certificate.key_pem},
    )
    if kind == "stream_route":
        with pytest.raises(NotOffered, match="stream mode is disabled"):
            client.put(kind, "st", {"upstream_id": "u-1"})
        with pytest.raises(NotOffered, match="stream mode is disabled"):
            client.list(kind)
        return
    for needed in DOCUMENTS:
        if needed != kind and KINDS[needed].tier < KINDS[kind].tier:
            client.put(needed, *made[needed])
    resource_id, document = made[kind]
    parent = "jack" if kind == "credential" else None

    created = client.put(kind, resource_id, document)
    again = client.put(kind, resource_id, document)
    entry = client.get(kind, resource_id)
    listed = client.list(kind, parent=parent)
    paged = client.list(kind, parent=parent, paged=True)

    assert (created.created, again.created) == (True, False)
    assert created.elapsed > 0
    assert entry.id == resource_id
    assert entry.modified_index > entry.created_index
    hidden = KINDS[kind].write_only
    assert {k: v for k, v in document.items() if k not in hidden}.items() <= (
        entry.document.items()
    )
    assert [(one.id, one.document) for one in listed] == [(entry.id, entry.document)]
    assert paged == listed

    assert client.delete(kind, resource_id).status == 200
    assert client.list(kind, parent=parent) == []
    with pytest.raises(NotFound):
        client.get(kind, resource_id)
    with pytest.raises(NotFound):
        client.delete(kind, resource_id)


def test_a_long_list_is_whole_in_pages_too(
    client: AdminClient, sandbox: SandboxGateway
) -> None:
    for number in range(1_001):
        sandbox.store.put("proto", f"p{number}", {"id": f"p{number}", "content": "x"})
    sandbox.forget_requests()

    paged = client.list("proto", paged=True)

    assert len({one.id for one in paged}) == 1_001
    assert len(sandbox.requests("GET")) == 3
    assert sorted(paged, key=lambda one: one.id) == sorted(
        client.list("proto"), key=lambda one: one.id
    )


def test_a_page_past_the_end_is_an_object_and_means_nothing_more(
    client: AdminClient, sandbox: SandboxGateway
) -> None:
    for number in range(500):
        sandbox.store.put("proto", f"p{number}", {"id": f"p{number}", "content": "x"})
    assert len(client.list("proto", paged=True)) == 500


def test_what_shifts_between_two_pages_is_not_lost() -> None:
    row = '{"key":"/apisix/routes/r%d","value":{"id":"r%d"}}'
    page = ",".join(row % (n, n) for n in range(500))
    whole = ",".join(row % (n, n) for n in range(1, 502))
    with answered(
        says(http(200, f'{{"total":502,"list":[{page}]}}'.encode())),
        # r0 was deleted, so r500 moved to the first page.
        says(http(200, b'{"total":501,"list":[%s]}' % (row % (501, 501)).encode())),
        says(http(200, f'{{"total":501,"list":[{whole}]}}'.encode())),
    ) as (client, server):
        assert len(client.list("route", paged=True)) == 501
        assert len(server.requests) == 3
    assert server.requests[2].startswith(b"GET /apisix/admin/routes HTTP")


def test_another_etcd_prefix_changes_no_id() -> None:
    body = b'{"key":"/prod/apisix/consumers/a/credentials/c","value":{"id":"c"}}'
    with answered(says(http(200, body))) as (client, _):
        assert client.get("credential", "a/credentials/c").id == "a/credentials/c"


def test_force_skips_the_reference_guard(client: AdminClient) -> None:
    client.put("upstream", *DOCUMENTS["upstream"])
    client.put("service", *DOCUMENTS["service"])
    with pytest.raises(StillReferenced, match="still using it now") as caught:
        client.delete("upstream", "u-1")
    assert (caught.value.sent, caught.value.retryable) == (False, False)
    assert client.delete("upstream", "u-1", force=True).status == 200


def test_a_plugin_of_another_global_rule_is_still_referenced(
    client: AdminClient,
) -> None:
    client.put("global_rule", "1", {"plugins": {"request-id": {}}})
    with pytest.raises(StillReferenced, match="already exists in global rule"):
        client.put("global_rule", "2", {"plugins": {"request-id": {}}})


def test_a_refused_document_comes_with_the_gateways_words(client: AdminClient) -> None:
    with pytest.raises(Invalid, match='property "uri" validation failed') as caught:
        client.put("route", "r-1", {"uri": 1})
    assert caught.value.status == 400
    with pytest.raises(Invalid, match="unknown plugin"):
        client.put("route", "r-1", {**ROUTE, "plugins": {"nosuch": {}}})
    with pytest.raises(Invalid, match="consumer not found"):
        client.put("credential", *DOCUMENTS["credential"])
    with pytest.raises(NotFound):
        client.get("route", "r-1")


def test_a_dry_run_names_each_document(client: AdminClient) -> None:
    client.validate("route", ROUTE)
    client.validate_configs({"routes": [{**ROUTE, "id": "r"}]})
    with pytest.raises(Invalid, match="wrong type"):
        client.validate("route", {"uri": 1})
    bad = {"id": "x", "uri": "/", "plugins": {"nosuch": {}}}
    with pytest.raises(Invalid) as caught:
        client.validate_configs(
            {"routes": [{**ROUTE, "id": "r"}, bad], "upstreams": [{"id": "a"}]}
        )
    found = {(one.resource_type, one.index) for one in caught.value.errors}
    assert found == {("routes", 1), ("upstreams", 0)}
    assert "unknown plugin [nosuch]" in str([one.words for one in caught.value.errors])
    assert client.list("route") == []


def test_a_gateway_tells_what_it_is(client: AdminClient) -> None:
    assert client.version() == "3.18.0"
    names = client.plugin_names()
    assert {"limit-count", "key-auth"} <= set(names)
    plugins = client.plugins()
    assert set(names) <= set(plugins)
    assert plugins["limit-count"]["schema"]["type"] == "object"
    assert "ip-restriction" in client.stream_plugins()
    assert client.schema("route")["properties"]["uri"]
    assert client.plugin_schema("key-auth", "consumer")["required"] == ["key"]
    assert "key" not in client.plugin_schema("key-auth").get("required", [])
    with pytest.raises(NotFound):
        client.plugin_schema("nosuch")
    with pytest.raises(NotOffered):
        client.schema("secret")


def test_a_wrong_key_is_refused_by_every_method(sandbox: SandboxGateway) -> None:
    with client_of(sandbox.admin_url, admin_key="wrong") as client:
        for ask in (
            client.version,
            client.plugins,
            lambda: client.list("route"),
            lambda: client.get("route", "r"),
            lambda: client.put("route", "r", ROUTE),
            lambda: client.delete("route", "r"),
        ):
            with pytest.raises(KeyRefused) as caught:
                ask()
            assert (caught.value.sent, caught.value.retryable) == (False, False)


def test_connections_are_kept_alive() -> None:
    with answered(says(FOUND)) as (client, server):
        for _ in range(5):
            client.get("route", "r")
    assert (len(server.requests), server.connections) == (5, 1)


# --- What is sent


def test_nothing_conditional_and_nothing_of_the_environment_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hush\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    cookie = (
        "Set-Cookie: a=b\r\nETag: x\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    )
    with answered(says(http(200, b'{"value":{},"key":"/r"}', more=cookie))) as (
        client,
        server,
    ):
        client.get("route", "r")
        client.put("route", "r", ROUTE)
        client.delete("route", "r")
    names = {
        line.partition(b":")[0].lower()
        for request in server.requests
        for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    }
    assert names == {
        b"host",
        b"x-api-key",
        b"accept",
        b"accept-encoding",
        b"user-agent",
        b"content-length",
        b"content-type",
    }


def test_a_document_is_sent_as_it_is() -> None:
    document = {
        "uri": "/ü/\U0001f600",
        "vars": [["arg_x", "==", 1.5]],
        "priority": 10**30,
        "desc": "\ud800",
        "labels": {},
        "methods": [],
    }
    with answered(says(WRITTEN)) as (client, server):
        client.put("route", "r", document)
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2]) == document


@pytest.mark.parametrize("bad", [{"a": float("nan")}, {"a": {1, 2}}, {"a": b"x"}])
def test_what_json_cannot_say_is_not_sent(bad: dict[str, Any]) -> None:
    with answered(says(WRITTEN)) as (client, server), pytest.raises(Invalid):
        client.put("route", "r", {**bad, "desc": "\ud800"})
    assert server.requests == []


@pytest.mark.parametrize("bad", ["", ".", "..", "a/b", "a b", "a?b", "é", "a" * 65])
def test_an_id_that_names_something_else_is_not_sent(bad: str) -> None:
    with answered(says(WRITTEN)) as (client, server):
        for ask in (
            lambda: client.get("route", bad),
            lambda: client.put("route", bad, ROUTE),
            lambda: client.delete("route", bad),
            lambda: client.list("credential", parent=bad if bad != "a" * 65 else ""),
        ):
            with pytest.raises(Invalid):
                ask()
    assert server.requests == []


def test_credentials_are_not_listed_without_their_consumer() -> None:
    with (
        client_of("http://127.0.0.1:9") as client,
        pytest.raises(ValueError, match="consumer"),
    ):
        client.list("credential")


# --- Trouble


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (http(400, b'{"error_msg":"bad"}'), Invalid),
        (http(400, b"page_size must be between 10 and 500"), Invalid),
        (http(400, b"<html>Bad Request</html>"), UnexpectedAnswer),
        (http(401, b'{"error_msg":"failed to check token"}'), KeyRefused),
        (http(403, b"<html>Forbidden</html>"), KeyRefused),
        (http(404, b'{"message":"Key not found"}'), NotFound),
        (http(404, b'{"error_msg":"404 Route Not Found"}'), UnexpectedAnswer),
        (
            http(404, b'{"message":"no Route matched with those values"}'),
            UnexpectedAnswer,
        ),
        (http(404, b"<html>Not Found</html>"), UnexpectedAnswer),
        (http(404, b"not here"), UnexpectedAnswer),
        (http(404, b'{"error_msg":"Unsupported resource type: x"}'), NotOffered),
        (http(404, b'{"error_msg":"not found"}'), NotOffered),
        (http(405, b'{"error_msg":"not supported `PUT` method for x"}'), NotOffered),
        (http(413, b'{"error_msg":"too large"}'), Invalid),
        (http(429, b"slow down"), Busy),
        (http(502, b"<html>Bad Gateway</html>"), Busy),
        (http(503, b'{"error_msg":"value changed before overwritten"}'), Busy),
        (http(504, b""), Busy),
        (http(500, b"<html>Internal Server Error</html>"), UnexpectedAnswer),
        (http(500, b'{"error_msg":"lua"}'), UnexpectedAnswer),
        (http(412, b"<html>Precondition Failed</html>"), UnexpectedAnswer),
        (http(304, b""), UnexpectedAnswer),
        (http(200, b"<html>hello</html>"), UnexpectedAnswer),
        (http(200, b"[]"), UnexpectedAnswer),
        (http(200, b'"x"'), UnexpectedAnswer),
        (http(200, b"{}"), UnexpectedAnswer),
        (http(200, b""), UnexpectedAnswer),
        (http(200, b'{"value":{"id":"r"'), UnexpectedAnswer),
        (http(200, b'{"action":"get","node":{"value":{}}}'), UnexpectedAnswer),
        (http(200, b'{"value":"text","key":"/r"}'), UnexpectedAnswer),
        (http(200, b"\xff\xfe"), UnexpectedAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{}", UnknownOutcome),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            UnknownOutcome,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            UnknownOutcome,
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", UnknownOutcome),
        (b"HTTP/1.1 2000 OK\r\n\r\n", UnknownOutcome),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2_000 + b"\r\n", UnknownOutcome),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n", UnknownOutcome),
        (b"", UnknownOutcome),
    ],
)
def test_each_kind_of_answer_has_its_error(
    answer: bytes, expected: type[GatewayError]
) -> None:
    with answered(says_and_closes(answer)) as (client, _):
        with pytest.raises(expected) as reading:
            client.get("route", "r")
        assert type(reading.value) is expected
    # Any whole 2xx answer to a write is one.
    if not answer.startswith(b"HTTP/1.1 200 Whatever"):
        with answered(says_and_closes(answer)) as (client, _):
            with pytest.raises(expected) as writing:
                client.put("route", "r", ROUTE)
            assert type(writing.value) is expected
            assert writing.value.sent or not writing.value.retryable
    assert KEY not in str(reading.value) + repr(reading.value)


def test_an_answer_without_a_list_is_not_an_empty_gateway() -> None:
    for body in (b"{}", b"[]", b'{"list":null}', b'{"list":{"a":1}}', b'{"node":{}}'):
        with answered(says(http(200, body))) as (client, _):
            with pytest.raises(UnexpectedAnswer):
                client.list("route")
            with pytest.raises(UnexpectedAnswer):
                client.list("route", paged=True)


def test_a_404_to_a_list_is_not_an_empty_gateway() -> None:
    with answered(says(http(404, b'{"message":"Key not found"}'))) as (client, _):
        with pytest.raises(NotFound):
            client.list("route")
        assert client.list("credential", parent="jack") == []


def test_an_older_gateway_without_credentials_says_so() -> None:
    consumer = b'{"key":"/apisix/consumers/jack","value":{"username":"jack"}}'
    with answered(says(http(200, consumer))) as (client, _), pytest.raises(NotOffered):
        client.list("credential", parent="jack")


def test_an_older_gateway_s_consumer_is_no_credential() -> None:
    consumer = b'{"key":"/apisix/consumers/jack","value":{"username":"jack"}}'
    with answered(says(http(200, consumer))) as (client, _), pytest.raises(NotOffered):
        client.get("credential", "jack/credentials/c1")


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:9/", "http://[bad", "/apisix/admin/routes/r", "\xff", "://"],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_neither_followed_nor_trusted(location: str, status: int) -> None:
    answer = http(status, b"x", more=f"Location: {location}\r\n")
    with answered(says(answer)) as (client, server):
        with pytest.raises(UnexpectedAnswer):
            client.put("route", "r", ROUTE)
        with pytest.raises(UnexpectedAnswer):
            client.get("route", "r")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "handler",
    [
        silent,
        drips(b"HTTP/1.1 200 OK\r\n" + b"X-Drip: drop\r\n" * 90),
        drips(http(200, b" " * 2_000 + b"{}")),
        drips(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"1\r\n \r\n" * 500
        ),
    ],
    ids=["silence", "dripping headers", "dripping body", "dripping chunks"],
)
@pytest.mark.parametrize("has_tls", [False, True], ids=["http", "https"])
def test_the_deadline_is_total(
    handler: Handler, has_tls: bool, tls: tuple[ssl.SSLContext, str]
) -> None:
    context, certificates = tls
    with (
        evil(handler, tls=context if has_tls else None) as server,
        client_of(server.url, deadline=SOON, verify=certificates) as client,
    ):
        for ask in (
            lambda: client.put("route", "r", ROUTE),
            lambda: client.get("route", "r"),
        ):
            started = time.monotonic()
            with pytest.raises(TimedOut) as caught:
                ask()
            assert SOON <= time.monotonic() - started < LONG
            assert (caught.value.sent, caught.value.retryable) == (True, True)
            assert caught.value.status is None


def test_a_tls_handshake_that_never_ends_was_not_sent(
    tls: tuple[ssl.SSLContext, str],
) -> None:
    with (
        evil(silent) as server,
        client_of(
            server.url.replace("http:", "https:"), deadline=SOON, verify=tls[1]
        ) as client,
    ):
        started = time.monotonic()
        with pytest.raises(Unreachable):
            client.put("route", "r", ROUTE)
        assert time.monotonic() - started < LONG
        assert server.requests == []


def test_a_gateway_that_does_not_read_is_given_up() -> None:
    def deaf(connection: socket.socket, _: bytes) -> None:
        raise AssertionError("never whole")

    big = {"desc": "x" * 50_000_000}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with client_of(url, deadline=SOON) as client:
            started = time.monotonic()
            with pytest.raises(TimedOut):
                client.put("route", "r", big)
            assert time.monotonic() - started < LONG


def test_an_endless_answer_is_cut() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with (
        answered(never_ends(head, chunk)) as (client, _),
        pytest.raises(UnexpectedAnswer, match="larger than 64 MiB"),
    ):
        client.list("route")


def test_a_compressed_bomb_is_not_opened() -> None:
    answer = http(
        200, b"\x1f\x8b\x08\x00" + b"\x00" * 50, more="Content-Encoding: gzip\r\n"
    )
    with answered(says(answer)) as (client, _), pytest.raises(UnexpectedAnswer):
        client.get("route", "r")


def test_nobody_listening_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        client_of(f"http://127.0.0.1:{port}") as client,
        pytest.raises(Unreachable, match="connection refused") as caught,
    ):
        client.put("route", "r", ROUTE)
    assert (caught.value.sent, caught.value.retryable) == (False, True)


def test_a_gateway_that_does_not_accept_was_not_sent() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        with client_of(f"http://127.0.0.1:{address[1]}", deadline=SOON) as client:
            started = time.monotonic()
            with pytest.raises(Unreachable, match="no connection in time"):
                client.put("route", "r", ROUTE)
            assert time.monotonic() - started < LONG
        for one in waiting:
            one.close()


def test_an_unknown_host_was_not_sent() -> None:
    with (
        client_of("http://nowhere.invalid") as client,
        pytest.raises(Unreachable, match="unknown host"),
    ):
        client.put("route", "r", ROUTE)


def test_a_resolver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def hang(*_: object) -> list[Any]:
        is_over.wait(LONG)
        raise socket.gaierror("at last")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with client_of("http://slow.invalid", deadline=SOON) as client:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            client.put("route", "r", ROUTE)
        assert time.monotonic() - started < LONG
    is_over.set()
    eventually(
        lambda: not any(t.name == "look-up" for t in threading.enumerate()),
        "the look-up ends",
    )


def test_each_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with evil(says(FOUND)) as server, socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # bound, but it does not listen
        port = int(server.url.rpartition(":")[2])
        here = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        addresses = [(*here, deaf.getsockname()), (*here, ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: addresses)
        with client_of(f"http://gateway.test:{port}") as client:
            assert client.get("route", "r").id == "r"


@pytest.mark.parametrize("has_tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("answer", [b"", WRITTEN[:40], WRITTEN[:-5]])
@pytest.mark.parametrize("ends", [resets_after, says_and_closes])
def test_a_write_without_a_whole_answer_leaves_its_outcome_open(
    answer: bytes,
    ends: Callable[[bytes], Handler],
    has_tls: bool,
    tls: tuple[ssl.SSLContext, str],
) -> None:
    context, certificates = tls
    with (
        evil(ends(answer), tls=context if has_tls else None) as server,
        client_of(server.url, verify=certificates) as client,
    ):
        with pytest.raises(UnknownOutcome) as caught:
            client.put("route", "r", ROUTE)
        assert type(caught.value) is UnknownOutcome
        assert (caught.value.sent, caught.value.retryable) == (True, True)
        assert len(server.requests) == 1


def test_a_read_on_a_dead_connection_is_sent_once_more() -> None:
    with answered(says(FOUND), resets_after(b""), says(FOUND)) as (client, server):
        client.get("route", "r")
        assert client.get("route", "r").id == "r"
    assert len(server.requests) == 3
    assert server.connections == 2


def test_a_read_that_fails_on_a_fresh_connection_is_not_sent_again() -> None:
    with (
        answered(resets_after(b""), says(FOUND)) as (client, server),
        pytest.raises(UnknownOutcome),
    ):
        client.get("route", "r")
    assert len(server.requests) == 1


def test_a_write_on_a_dead_connection_is_never_sent_again() -> None:
    with answered(says(FOUND), resets_after(b""), says(WRITTEN)) as (client, server):
        client.get("route", "r")
        with pytest.raises(UnknownOutcome):
            client.put("route", "r", ROUTE)
    assert len(server.requests) == 2


def test_both_tries_of_a_read_share_one_deadline() -> None:
    with answered(says(FOUND), resets_after(b""), silent) as (client, _):
        client.get("route", "r")
        client.deadline = 2.0
        started = time.monotonic()
        with pytest.raises(TimedOut):
            client.get("route", "r")
        assert 2.0 <= time.monotonic() - started < LONG


def test_an_early_refusal_of_a_large_body_is_heard() -> None:
    def refuse(connection: socket.socket, _: bytes) -> None:
        connection.sendall(
            http(400, b'{"error_msg":"invalid request body: too large"}')
        )

    with answered(refuse) as (client, _), pytest.raises(Invalid, match="too large"):
        client.put("route", "r", {"desc": "x" * 3_000_000})


def test_a_connection_whose_deadline_passed_is_not_used_again() -> None:
    with answered(silent, says(FOUND), deadline=SOON) as (client, server):
        with pytest.raises(TimedOut):
            client.get("route", "r")
        client.deadline = LONG
        for _ in range(3):
            assert client.get("route", "r").id == "r"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("fault", "error", "is_applied"),
    [
        ({"do": "drop_after"}, UnknownOutcome, True),
        ({"do": "drop_before"}, UnknownOutcome, False),
        ({"do": "reset"}, UnknownOutcome, True),
        ({"do": "status"}, Busy, False),
        ({"do": "slow", "seconds": LONG, "after": True}, TimedOut, True),
        ({"do": "drip", "milliseconds": 1_000}, TimedOut, True),
    ],
)
def test_whatever_happens_to_a_write_it_is_sent_once_and_may_be_read_back(
    fault: dict[str, Any],
    error: type[GatewayError],
    is_applied: bool,
    sandbox: SandboxGateway,
) -> None:
    with client_of(sandbox.admin_url, admin_key=sandbox.key) as client:
        client.list("route")  # so that the write takes a connection that is kept alive
        sandbox.misbehave(method="PUT", times=1, **fault)
        client.deadline = 2.0 if error is TimedOut else LONG
        with pytest.raises(error) as caught:
            client.put("route", "r", ROUTE)
        assert type(caught.value) is error
        assert caught.value.sent
    eventually(lambda: len(sandbox.requests("PUT")) == 1, "one request came")
    eventually(
        lambda: (sandbox.get("route", "r") is not None) is is_applied,
        f"applied: {is_applied}",
    )


def test_a_gateway_that_went_down_is_unreachable_and_comes_back(
    client: AdminClient, sandbox: SandboxGateway
) -> None:
    client.put("route", "r", ROUTE)
    sandbox.stop()
    with pytest.raises(Unreachable):
        client.get("route", "r")
    sandbox.start()
    assert client.get("route", "r").id == "r"


# --- TLS


@pytest.fixture(scope="module")
def certificate() -> Certified:
    """A certificate for 127.0.0.1."""
    return self_signed("a.test", address="127.0.0.1")


@pytest.fixture(scope="module")
def tls(
    certificate: Certified, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ssl.SSLContext, str]:
    """A server's context, and the file of certificates that trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    return certificate.server_context(folder), str(folder / "cert.pem")


def test_tls_is_verified_unless_told_otherwise(
    tls: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificates = tls
    # What the environment says of certificates must not decide.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificates)
    with evil(says(FOUND), tls=context) as server:
        with client_of(server.url) as client:
            with pytest.raises(Unreachable, match="not trusted") as caught:
                client.put("route", "r", ROUTE)
            assert not caught.value.sent
        assert server.requests == []
        for verify in (certificates, False):
            with client_of(server.url, verify=verify) as client:
                assert client.get("route", "r").id == "r"


# --- Nothing leaks


def test_the_key_is_in_no_repr_and_no_error() -> None:
    with answered(says(http(400, f'{{"error_msg":"hm {KEY}"}}'.encode()))) as (
        client,
        _,
    ):
        assert KEY not in repr(client) + str(client)
        with pytest.raises(Invalid) as caught:
            client.get("route", "r")
    assert str(caught.value) == "hm (secret)"


@pytest.mark.parametrize(
    "bad", ["", "a\r\nX-Evil: 1", "schlüssel", "ключ", "\tsome key", "a\x00"]
)
def test_a_key_that_no_header_carries_is_not_sent_and_not_repeated(bad: str) -> None:
    with (
        answered(says(FOUND), admin_key=bad) as (client, server),
        pytest.raises(KeyRefused, match="Enter it again") as caught,
    ):
        client.put("route", "r", ROUTE)
    assert server.requests == []
    assert not bad or bad not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_refusal_repeats_no_secret_of_the_document() -> None:
    hush = "hush/hush\nhush"
    body = json.dumps(
        {
            "error_msg": f'failed to match pattern "x" with {json.dumps(hush)}',
            "errors": [{"resource_type": "routes", "index": 0, "error": f"bad {hush}"}],
            "req_body": hush,
        }
    ).encode()
    document = {**ROUTE, "plugins": {"key-auth": {"key": hush}}}
    with answered(says(http(400, body))) as (client, _):
        for ask in (
            lambda: client.put("consumer", "jack", document),
            lambda: client.validate("consumer", document),
            lambda: client.validate_configs({"consumers": [document]}),
        ):
            with pytest.raises(Invalid) as caught:
                ask()
            assert "hush" not in f"{caught.value!r} {caught.value.errors}"
            assert "(secret)" in str(caught.value)


def test_long_words_are_cut_but_never_amid_a_secret() -> None:
    secret = "0123456789" * 10
    words = "x" * 1_950 + secret
    document = {"username": "jack", "plugins": {"key-auth": {"key": secret}}}
    body = json.dumps({"error_msg": words}).encode()
    with (
        answered(says(http(400, body))) as (client, _),
        pytest.raises(Invalid) as caught,
    ):
        client.put("consumer", "jack", document)
    assert len(str(caught.value)) <= 2_001
    assert "0123" not in str(caught.value)


def test_no_thread_and_no_descriptor_stays_behind() -> None:
    with answered(says(FOUND), deadline=LONG) as (client, _):
        client.get("route", "r")
        gc.collect()
        threads, descriptors = threading.active_count(), _descriptors()
        for _ in range(100):
            client.get("route", "r")
        eventually(lambda: threading.active_count() <= threads, "no thread more")
        gc.collect()
        assert _descriptors() == descriptors


def _descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def test_a_session_without_deadlines_is_refused() -> None:
    with (
        requests.Session() as session,
        client_of("http://127.0.0.1:9", session=session) as client,
        pytest.raises(TypeError),
    ):
        client.get("route", "r")


def test_one_client_serves_many_threads(
    client: AdminClient, sandbox: SandboxGateway
) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                name = f"r{number}-{turn}"
                client.put("route", name, {**ROUTE, "uri": f"/{name}"})
                assert client.get("route", name).document["uri"] == f"/{name}"
        except (GatewayError, AssertionError) as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(client.list("route")) == 60
    assert len(sandbox.requests("PUT")) == 60
