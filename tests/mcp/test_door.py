"""Who gets in at /mcp, what is read there, and what the protocol makes of messages."""

from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from portal.accounts.models import Scope
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from tests.factories import Cast, make_change, make_gateway
from tests.mcp.conftest import LATEST, Asker, asker_of
from tests.oauth.conftest import Asker as Program
from tests.oauth.conftest import registered
from tests.web.conftest import sign_in

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")


def initialize(version: str) -> dict[str, Any]:
    return {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }


def error_of(response: HttpResponse, status: int, code: int) -> dict[str, Any]:
    assert response.status_code == status, response.content.decode()
    body = orjson.loads(response.content)
    assert body["jsonrpc"] == "2.0"
    error: dict[str, Any] = body["error"]
    assert error["code"] == code
    assert error["message"]
    return error


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "PATCH"])
def test_only_posts_are_answered(alice: Asker, method: str) -> None:
    for asker in (alice, Asker("")):
        response = asker.send(b"", method)

        assert response.status_code == 405
        assert response["Allow"] == "POST"


@pytest.mark.django_db
def test_without_a_token_it_says_where_to_get_one() -> None:
    response = Asker("").send(PING)

    error_of(response, 401, -32600)
    told = response["WWW-Authenticate"]
    assert told.startswith("Bearer ")
    assert (
        'resource_metadata="http://localhost:5000/.well-known/oauth-protected-resource/mcp"'
        in told
    )
    assert 'scope="gateway:read changes:propose"' in told
    assert "error=" not in told


@pytest.mark.django_db
def test_a_bad_token_is_said_to_be_bad_and_counted(settings: Settings) -> None:
    settings.API_RATE_FAILED = 2

    responses = [Asker("nonsense-token").send(PING) for _ in range(3)]

    assert [one.status_code for one in responses] == [401, 401, 429]
    assert 'error="invalid_token"' in responses[0]["WWW-Authenticate"]
    assert int(responses[2]["Retry-After"]) >= 1


@pytest.mark.django_db
def test_a_session_is_no_way_in(people: Cast) -> None:
    client = sign_in(people.admin)

    response = client.post("/mcp", PING, content_type="application/json")

    assert response.status_code == 401


@pytest.mark.django_db
def test_a_token_for_the_api_does_not_open_it_and_one_for_it_does(people: Cast) -> None:
    program = Program(registered().json()["client_id"])
    for_api = program.connected_to(people.alice, resource="http://localhost:5000/api")
    for_mcp = program.connected_to(people.alice, resource="http://localhost:5000/mcp")

    assert Asker(for_api["access_token"]).send(PING).status_code == 401
    assert Asker(for_mcp["access_token"]).send(PING).status_code == 200
    read = Client().get(
        "/api/gateways", headers={"Authorization": f"Bearer {for_mcp['access_token']}"}
    )
    assert read.status_code == 401


@pytest.mark.django_db
def test_a_missing_scope_is_named_before_anything_is_done(
    people: Cast, gateway: Any
) -> None:
    reader = asker_of(people.alice, Scope.READ)
    arguments = {"reason": "why", "route": {"uri": "/x", "upstream_id": "1"}}

    response = reader.send(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "create_route", "arguments": arguments},
        }
    )

    error_of(response, 403, -32600)
    assert 'error="insufficient_scope"' in response["WWW-Authenticate"]
    assert 'scope="changes:propose"' in response["WWW-Authenticate"]
    assert "resource_metadata=" in response["WWW-Authenticate"]
    assert not ChangeRequest.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_each_token_is_counted(people: Cast, settings: Settings) -> None:
    settings.API_RATE_TOKEN = 2
    alice = asker_of(people.alice)

    statuses = [alice.send(PING).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert int(alice.send(PING)["Retry-After"]) >= 1
    assert asker_of(people.alice).send(PING).status_code == 200


@pytest.mark.django_db
def test_a_batch_is_counted_message_by_message(
    people: Cast, settings: Settings
) -> None:
    settings.API_RATE_TOKEN = 3
    alice = asker_of(people.alice, version="2025-03-26")

    assert alice.send([PING] * 4).status_code == 429


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://chatgpt.com", 200),
        ("http://localhost:5000", 200),
        ("https://evil.example.com", 403),
        ("http://localhost:6000", 403),
        ("vscode-webview://abc", 200),
        ("null", 200),
    ],
)
def test_pages_of_strangers_are_refused(alice: Asker, origin: str, status: int) -> None:
    assert alice.send(PING, Origin=origin).status_code == status


@pytest.mark.django_db
def test_a_name_that_is_not_the_desk_s_is_refused(alice: Asker) -> None:
    """As a page sends it whose own name was bent to this desk's address."""
    assert alice.send(PING, Host="evil.example.com").status_code == 400


@pytest.mark.django_db
def test_chatgpt_s_pages_may_ask_first_and_never_with_cookies() -> None:
    response = Client().options(
        "/mcp",
        headers={
            "Origin": "https://chatgpt.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,mcp-protocol-version",
        },
    )

    assert response["Access-Control-Allow-Origin"] == "https://chatgpt.com"
    assert "mcp-protocol-version" in response["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b" ", {}, 400, -32700),
        (b"{", {}, 400, -32700),
        (b"\xff\xfe", {}, 400, -32700),
        (b'{"a": 1, "a": 2}', {}, 400, -32700),
        (b"[" * 60_000, {}, 400, -32700),
        (b"x" * 2_000_000, {}, 413, -32600),
        (b"null", {}, 400, -32600),
        (b"{}", {}, 400, -32600),
        (b'"text"', {}, 400, -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', {}, 400, -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', {}, 400, -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}', {}, 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', {}, 400, -32600),
        (b'{"jsonrpc": "2.0", "method": 7}', {}, 400, -32600),
        (orjson.dumps(PING), {"Accept": "text/html"}, 406, -32600),
        (orjson.dumps(PING), {"Accept": "text/event-stream"}, 406, -32600),
        (orjson.dumps(PING), {"MCP_Protocol_Version": "1999-01-01"}, 400, -32022),
        (orjson.dumps(PING), {"MCP_Protocol_Version": "x" * 500}, 400, -32022),
    ],
)
def test_what_is_no_message_is_refused_with_words(
    alice: Asker, body: bytes, headers: dict[str, str], status: int, code: int
) -> None:
    error = error_of(alice.send(body, **headers), status, code)

    assert len(error["message"]) < 1_000


@pytest.mark.django_db
def test_other_types_of_body_are_refused(alice: Asker) -> None:
    response = Client().post(
        "/mcp",
        b"a=b",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {alice.secret}"},
    )

    error_of(response, 415, -32600)


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*;q=0.5"])
def test_whoever_takes_json_is_answered_in_json(alice: Asker, accept: str) -> None:
    response = alice.send(PING, Accept=accept)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert "Mcp-Session-Id" not in response


@pytest.mark.django_db
@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_that_clients_speak_is_agreed_on(
    people: Cast, version: str
) -> None:
    alice = asker_of(people.alice, version=None)

    told = alice.ask("initialize", **initialize(version))
    alice.version = version

    assert told["protocolVersion"] == version
    assert told["serverInfo"]["name"] == "gatehouse"
    assert "person reviews and approves" in told["instructions"]
    assert set(told["capabilities"]) >= {"tools", "resources", "prompts", "completions"}
    assert alice.send(INITIALIZED).status_code == 202
    assert alice.ask("ping") == {}
    assert alice.ask("tools/list")["tools"]


@pytest.mark.django_db
def test_a_client_of_the_future_is_offered_the_latest(people: Cast) -> None:
    alice = asker_of(people.alice, version=None)

    assert (
        alice.ask("initialize", **initialize("2099-01-01"))["protocolVersion"] == LATEST
    )


@pytest.mark.django_db
def test_the_version_of_2026_needs_no_handshake(people: Cast) -> None:
    alice = asker_of(people.alice, version="2026-07-28")
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }

    def ask(method: str, **params: Any) -> HttpResponse:
        return alice.send(
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": method,
                "params": {"_meta": meta, **params},
            },
            Mcp_Method=method,
            **({"Mcp_Name": params["name"]} if "name" in params else {}),
        )

    found = orjson.loads(ask("server/discover").content)["result"]
    called = orjson.loads(
        ask("tools/call", name="list_gateways", arguments={}).content
    )["result"]

    assert "2026-07-28" in found["supportedVersions"]
    assert called["structuredContent"]["results"] == []
    assert ask("tools/list").status_code == 200
    assert ask("nothing/there").status_code == 404


@pytest.mark.django_db
def test_batches_are_answered_where_their_version_has_them(people: Cast) -> None:
    alice = asker_of(people.alice, version="2025-03-26")
    messages = [PING, INITIALIZED, LIST | {"id": "two"}, {"nonsense": True}]

    response = alice.send(messages)

    told = orjson.loads(response.content)
    assert [one["id"] for one in told] == [1, "two", None]
    assert told[2]["error"]["code"] == -32600
    assert alice.send([INITIALIZED]).status_code == 202
    error_of(alice.send([]), 400, -32600)
    error_of(alice.send([PING] * 21), 400, -32600)
    first = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    error_of(alice.send([first | {"params": initialize(LATEST)}]), 400, -32600)


@pytest.mark.django_db
def test_one_message_of_a_batch_that_lacks_a_scope_does_not_hide_the_others(
    people: Cast,
) -> None:
    reader = asker_of(people.alice, Scope.READ, version="2025-03-26")
    filing = {"name": "create_route", "arguments": {}}
    asked = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": filing}

    first, second = orjson.loads(reader.send([PING, asked]).content)

    assert first == {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert second["id"] == 2
    assert second["error"]["data"] == {"scope": "changes:propose"}


@pytest.mark.django_db
def test_a_slash_at_the_end_of_the_address_does_not_matter(alice: Asker) -> None:
    response = Client().post(
        "/mcp/",
        PING,
        content_type="application/json",
        headers={"Authorization": f"Bearer {alice.secret}"},
    )

    assert orjson.loads(response.content) == {"jsonrpc": "2.0", "id": 1, "result": {}}


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_batches_are_refused_where_they_are_gone(people: Cast, version: str) -> None:
    error_of(asker_of(people.alice, version=version).send([PING]), 400, -32600)


@pytest.mark.django_db
def test_answers_to_nothing_and_notifications_are_taken(alice: Asker) -> None:
    assert alice.send({"jsonrpc": "2.0", "id": 1, "result": {}}).status_code == 202
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {}}
    assert alice.send(cancelled).status_code == 202
    assert alice.send({"jsonrpc": "2.0", "method": "unknown/one"}).status_code == 202


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("nothing/there", {}, -32601),
        ("logging/setLevel", {"level": "info"}, -32601),
        ("resources/subscribe", {"uri": "gatehouse://changes/1"}, -32601),
        ("tools/call", {}, -32602),
        ("tools/call", {"name": "approve_change"}, -32602),
        ("tools/call", {"name": "get_change", "arguments": [1]}, -32602),
        ("tools/call", {"name": 7}, -32602),
        ("resources/read", {"uri": 7}, -32602),
        ("resources/read", {"uri": "gatehouse://changes/999"}, -32002),
        ("resources/read", {"uri": "file:///etc/passwd"}, -32002),
        ("resources/read", {"uri": "gatehouse://gateways/no/routes/r"}, -32002),
        ("resources/list", {"cursor": "forged"}, -32602),
        ("prompts/get", {"name": "approve_everything"}, -32002),
        ("prompts/get", {"name": "publish_an_api"}, -32602),
        ("prompts/get", {"name": "publish_an_api", "arguments": {"path": 1}}, -32602),
    ],
)
def test_what_cannot_be_done_is_a_protocol_error_with_words(
    alice: Asker, method: str, params: dict[str, Any], code: int
) -> None:
    error = alice.told(method, **params)["error"]

    assert error["code"] == code
    assert error["message"]


@pytest.mark.django_db
def test_a_name_that_nearly_fits_is_helped_with(alice: Asker) -> None:
    error = alice.told("tools/call", name="get_all_route", arguments={})["error"]

    assert "Did you mean get_all_routes?" in error["message"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tool", "arguments", "status", "field"),
    [
        ("get_change", {}, 400, "number"),
        ("get_change", {"number": "1"}, 400, "number"),
        ("get_change", {"number": 10**15}, 404, "number"),
        ("get_change", {"number": 1, "nmber": 2}, 400, "nmber"),
        ("get_all_routes", {"limit": "many"}, 400, "limit"),
        ("get_all_routes", {"cursor": "forged"}, 400, "cursor"),
        ("get_all_routes", {"gateway": "nope"}, 404, "gateway"),
        ("list_resources", {"kind": "routes"}, 400, "kind"),
        ("create_route", {"reason": "why"}, 400, "route"),
        ("create_route", {"reason": "why", "route": {"uri": 7}}, 400, "route.uri"),
        ("create_route", {"route": {"uri": "/x", "upstream_id": "1"}}, 400, "reason"),
        (
            "propose_change",
            {"title": "t", "reason": "r", "items": [{}]},
            400,
            "items.0.action",
        ),
        (
            "simulate_request",
            {"request": {"method": "GET", "url": ""}},
            400,
            "request.url",
        ),
        ("fetch", {"id": "nothing"}, 404, "id"),
        ("fetch", {"id": "audit:1"}, 404, "id"),
        ("search", {}, 400, "query"),
    ],
)
def test_a_tool_says_what_to_mend(
    alice: Asker,
    gateway: Any,
    tool: str,
    arguments: dict[str, Any],
    status: int,
    field: str,
) -> None:
    problem = alice.is_refused(tool, **arguments)

    assert (problem["status"], problem["field"]) == (status, field)
    assert problem["detail"]
    assert problem["errors"][0]["detail"]


@pytest.mark.django_db
def test_a_gateway_that_is_down_is_told_so(alice: Asker, people: Cast) -> None:

    make_gateway(admin_url="http://127.0.0.1:1", version="")

    problem = alice.is_refused(
        "create_route", reason="why", route={"uri": "/x", "upstream_id": "1"}
    )

    assert (problem["status"], problem["code"]) == (503, "gateway_down")
    assert not ChangeRequest.objects.exists()


@pytest.mark.django_db
def test_others_changes_are_not_withdrawn(
    alice: Asker, people: Cast, gateway: Any
) -> None:
    change = make_change(gateway=gateway, author=people.riley)

    problem = alice.is_refused("withdraw_change", number=change.number)

    assert (problem["status"], problem["code"]) == (403, "not_yours")
