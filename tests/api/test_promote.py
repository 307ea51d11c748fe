"""What one gateway holds, asked for on another by a program."""

import pytest

from portal.accounts.models import Scope
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.changes.models import ChangeRequest
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored
from tests.factories import make_change, make_live_gateway
from tests.sandbox import SandboxGateway

PROMOTE = "/api/gateways/production/promote"
UPSTREAM = {"type": "roundrobin", "nodes": {"10.0.0.7:8080": 1}}
SHOP = {"uri": "/shop", "hosts": ["shop.staging.example.com"], "upstream_id": "orders"}
BODY = {
    "from": "default",
    "items": [{"kind": "route", "id": "shop"}],
    "reason": "It works on staging.",
}


@pytest.fixture(autouse=True)
def production(desk: Desk, second_sandbox: SandboxGateway) -> SandboxGateway:
    """The desk's gateway is staging, and holds a shop; this one has nothing yet."""
    desk.gateway.variables = {
        "shop_host": "shop.staging.example.com",
        "orders": "10.0.0.7:8080",
    }
    desk.gateway.save()
    make_live_gateway(
        second_sandbox,
        "production",
        variables={"orders": "10.9.0.7:80"},
    )
    desk.sandbox.put("upstream", "orders", UPSTREAM)
    desk.sandbox.put("route", "shop", SHOP)
    return second_sandbox


def test_it_is_filed_as_a_change_of_the_target(
    production: SandboxGateway, alice: Program
) -> None:
    answer = alice.post(PROMOTE, BODY)

    assert answer.status_code == 202
    change = ChangeRequest.objects.get()
    told = answer.json()["change"]
    assert (told["number"], told["gateway"]) == (change.number, "production")
    assert [one["code"] for one in told["findings"]].count("kept_as_it_is") == 1
    assert answer["Location"] == f"/api/changes/{change.number}"
    assert (change.channel, change.token) == ("promotion", alice.token)
    assert production.requests("write", "/apisix/admin/routes/shop") == []
    again = alice.post(PROMOTE, BODY)
    assert again["Idempotent-Replayed"] == "true"
    assert ChangeRequest.objects.count() == 1


def test_a_preview_shows_what_goes_along_and_stores_nothing(
    production: SandboxGateway, alice: Program
) -> None:
    before = stored()
    body = {name: value for name, value in BODY.items() if name != "reason"}

    told = alice.post(PROMOTE, body | {"preview": True}).json()

    assert told["gateway"] == "production"
    assert told["accepted"] is True
    assert told["along"] == [{"kind": "upstream", "id": "orders"}]
    assert told["there"] == []
    assert [one["id"] for one in told["items"]] == ["orders", "shop"]
    (kept,) = [one for one in told["findings"] if one["code"] == "kept_as_it_is"]
    assert kept["field"] == "routes.shop.hosts.0"
    production.put("upstream", "orders", UPSTREAM)
    told = alice.post(PROMOTE, BODY | {"preview": True}).json()
    assert (told["along"], told["there"]) == (
        [],
        [{"kind": "upstream", "id": "orders"}],
    )
    assert stored() == before


def test_a_secret_manager_that_the_target_lacks_is_named(
    desk: Desk, production: SandboxGateway, alice: Program
) -> None:
    vault = {"uri": "https://vault.example.com", "prefix": "kv", "token": "$ENV://T"}
    desk.sandbox.put("secret", "vault/1", vault)
    plugins = {"key-auth": {"key": "$secret://vault/1/jack/key"}}
    desk.sandbox.put("consumer", "jack", {"username": "jack", "plugins": plugins})
    body = BODY | {"items": [{"kind": "consumer", "id": "jack"}], "preview": True}

    told = alice.post(PROMOTE, body).json()

    (finding,) = [one for one in told["findings"] if one["code"] == "missing_secret"]
    assert finding["field"] == "consumers.jack.plugins.key-auth.key"
    assert "secret vault/1, which gateway production does not have" in finding["words"]
    production.put("secret", "vault/1", vault)
    told = alice.post(PROMOTE, body).json()
    assert "missing_secret" not in [one["code"] for one in told["findings"]]


def test_wrong_questions_name_the_field(desk: Desk, alice: Program) -> None:
    other = make_change(gateway=desk.gateway, author=desk.people.alice)
    before = stored()

    for more, status, field in (
        ({"from": "nowhere"}, 404, "from"),
        ({"from": "production"}, 400, "from"),
        ({"from": 1}, 400, "from"),
        ({"items": []}, 400, "items"),
        ({"items": [{"kind": "route"}]}, 400, "items.0.id"),
        ({"items": [{"kind": "route", "id": "no"}]}, 404, "items.0.id"),
        ({"items": [{"kind": "route", "id": "a b"}]}, 400, "items.0"),
        ({"change": other.number}, 400, "items"),
        ({"change": 99, "items": None}, 400, "items"),
        ({"reason": ""}, 400, "reason"),
        ({"with_references": False}, 422, "routes.shop.upstream_id"),
        ({"nope": 1}, 400, "nope"),
    ):
        assert_problem(alice.post(PROMOTE, BODY | more), status, field=field)
    body = {"from": "default", "reason": "r"}
    assert_problem(alice.post(PROMOTE, body), 400, field="items")
    assert_problem(alice.post(PROMOTE, body | {"change": 99}), 404, field="change")
    assert_problem(
        alice.post(PROMOTE, body | {"change": other.number}), 409, "wrong_state"
    )
    assert_problem(alice.post("/api/gateways/no/promote", BODY), 404)
    assert stored() == before


def test_a_token_that_only_reads_promotes_nothing(desk: Desk) -> None:
    reader = program_of(desk.people.alice, Scope.READ)

    assert_problem(reader.post(PROMOTE, BODY), 403)
    assert not ChangeRequest.objects.exists()


def test_the_whole_document_has_it_and_the_plugin_s_has_not() -> None:
    whole, plugin = (
        {one["operationId"] for one in operations_of(make("http://localhost:5000"))}
        for make in (whole_document, plugin_document)
    )

    assert "promoteToGateway" in whole - plugin
