"""Reads answer as the gateway does, without its secrets; a draft lies over them."""

from typing import Any

import pytest
import requests

from gateway.mirror import refresh
from portal.changes.models import Item
from tests.facade.conftest import (
    UPSTREAM,
    Desk,
    Program,
    body_of,
    program_of,
    refused,
)
from tests.sandbox import SandboxGateway

pytestmark = pytest.mark.django_db

KEY = "the-secret-key-of-jack"


def direct(sandbox: SandboxGateway, path: str) -> requests.Response:
    """Ask the gateway itself."""
    return requests.get(
        f"{sandbox.admin_url}/apisix/admin{path}",
        headers={"X-API-KEY": sandbox.key},
        timeout=60,
    )


@pytest.fixture
def held(desk: Desk) -> Desk:
    """A gateway that holds something of most kinds."""
    put = desk.sandbox.put
    put("upstream", "u1", UPSTREAM | {"name": "pool", "labels": {"team": "a"}})
    for number in range(12):
        put("service", f"s{number:02}", {"name": f"svc{number}", "upstream_id": "u1"})
    put("route", "r1", {"uri": "/hello", "service_id": "s01", "name": "hello"})
    put("route", "r2", {"uris": ["/a", "/b"], "upstream_id": "u1"})
    put("consumer", "jack", {"username": "jack"})
    put("credential", "jack/credentials/c1", {"plugins": {"key-auth": {"key": KEY}}})
    put("global_rule", "1", {"plugins": {"request-id": {}}})
    put("plugin_metadata", "http-logger", {"log_format": {"host": "$host"}})
    put("proto", "p1", {"content": 'syntax = "proto3";'})
    secret = {"uri": "http://vault:8200", "prefix": "kv/apisix", "token": "t-0-k-3-n"}
    put("secret", "vault/1", secret)
    return desk


@pytest.mark.parametrize(
    "path",
    [
        "/routes",
        "/routes/",
        "/routes//r1",
        "/routes/r1",
        "/routes/r1/uri",
        "/routes/none",
        "/routes/a%20b",
        "/routes?name=hel",
        "/routes?uri=/a",
        "/routes?name=%5B",
        "/routes?filter=service_id%3Ds01",
        "/services?page=1&page_size=10",
        "/services?page=2&page_size=10",
        "/services?page=3&page_size=10",
        "/services?page=1&page_size=5",
        "/services?page_size=10",
        "/upstreams?label=team",
        "/upstreams?label",
        "/upstreams/u1",
        "/consumers/jack",
        "/consumers/nobody/credentials",
        "/global_rules/1",
        "/plugin_metadata/http-logger",
        "/protos",
        "/ssls",
        "/stream_routes",
        "/plugin_configs",
        "/consumer_groups/none",
        "/nosuch",
        "/plugins/list",
        "/plugins",
        "/plugins/limit-count",
        "/plugins/reload",
        "/schema/route",
        "/schema/nosuch",
        "/schema/plugins/key-auth?schema_type=consumer",
        "/schema/validate/routes",
    ],
)
def test_an_answer_is_the_gateway_s_own(held: Desk, alice: Program, path: str) -> None:
    expected = direct(held.sandbox, path)

    answered = alice.get(path)

    assert answered.status_code == expected.status_code
    if expected.headers["Content-Type"].startswith("application/json"):
        assert body_of(answered, expected.status_code) == expected.json()
        assert answered["X-API-VERSION"] == expected.headers["X-API-VERSION"]
    else:
        assert answered.content == expected.content
    assert answered["Content-Type"] == expected.headers["Content-Type"]


def test_secrets_are_masked_in_one_and_in_lists(held: Desk, alice: Program) -> None:
    for path in (
        "/consumers/jack/credentials/c1",
        "/consumers/jack/credentials",
        "/secrets/vault/1",
        "/secrets/vault",
        "/secrets",
        "/consumers/jack/credentials?mirror=true",
    ):
        refresh(held.gateway)
        answered = alice.get(path)
        assert answered.status_code == 200
        assert b"redacted:" in answered.content
        assert KEY.encode() not in answered.content
        assert b"t-0-k-3-n" not in answered.content


def test_a_mask_that_is_sent_back_keeps_the_secret(held: Desk, alice: Program) -> None:
    read = body_of(alice.get("/consumers/jack/credentials/c1"), 200)["value"]
    document = {"plugins": read["plugins"], "desc": "mobile"}

    answered = alice.put("/consumers/jack/credentials/c1", document, X_Change="submit")

    assert KEY.encode() not in answered.content
    [item] = Item.objects.filter(revision__number=2)
    assert item.whole_wanted()["plugins"]["key-auth"]["key"] == KEY
    assert item.wanted["plugins"] == read["plugins"]


def test_a_mask_that_stands_for_nothing_is_refused(held: Desk, alice: Program) -> None:
    document = {"plugins": {"key-auth": {"key": "redacted:00000000"}}}

    words = refused(alice.put("/consumers/jack/credentials/c1", document), 422)

    assert "does not stand for the secret" in words


def test_a_secret_of_a_draft_is_masked_and_kept_too(held: Desk, alice: Program) -> None:
    path = "/consumers/jack/credentials/c2"
    body_of(alice.put(path, {"plugins": {"key-auth": {"key": "another-key"}}}), 202)
    read = body_of(alice.get(path), 200)["value"]
    assert read["plugins"]["key-auth"]["key"].startswith("redacted:")

    body_of(alice.put(path, {"plugins": read["plugins"], "desc": "x"}), 202)

    assert Item.objects.get().whole_wanted()["plugins"]["key-auth"]["key"] == (
        "another-key"
    )


def test_the_mirror_answers_in_the_same_shape(held: Desk, alice: Program) -> None:
    refresh(held.gateway)
    held.sandbox.stop()

    answered = alice.get("/services?mirror=true&page=2&page_size=10")

    body = body_of(answered, 200)
    assert body["total"] == 12
    assert [row["key"] for row in body["list"]] == [
        "/apisix/services/s10",
        "/apisix/services/s11",
    ]
    assert set(body["list"][0]) == {"key", "value", "createdIndex", "modifiedIndex"}
    held.gateway.refresh_from_db()
    assert answered["X-As-Of"] == held.gateway.mirrored_at.isoformat()
    one = body_of(alice.get("/consumers/jack/credentials/c1?mirror=true"), 200)
    assert one["value"]["id"] == "c1"
    assert alice.get("/routes/none?mirror=true").status_code == 404
    assert alice.get("/consumers/x/credentials?mirror=true").status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
@pytest.mark.parametrize("path", ["/routes/%00", "/consumers/%00/credentials"])
def test_a_nul_in_the_address_is_no_request(
    desk: Desk, alice: Program, path: str
) -> None:
    assert refused(alice.get(f"{path}?mirror=true")) == "bad request"


def test_a_draft_lies_over_what_is_live(held: Desk, alice: Program) -> None:
    other = program_of(held.people.alice, name="other")
    body_of(alice.put("/routes/r0", {"uri": "/new", "upstream_id": "u1"}), 202)
    body_of(alice.patch("/routes/r1", {"desc": "drafted"}), 202)
    body_of(alice.delete("/routes/r2"), 202)

    listed = body_of(alice.get("/routes"), 200)

    assert listed["total"] == 2
    assert [row["value"]["id"] for row in listed["list"]] == ["r0", "r1"]
    assert all(isinstance(row["createdIndex"], int) for row in listed["list"])
    assert body_of(alice.get("/routes/r0"), 200)["value"]["uri"] == "/new"
    assert body_of(alice.get("/routes/r1"), 200)["value"]["desc"] == "drafted"
    assert body_of(alice.get("/routes/r2"), 404) == {"message": "Key not found"}
    assert body_of(alice.get("/routes?uri=/new"), 200)["total"] == 1
    paged = body_of(alice.get("/routes?page=1&page_size=10"), 200)
    assert [row["value"]["id"] for row in paged["list"]] == ["r1", "r0"]
    # Nobody else sees it.
    assert body_of(other.get("/routes"), 200)["total"] == 2
    assert other.get("/routes/r0").status_code == 404
    held.quiet()
    assert alice.get("/routes/r0").status_code == 404


def test_a_filter_that_runs_away_comes_to_an_end(held: Desk, alice: Program) -> None:
    body_of(alice.put("/routes/r9", {"uri": "/x", "upstream_id": "u1"}), 202)
    name = "a" * 100
    body_of(alice.patch("/routes/r9", {"name": name}), 202)

    answered = alice.get("/routes?name=(a%2B)%2B%24b")

    assert answered.status_code in (200, 400)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/schema/validate/routes", {"uri": 1}),
        ("/schema/validate/routes", {"uri": "/x"}),
        ("/schema/validate/nosuch", {}),
        ("/schema/validate/routes", b"{"),
        ("/configs/validate", {"routes": [{"uri": 1}]}),
        ("/configs/validate", {"routes": [{"id": "r1", "uri": "/x", "plugins": {}}]}),
    ],
)
def test_checks_that_store_nothing_pass(
    desk: Desk, alice: Program, path: str, body: Any
) -> None:
    expected = requests.post(
        f"{desk.sandbox.admin_url}/apisix/admin{path}",
        headers={"X-API-KEY": desk.sandbox.key},
        data=body if isinstance(body, bytes) else None,
        json=None if isinstance(body, bytes) else body,
        timeout=60,
    )

    answered = alice.post(path, body)

    assert (answered.status_code, answered.content) == (
        expected.status_code,
        expected.content,
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/plugins/reload", 405),
        ("GET", "/configs", 404),
        ("PUT", "/configs", 404),
        ("GET", "/plugins/..%2Froutes", 404),
        ("GET", "/schema/plugins/a/b", 404),
        ("POST", "/plugins/list", 404),
        ("HEAD", "/routes", 404),
        ("TRACE", "/routes", 404),
        ("GET", "", 404),
        ("GET", "/", 404),
    ],
)
def test_what_is_not_on_the_list_never_reaches_the_gateway(
    desk: Desk, alice: Program, method: str, path: str, status: int
) -> None:
    answered = alice.send(method, path)

    assert answered.status_code == status
    assert desk.sandbox.requests() == []


def test_of_the_caller_s_headers_none_reaches_the_gateway(
    desk: Desk, alice: Program
) -> None:
    """A conditional header would have the gateway answer 412 or 304."""
    desk.sandbox.put("upstream", "u1", UPSTREAM)

    answered = alice.get("/upstreams/u1", If_Match="x", If_None_Match="*")

    assert answered.status_code == 200
    [asked] = desk.sandbox.requests("GET", "/apisix/admin/upstreams/u1")
    assert asked["status"] == 200


def test_liveness_asks_the_gateway_of_a_caller_alone(
    desk: Desk, alice: Program
) -> None:
    assert alice.send("HEAD", "").status_code == 200
    desk.sandbox.stop()

    assert alice.send("HEAD", "", X_API_KEY="").status_code in (200, 401)
    assert alice.send("HEAD", "").status_code == 503
    assert alice.get("/routes").status_code == 503
