"""What APISIX would refuse is refused in its words, and nothing is filed."""

from typing import Any

import pytest
import requests

from portal.accounts.models import Scope
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest, Item
from tests.certificates import self_signed
from tests.facade.conftest import (
    UPSTREAM,
    Desk,
    Program,
    body_of,
    program_of,
    refused,
)
from tests.factories import make_access, make_gateway, make_person, make_program

pytestmark = pytest.mark.django_db

ROUTE = {"uri": "/x", "upstream": UPSTREAM}
KEYED = {"plugins": {"key-auth": {"key": "k1"}}}


@pytest.fixture
def held(desk: Desk) -> Desk:
    put = desk.sandbox.put
    put("upstream", "u1", UPSTREAM)
    put("service", "s1", {"upstream_id": "u1"})
    put("plugin_config", "pc", {"plugins": {"cors": {}}})
    put("consumer_group", "g1", {"plugins": {"cors": {}}})
    put("route", "r1", {"uri": "/r1", "service_id": "s1", "plugin_config_id": "pc"})
    put("consumer", "jack", {"username": "jack", "group_id": "g1"})
    put("credential", "jack/credentials/c1", {"plugins": {"key-auth": {"key": "k3"}}})
    put("consumer", "joe", {"username": "joe", **KEYED})
    put("global_rule", "1", {"plugins": {"cors": {}}})
    put("route", "r2", ROUTE | {"desc": "d", "labels": {"a": "1", "b": "2"}})
    return desk


# Each is sent to the gateway itself and to the façade.
REFUSED: list[tuple[str, str, Any]] = [
    ("PUT", "/routes/r9", {"uri": 1, "upstream": UPSTREAM}),
    ("PUT", "/routes/r9", {"uri": "/x"}),
    ("PUT", "/routes/r9", {"uri": "/x", "upstream_id": "nope"}),
    ("PUT", "/routes/r9", {"uri": "/x", "service_id": "nope"}),
    ("PUT", "/routes/r9", ROUTE | {"plugin_config_id": "nope"}),
    ("PUT", "/routes/r9", ROUTE | {"plugins": {"nope": {}}}),
    ("PUT", "/routes/r9", ROUTE | {"plugins": {"limit-count": {}}}),
    ("PUT", "/routes/r9", ROUTE | {"create_time": 1}),
    ("PUT", "/routes/r9", ROUTE | {"id": "other"}),
    ("PUT", "/routes/r9", ROUTE | {"host": "a", "hosts": ["b"]}),
    ("PUT", "/routes/a%20b", ROUTE),
    ("PUT", "/routes", ROUTE),
    ("PUT", "/routes/r9", None),
    ("PUT", "/routes/r9", b"{"),
    ("POST", "/routes/r9", ROUTE),
    ("POST", "/routes", ROUTE | {"id": "r9"}),
    ("POST", "/consumers", {"username": "x"}),
    ("POST", "/global_rules", {"plugins": {"cors": {}}}),
    ("PATCH", "/consumers/jack", {"desc": "x"}),
    ("PATCH", "/protos/p1", {"content": "x"}),
    ("PATCH", "/routes/none", {"desc": "x"}),
    ("PATCH", "/routes", {"desc": "x"}),
    ("PATCH", "/routes/r2", None),
    ("PATCH", "/routes/r2", {"uri": 1}),
    ("PATCH", "/routes/r2", {"id": "other"}),
    ("PATCH", "/routes/r2", "text"),
    ("PATCH", "/routes/r2/uri/deeper", "x"),
    ("PUT", "/services/s9", {"upstream_id": "nope"}),
    ("PUT", "/consumers/jill", {"username": "jack"}),
    ("PUT", "/consumers", {"username": "a b"}),
    ("PUT", "/consumers", {"username": "x", "group_id": "nope"}),
    ("PUT", "/consumers/nobody/credentials/c1", {"desc": "nobody's"}),
    ("PUT", "/consumers", {"username": "jill", **KEYED}),
    ("PUT", "/global_rules/2", {"plugins": {"cors": {}}}),
    ("PUT", "/plugin_metadata/nope", {"log_format": {}}),
    ("PUT", "/plugin_metadata", {"log_format": {}}),
    ("PUT", "/stream_routes/1", {"upstream": UPSTREAM}),
    ("PUT", "/ssls/1", {"sni": "a", "cert": "x"}),
    ("PUT", "/protos/1", {"content": "nonsense {"}),
    ("PUT", "/secrets/nope/1", {"uri": "x"}),
    ("DELETE", "/routes/none", None),
    ("DELETE", "/routes", None),
    ("DELETE", "/upstreams/u1", None),
    ("DELETE", "/services/s1", None),
    ("DELETE", "/plugin_configs/pc", None),
    ("DELETE", "/consumer_groups/g1", None),
    ("PUT", "/nosuch/1", {}),
    ("PUT", "/routes/r9?ttl=abc", ROUTE),
]


def without_times(answer: Any) -> Any:
    """Return the value of an answer without what the clock says."""
    times = {name: answer["value"].pop(name) for name in ("create_time", "update_time")}
    assert all(isinstance(one, int) for one in times.values())
    return answer["value"]


def name(value: Any) -> str:
    return str(value)[:60]


@pytest.mark.parametrize(("method", "path", "body"), REFUSED, ids=name)
def test_a_refusal_is_the_gateway_s_own(
    held: Desk, alice: Program, method: str, path: str, body: Any
) -> None:
    answered = alice.send(method, path, body)
    expected = requests.request(
        method,
        f"{held.sandbox.admin_url}/apisix/admin{path}",
        headers={"X-API-KEY": held.sandbox.key},
        data=body if isinstance(body, bytes) else None,
        json=None if isinstance(body, bytes) else body,
        timeout=60,
    )

    assert expected.status_code >= 400
    assert body_of(answered, expected.status_code) == expected.json()
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize("body", [b"null", b'"x"', b"[]", b"1", b'{"a":1,"a":2}'])
def test_a_body_that_is_no_object_is_refused(
    held: Desk, alice: Program, body: bytes
) -> None:
    assert "invalid request body" in refused(alice.put("/routes/r9", body))
    assert not ChangeRequest.objects.exists()


PATCHES: list[tuple[str, Any]] = [
    ("/routes/r2", {"labels": {"b": None, "c": "3"}}),
    ("/routes/r2", {"desc": None}),
    ("/routes/r2", {"methods": ["GET"]}),
    ("/routes/r2", {"upstream": {"nodes": {"127.0.0.1:9": 1, "127.0.0.1:8000": None}}}),
    (
        "/routes/r2",
        {"upstream": {"nodes": None, "service_name": "s", "discovery_type": "dns"}},
    ),
    ("/routes/r2", {"vars": [["arg_a", "==", "1"]], "create_time": 5}),
    ("/routes/r2/upstream/nodes", {"127.0.0.1:9": 2}),
    ("/routes/r2/methods", ["GET", "POST"]),
    ("/routes/r2/desc", "hello"),
    ("/routes/r2/labels/c", "3"),
    ("/routes/r2/plugins/limit-count", {"count": 2, "time_window": 60}),
    ("/upstreams/u1", {"retries": 3}),
    ("/global_rules/1", {"plugins": {"request-id": {}}}),
]


@pytest.mark.parametrize(("path", "body"), PATCHES, ids=name)
def test_a_patch_asks_for_what_the_gateway_would_make_of_it(
    held: Desk, alice: Program, path: str, body: Any
) -> None:
    answered = without_times(body_of(alice.patch(path, body), 202))
    expected = requests.patch(
        f"{held.sandbox.admin_url}/apisix/admin{path}",
        headers={"X-API-KEY": held.sandbox.key},
        json=body,
        timeout=60,
    )

    assert expected.status_code == 200, expected.text
    assert answered == without_times(expected.json())


def test_a_patch_that_changes_nothing_asks_for_nothing(
    held: Desk, alice: Program
) -> None:
    body_of(alice.patch("/routes/r2", {"labels": {}}), 200)

    assert not ChangeRequest.objects.exists()


def test_a_patch_of_a_certificate_keeps_the_key_that_the_desk_brought(
    held: Desk, alice: Program
) -> None:
    certified = self_signed("shop.example.com")
    whole = {"sni": "shop.example.com", "cert": certified.pem, "key": certified.key_pem}
    answered = alice.put("/ssls/shop", whole, X_Change="submit")
    assert certified.key_pem.encode() not in answered.content
    held.apply(held.the_change())

    body = body_of(alice.patch("/ssls/shop", {"labels": {"team": "a"}}), 202)

    assert body["value"]["key"].startswith("redacted:")
    item = Item.objects.get(revision__change=body["change"]["number"])
    assert item.whole_wanted()["key"] == certified.key_pem


def test_a_patch_of_a_certificate_whose_key_nobody_knows_is_refused(
    held: Desk, alice: Program
) -> None:
    certified = self_signed("shop.example.com")
    whole = {"sni": "shop.example.com", "cert": certified.pem, "key": certified.key_pem}
    held.sandbox.put("ssl", "shop", whole)

    words = refused(alice.patch("/ssls/shop", {"labels": {"team": "a"}}))

    assert "private key" in words


def test_a_post_gets_an_id_of_the_desk_s(held: Desk, alice: Program) -> None:
    body = body_of(alice.post("/routes", {"name": "Speakers", **ROUTE}), 202)

    item = Item.objects.get()
    assert body["key"] == f"/apisix/routes/{item.resource_id}"
    assert body["value"]["id"] == item.resource_id
    assert item.resource_id.startswith("speakers-")


def test_a_numeric_id_of_the_body_is_text(held: Desk, alice: Program) -> None:
    body = body_of(alice.put("/routes", ROUTE | {"id": 7}), 202)

    assert (body["key"], body["value"]["id"]) == ("/apisix/routes/7", "7")


def test_nested_kinds_are_written_under_their_names(held: Desk, alice: Program) -> None:
    credential = {"plugins": {"key-auth": {"key": "k2"}}}
    vault = {"uri": "http://vault:8200", "prefix": "kv", "token": "t"}

    told = [
        body_of(alice.put("/consumers/jack/credentials/c2", credential), 202)["key"],
        body_of(alice.put("/secrets/vault/1", vault), 202)["key"],
        body_of(alice.put("/consumers", {"username": "jill"}), 202)["key"],
        body_of(alice.put("/plugin_metadata/cors", {"allow_origins": {"a": "*"}}), 202)[
            "key"
        ],
        body_of(alice.delete("/consumers/jack/credentials/c1"), 202)["key"],
    ]

    assert told == [
        "/apisix/consumers/jack/credentials/c2",
        "/apisix/secrets/vault/1",
        "/apisix/consumers/jill",
        "/apisix/plugin_metadata/cors",
        "/apisix/consumers/jack/credentials/c1",
    ]
    held.quiet()
    held.apply(held.the_change())


def test_force_changes_nothing_and_ttl_is_refused(held: Desk, alice: Program) -> None:
    assert "still using it" in refused(alice.delete("/upstreams/u1?force=true"))
    assert "expires_after" in refused(alice.put("/routes/r9?ttl=60", ROUTE))
    body_of(alice.delete("/routes/r2?force=true"), 202)


def test_a_delete_may_follow_the_delete_of_its_referrer(
    held: Desk, alice: Program
) -> None:
    body_of(alice.delete("/routes/r1"), 202)
    body_of(alice.delete("/services/s1"), 202)
    body_of(alice.delete("/upstreams/u1"), 202)
    held.quiet()

    held.apply(held.the_change())

    assert held.sandbox.get("upstream", "u1") is None


def test_the_desk_s_own_rules_stop_a_write_at_once(
    held: Desk, alice: Program, settings: Any
) -> None:
    settings.CHECK_BLOCKED_DESTINATIONS = frozenset({"metadata"})
    upstream = {"type": "roundrobin", "nodes": {"169.254.169.254:80": 1}}

    body = body_of(alice.put("/upstreams/u9", upstream), 422)

    assert body["error_msg"]
    assert body["findings"]
    assert not ChangeRequest.objects.exists()


def test_a_refusal_tells_no_secret_of_the_live_document(
    held: Desk, alice: Program
) -> None:
    held.sandbox.put(
        "route", "r3", ROUTE | {"plugins": {"basic-auth": {}, "key-auth": {}}}
    )
    answered = alice.patch("/routes/r3", {"plugins": {"nope": {"key": "s3cr3t-v4lue"}}})

    assert "s3cr3t-v4lue" not in refused(answered)


class TestWhoMayWrite:
    def test_without_a_token(self, held: Desk, alice: Program) -> None:
        answered = alice.get("/routes", X_API_KEY="")

        assert body_of(answered, 401)["error_msg"] == "failed to check token"
        assert answered["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize(
        "headers",
        [
            {"X_API_KEY": "nonsense-that-is-long"},
            {"X_API_KEY": "", "Authorization": "Bearer nonsense-that-is-long"},
            {"X_API_KEY": "", "Authorization": "Basic Zm9vOmJhcg=="},
            {"X_API_KEY": "", "Cookie": "x_api_key=SECRET"},
        ],
    )
    def test_with_a_bad_one(
        self, held: Desk, alice: Program, headers: dict[str, str]
    ) -> None:
        sent = {k: v.replace("SECRET", alice.secret) for k, v in headers.items()}

        body = body_of(alice.get("/routes", **sent), 401)

        assert set(body) == {"error_msg", "description"}

    def test_a_token_in_the_address_is_refused_with_words(
        self, held: Desk, alice: Program
    ) -> None:
        answered = alice.get(f"/routes?api_key={alice.secret}", X_API_KEY="")

        assert "ends up in logs" in body_of(answered, 401)["description"]
        assert alice.get(f"/routes?api_key={alice.secret}").status_code == 401

    def test_a_bearer_is_as_good(self, held: Desk, alice: Program) -> None:
        bearer = f"Bearer {alice.secret}"

        assert (
            alice.get("/routes", X_API_KEY="", Authorization=bearer).status_code == 200
        )

    def test_a_connected_program_with_an_access_token(
        self, held: Desk, alice: Program
    ) -> None:
        secret = make_access(make_program(), alice.person)
        bearer = {"X_API_KEY": "", "Authorization": f"Bearer {secret}"}

        body_of(alice.put("/routes/r9", ROUTE, **bearer), 202)

        assert alice.get("/routes/r9", **bearer).status_code == 200
        assert alice.get("/routes/r9").status_code == 404  # another program's draft
        held.quiet()
        held.apply(held.the_change())

    def test_a_token_that_only_reads(self, held: Desk, alice: Program) -> None:
        reader = program_of(alice.person, scopes=(Scope.READ,))

        assert reader.get("/routes").status_code == 200
        assert "changes:propose" in refused(reader.put("/routes/r9", ROUTE), 403)

    def test_an_auditor(self, held: Desk) -> None:
        reader = program_of(held.people.audrey)

        assert reader.get("/routes").status_code == 200
        assert "may not ask" in refused(reader.put("/routes/r9", ROUTE), 403)

    def test_a_gateway_that_is_not_theirs(self, held: Desk) -> None:
        other = make_gateway("other", admin_url="http://127.0.0.1:1")
        stranger = program_of(make_person("sam", Role.AUTHOR, gateway=held.gateway))
        stranger.base = f"/g/{other.slug}/apisix/admin"

        assert "no gateway 'other'" in refused(stranger.get("/routes"), 404)

    def test_a_gateway_by_its_name(self, held: Desk, alice: Program) -> None:
        alice.base = f"/g/{held.gateway.slug}/apisix/admin"

        body_of(alice.put("/routes/r9", ROUTE), 202)

        assert held.the_change().gateway == held.gateway
        assert body_of(alice.get("/routes/r9"), 200)["value"]["uri"] == "/x"

    def test_too_many_requests_in_a_minute(
        self, held: Desk, alice: Program, settings: Any
    ) -> None:
        settings.API_RATE_TOKEN = 2
        statuses = [alice.get("/routes").status_code for _ in range(3)]

        assert statuses == [200, 200, 429]
        answered = alice.get("/routes")
        assert "Too many requests" in refused(answered, 429)
        assert 1 <= int(answered["Retry-After"]) <= 60
        assert (answered["RateLimit-Limit"], answered["RateLimit-Remaining"]) == (
            "2",
            "0",
        )

    def test_a_body_beyond_the_limit(
        self, held: Desk, alice: Program, settings: Any
    ) -> None:
        settings.API_BODY_LIMIT = 1_000

        words = refused(alice.put("/routes/r9", ROUTE | {"desc": "x" * 1_000}))

        assert "is greater than the maximum size 1000 allowed" in words

    def test_no_page_of_another_site_is_answered(
        self, held: Desk, alice: Program
    ) -> None:
        asked = {
            "Origin": "https://evil.example",
            "Access_Control_Request_Method": "PUT",
        }

        for answered in (
            alice.send("OPTIONS", "/routes", **asked),
            alice.get("/routes", Origin="https://evil.example"),
        ):
            assert answered.status_code == 200
            assert not [n for n in answered.headers if n.startswith("Access-Control")]
