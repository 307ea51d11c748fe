"""Every wrong request is refused with words that name the field, and leaves nothing."""

from typing import Any

import pytest

from gateway.models import Catalogue
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest
from portal.changes.plan import ITEM_LIMIT
from portal.wire.inputs.fields import TOLD_AT_MOST
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored
from tests.factories import make_change, make_gateway, make_person

GOOD: dict[str, Any] = {
    "uri": "/speaker/*",
    "upstream": {"url": "http://127.0.0.1:8000"},
}


def body(**route: Any) -> dict[str, Any]:
    return {"reason": "The conference starts.", "route": GOOD | route}


WRONG_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "reason"),
    "no reason": ({"route": GOOD}, "reason"),
    "empty reason": ({"reason": "", "route": GOOD}, "reason"),
    "blank reason": ({"reason": "  \n", "route": GOOD}, "reason"),
    "long reason": ({"reason": "x" * 5_001, "route": GOOD}, "reason"),
    "reason no text": ({"reason": ["x"], "route": GOOD}, "reason"),
    "reason a number": ({"reason": 5, "route": GOOD}, "reason"),
    "reason null": ({"reason": None, "route": GOOD}, "reason"),
    "long title": ({"reason": "x", "title": "x" * 201, "route": GOOD}, "title"),
    "no route": ({"reason": "x"}, "route"),
    "route null": ({"reason": "x", "route": None}, "route"),
    "route a list": ({"reason": "x", "route": []}, "route"),
    "route a text": ({"reason": "x", "route": "/speaker"}, "route"),
    "route empty": ({"reason": "x", "route": {}}, "route.uri"),
    "unknown field": ({**body(), "raison": "x"}, "raison"),
    "unknown field of the route": (body(uris_=["/a"]), "route.uris_"),
    "unknown field of the upstream": (
        body(upstream={"urll": "http://a"}),
        "route.upstream.urll",
    ),
    "no destination": (
        {"reason": "x", "route": {"uri": "/a"}},
        "route.upstream",
    ),
    "uri a number": (body(uri=5), "route.uri"),
    "uri and uris": (body(uris=["/a"]), "route.uris"),
    "host and hosts": (body(host="a.example", hosts=["b.example"]), "route.hosts"),
    "methods a text": (body(methods="GET"), "route.methods"),
    "unknown method": (body(methods=["GET", "FETCH"]), "route.methods.1"),
    "priority a text": (body(priority="10"), "route.priority"),
    "priority true": (body(priority=True), "route.priority"),
    "status a text": (body(status="1"), "route.status"),
    "status true": (body(status=True), "route.status"),
    "plugins a list": (body(plugins=["limit-count"]), "route.plugins"),
    "plugin a number": (body(plugins={"limit-count": 5}), "route.plugins.limit-count"),
    "labels not text": (body(labels={"team": 7}), "route.labels.team"),
    "timeout negative": (
        body(timeout={"connect": -1, "send": 1, "read": 1}),
        "route.timeout.connect",
    ),
    "websocket a number": (body(enable_websocket=1), "route.enable_websocket"),
    "vars an object": (body(vars={}), "route.vars"),
    "upstream a text": (body(upstream="http://a"), "route.upstream"),
    "nodes a text": (body(upstream={"nodes": "a:1"}), "route.upstream.nodes"),
    "node without weight": (
        body(upstream={"nodes": [{"host": "a"}]}),
        "route.upstream.nodes.0.weight",
    ),
    "weight a text": (
        body(upstream={"nodes": {"a:1": "1"}}),
        "route.upstream.nodes.a:1",
    ),
    "port too large": (
        body(upstream={"nodes": [{"host": "a", "port": 70_000, "weight": 1}]}),
        "route.upstream.nodes.0.port",
    ),
    "unknown scheme": (
        body(upstream={"url": "http://a", "scheme": "ftp"}),
        "route.upstream.scheme",
    ),
    "url with a path": (
        body(upstream={"url": "http://127.0.0.1:8000/v1"}),
        "route.upstream.url",
    ),
    "url with a password": (
        body(upstream={"url": "http://u:p@127.0.0.1:8000"}),
        "route.upstream.url",
    ),
    "url of another scheme": (
        body(upstream={"url": "ftp://127.0.0.1"}),
        "route.upstream.url",
    ),
    "id with a blank": (body(id="a b"), "route.id"),
    "id with a slash": (body(id="a/b"), "route.id"),
    "id too long": (body(id="a" * 65), "route.id"),
    "id zero": (body(id=0), "route.id"),
    "id an object": (body(id={}), "route.id"),
    "gateway a number": ({**body(), "gateway": 5}, "gateway"),
    "gateway empty": ({**body(), "gateway": ""}, "gateway"),
    "key a number": ({**body(), "idempotency_key": 5}, "idempotency_key"),
    "key too long": ({**body(), "idempotency_key": "x" * 256}, "idempotency_key"),
}


@pytest.mark.parametrize(
    ("sent", "field"), WRONG_BODIES.values(), ids=WRONG_BODIES.keys()
)
def test_a_wrong_route_is_400_that_names_the_field(
    sent: dict[str, Any], field: str, desk: Desk, alice: Program
) -> None:
    before = stored()

    assert_problem(alice.post("/api/routes", sent), 400, "malformed", field)
    assert stored() == before
    assert desk.sandbox.requests("write") == []


WRONG_CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "no title": (
        {"reason": "x", "items": [{"action": "delete", "kind": "route", "id": "a"}]},
        "title",
    ),
    "no items": ({"title": "x", "reason": "x"}, "items"),
    "empty items": ({"title": "x", "reason": "x", "items": []}, "items"),
    "items an object": ({"title": "x", "reason": "x", "items": {}}, "items"),
    "an item is a text": ({"title": "x", "reason": "x", "items": ["x"]}, "items.0"),
    "unknown action": (
        {"title": "x", "reason": "x", "items": [{"action": "drop", "kind": "route"}]},
        "items.0.action",
    ),
    "unknown kind": (
        {
            "title": "x",
            "reason": "x",
            "items": [{"action": "delete", "kind": "routes"}],
        },
        "items.0.kind",
    ),
    "document a list": (
        {
            "title": "x",
            "reason": "x",
            "items": [{"action": "create", "kind": "route", "document": []}],
        },
        "items.0.document",
    ),
    "no document": (
        {"title": "x", "reason": "x", "items": [{"action": "create", "kind": "route"}]},
        "items.0.document",
    ),
    "delete with a document": (
        {
            "title": "x",
            "reason": "x",
            "items": [{"action": "delete", "kind": "route", "id": "a", "document": {}}],
        },
        "items.0.document",
    ),
    "delete without an id": (
        {"title": "x", "reason": "x", "items": [{"action": "delete", "kind": "route"}]},
        "items.0.id",
    ),
    "an id that APISIX refuses": (
        {
            "title": "x",
            "reason": "x",
            "items": [{"action": "delete", "kind": "route", "id": "../x"}],
        },
        "items.0.id",
    ),
    "a credential's id without its consumer": (
        {
            "title": "x",
            "reason": "x",
            "items": [
                {"action": "create", "kind": "credential", "id": "c1", "document": {}}
            ],
        },
        "items.0.id",
    ),
    "unknown field of an item": (
        {
            "title": "x",
            "reason": "x",
            "items": [{"action": "delete", "kind": "route", "id": "a", "force": True}],
        },
        "items.0.force",
    ),
    "the same resource twice": (
        {
            "title": "x",
            "reason": "x",
            "items": [
                {
                    "action": "create",
                    "kind": "upstream",
                    "id": "u",
                    "document": {"nodes": {"a:1": 1}},
                },
                {
                    "action": "create",
                    "kind": "upstream",
                    "id": "u",
                    "document": {"nodes": {"b:1": 1}},
                },
            ],
        },
        "items.1",
    ),
    "too many items": (
        {
            "title": "x",
            "reason": "x",
            "items": [{"action": "delete", "kind": "route", "id": "a"}]
            * (ITEM_LIMIT + 1),
        },
        "items",
    ),
}


@pytest.mark.parametrize(
    ("sent", "field"), WRONG_CHANGES.values(), ids=WRONG_CHANGES.keys()
)
def test_a_wrong_change_is_400_that_names_the_field(
    sent: dict[str, Any], field: str, desk: Desk, alice: Program
) -> None:
    before = stored()

    assert_problem(alice.post("/api/changes", sent), 400, "malformed", field)
    assert stored() == before


@pytest.mark.parametrize(
    "resource_id", ["a b", "%00", "a%2Fb", "\u00e4", "a" * 65, "%ff", "a;b", "..%2f.."]
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_id_that_apisix_refuses_is_refused_in_the_path(
    method: str, resource_id: str, desk: Desk, alice: Program
) -> None:
    before = stored()
    sent = {"reason": "x", "route": {"desc": "y"}} if method == "PATCH" else None

    response = alice.send(method, f"/api/routes/{resource_id}?reason=x", sent)

    assert_problem(response, 404 if "2f" in resource_id.lower() else 400)
    assert stored() == before


def test_an_unknown_field_names_the_nearest_known_one(
    desk: Desk, alice: Program
) -> None:
    answer = assert_problem(alice.post("/api/routes", body(method=["GET"])), 400)

    assert "Did you mean methods?" in answer["detail"]


def test_all_wrong_fields_are_told_at_once(desk: Desk, alice: Program) -> None:
    sent = {"raison": 1, "reason": 2, "route": {"uri": 3, "hots": "x"}}

    answer = assert_problem(alice.post("/api/routes", sent), 400)

    fields = {error["field"] for error in answer["errors"]}
    assert fields == {"raison", "reason", "route.uri", "route.hots"}


def test_a_field_that_this_gateway_s_own_schema_knows_is_passed_on(
    desk: Desk, alice: Program
) -> None:
    desk.hold("route", "r1", {"uri": "/a", "upstream": {"nodes": {"a:1": 1}}})
    kept = desk.gateway.catalogue
    kept.document["kinds"]["route"]["properties"]["brand_new"] = {"type": "string"}
    kept.fetched_at = kept.fetched_at.replace(year=2000)
    kept.save()

    answer = alice.post("/api/changes/preview", {"items": []})
    assert_problem(answer, 400)
    refused = alice.patch(
        "/api/routes/r1", {"reason": "x", "route": {"brand_new": "y", "brand_old": "z"}}
    )

    answer = assert_problem(refused, 400, field="route.brand_old")
    assert [error["field"] for error in answer["errors"]] == ["route.brand_old"]


def test_a_missing_upstream_is_422_with_the_finding(desk: Desk, alice: Program) -> None:
    before = stored()
    sent = {"reason": "x", "route": {"uri": "/a", "upstream_id": "nope"}}

    answer = assert_problem(
        alice.post("/api/routes", sent), 422, "blocked", field="route.upstream_id"
    )

    finding = next(f for f in answer["findings"] if f["code"] == "missing_reference")
    assert finding["severity"] == "blocker"
    assert finding["path"] == "upstream_id"
    assert finding["mend"]
    assert stored() == before


def test_findings_name_items_as_the_request_orders_them(
    desk: Desk, alice: Program
) -> None:
    route = {"uri": "/a", "upstream_id": "nope"}
    upstream = {"nodes": {"a:1": 1}}
    sent = {
        "title": "x",
        "reason": "x",
        "items": [
            {"action": "create", "kind": "route", "document": route},
            {"action": "create", "kind": "upstream", "id": "u", "document": upstream},
        ],
    }
    at = "items.0.document.upstream_id"

    refused = assert_problem(alice.post("/api/changes", sent), 422, "blocked", field=at)

    # A plan creates the upstream first; the caller has never seen that order.
    assert (0, at) in [(f["item"], f["field"]) for f in refused["findings"]]
    tried = alice.post("/api/changes/preview", sent).json()
    assert [item["kind"] for item in tried["items"]] == ["upstream", "route"]
    assert (1, at) in [(f["item"], f["field"]) for f in tried["findings"]]


def test_a_kind_that_the_gateway_does_not_offer_is_422(
    desk: Desk, alice: Program
) -> None:
    before = stored()
    document = {"server_port": 9100, "upstream": {"nodes": {"127.0.0.1:1": 1}}}
    item = {"action": "create", "kind": "stream_route", "document": document}

    response = alice.post(
        "/api/changes", {"title": "t", "reason": "r", "items": [item]}
    )

    answer = assert_problem(response, 422, "blocked")
    [finding] = [f for f in answer["findings"] if f["code"] == "kind_not_offered"]
    assert "stream mode is disabled" in finding["words"]
    assert finding["item"] == 0
    assert stored() == before


def test_a_plugin_that_the_gateway_does_not_have_is_422(
    desk: Desk, alice: Program
) -> None:
    before = stored()

    response = alice.post("/api/routes", body(plugins={"limit-cuont": {}}))

    answer = assert_problem(response, 422, "blocked")
    finding = next(f for f in answer["findings"] if f["code"] == "unknown_plugin")
    assert "limit-count" in finding["mend"]
    assert stored() == before


def test_settings_that_the_gateway_refuses_are_422(desk: Desk, alice: Program) -> None:
    before = stored()

    response = alice.post("/api/routes", body(plugins={"limit-count": {"count": -1}}))

    answer = assert_problem(response, 422, "blocked")
    assert any(f["code"] == "invalid_document" for f in answer["findings"])
    assert stored() == before


def test_a_create_of_what_exists_is_422(desk: Desk, alice: Program) -> None:
    desk.hold("route", "r1", {"uri": "/a", "upstream": {"nodes": {"a:1": 1}}})

    answer = assert_problem(alice.post("/api/routes", body(id="r1")), 422, "blocked")
    assert answer["findings"][0]["code"] == "already_exists"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_of_a_route_that_is_not_there_is_404(
    method: str, desk: Desk, alice: Program
) -> None:
    before = stored()
    sent = {"reason": "x", "route": {"desc": "y"}} if method == "PATCH" else None

    response = alice.send(method, "/api/routes/nope?reason=x", sent)

    assert_problem(response, 404, "not_found")
    assert stored() == before


def test_an_idempotency_key_of_another_request_is_409(
    desk: Desk, alice: Program
) -> None:
    first = alice.post("/api/routes", body(), Idempotency_Key="k1")
    assert first.status_code == 202
    before = stored()

    response = alice.post("/api/routes", body(uri="/other"), Idempotency_Key="k1")

    answer = assert_problem(response, 409, "idempotency_key_reused", "idempotency_key")
    assert "#" not in answer["detail"]
    assert stored() == before


def test_a_key_in_header_and_field_that_differ_is_400(
    desk: Desk, alice: Program
) -> None:
    sent = {**body(), "idempotency_key": "a"}

    response = alice.post("/api/routes", sent, Idempotency_Key="b")

    assert_problem(response, 400, "malformed", "idempotency_key")


def test_a_gateway_that_is_down_is_503_and_nothing_is_stored(
    desk: Desk, alice: Program
) -> None:
    # What is known of its schemas would be told, up or down.
    Catalogue.objects.all().delete()
    desk.sandbox.stop()
    before = stored()

    for response in (
        alice.post(
            "/api/changes/preview",
            {"items": [{"action": "create", "kind": "route", "document": GOOD}]},
        ),
        alice.post("/api/routes", body()),
        alice.patch("/api/routes/r1", {"reason": "x", "route": {"desc": "y"}}),
        alice.delete("/api/routes/r1?reason=x"),
        alice.get("/api/plugins"),
    ):
        answer = assert_problem(response, 503, "gateway_down", "gateway")
        assert response["Retry-After"]
        assert desk.sandbox.key not in str(answer)
    assert stored() == before


def test_a_gateway_that_refuses_to_be_read_is_503(desk: Desk, alice: Program) -> None:
    desk.sandbox.misbehave(do="status", status=400)
    before = stored()

    response = alice.patch("/api/routes/r1", {"reason": "x", "route": {"desc": "y"}})

    answer = assert_problem(response, 503, "gateway_down", "gateway")
    assert "cannot be asked now" in answer["detail"]
    assert stored() == before


def test_somebody_else_s_change_is_403_to_withdraw(desk: Desk) -> None:
    change = make_change(gateway=desk.gateway, author=desk.people.riley)
    program = program_of(desk.people.alice)
    before = stored()

    response = program.post(f"/api/changes/{change.number}/withdraw", {})

    assert_problem(response, 403, "not_yours")
    change.refresh_from_db()
    assert change.state == "in_review"
    assert stored() == before


def test_a_change_on_a_gateway_that_one_may_not_see_is_404(desk: Desk) -> None:
    change = make_change(gateway=desk.gateway, author=desk.people.alice)
    other = make_gateway("other")
    bob = make_person("bob", Role.AUTHOR, gateway=other)
    program = program_of(bob)

    assert_problem(program.get(f"/api/changes/{change.number}"), 404, "not_found")
    withdrawal = program.post(f"/api/changes/{change.number}/withdraw", {})
    assert_problem(withdrawal, 404, "not_found")
    assert_problem(program.get("/api/routes?gateway=default"), 404, field="gateway")
    change.refresh_from_db()
    assert change.state == "in_review"


@pytest.mark.parametrize(
    "state", ["approved", "delivering", "applied", "rejected", "withdrawn"]
)
def test_a_change_that_is_settled_or_on_its_way_is_409_to_withdraw(
    state: str, desk: Desk, alice: Program
) -> None:
    change = make_change(gateway=desk.gateway, author=desk.people.alice, state=state)

    response = alice.post(f"/api/changes/{change.number}/withdraw", {})

    assert_problem(response, 409, "wrong_state")
    change.refresh_from_db()
    assert change.state == state


@pytest.mark.parametrize("number", ["0", "999", "9" * 30])
def test_a_change_that_is_not_there_is_404(
    number: str, desk: Desk, alice: Program
) -> None:
    assert_problem(alice.get(f"/api/changes/{number}"), 404, "not_found")


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "\u0661"])
def test_a_number_that_is_none_is_404(number: str, desk: Desk, alice: Program) -> None:
    assert_problem(alice.get(f"/api/changes/{number}"), 404, "not_found")


WRONG_QUERIES = {
    "/api/routes?limit=0": "limit",
    "/api/routes?limit=-1": "limit",
    "/api/routes?limit=many": "limit",
    "/api/routes?limit=" + "9" * 2_000: "limit",
    "/api/routes?cursor=forged": "cursor",
    "/api/routes?cursor=": "cursor",
    "/api/routes?hots=x": "hots",
    "/api/routes?host=a&host=b": "host",
    "/api/routes?search=a%00b": "search",
    "/api/routes?plugin=%00": "plugin",
    "/api/changes?state=done": "state",
    "/api/changes?mine=yes": "mine",
    "/api/changes?cursor=x": "cursor",
    "/api/changes/1?x=1": "x",
    "/api/plugins?cursor=x": "cursor",
    "/api/gateways?cursor=x": "cursor",
    "/api/resources/upstream?page=2": "page",
}


@pytest.mark.parametrize(("path", "field"), WRONG_QUERIES.items())
def test_a_wrong_query_is_400_that_names_the_parameter(
    path: str, field: str, desk: Desk, alice: Program
) -> None:
    assert_problem(alice.get(path), 400, "malformed", field)


def test_a_cursor_of_another_list_is_400(desk: Desk, alice: Program) -> None:
    for number in range(3):
        desk.sandbox.put(
            "route",
            f"r{number}",
            {"uri": f"/{number}", "upstream": {"nodes": {"a:1": 1}}},
        )
    desk.hold("upstream", "u", {"nodes": {"a:1": 1}})
    cursor = alice.get("/api/routes?limit=1").json()["next"]

    assert alice.get(f"/api/routes?cursor={cursor}").status_code == 200
    response = alice.get(f"/api/resources/upstream?cursor={cursor}")
    assert_problem(response, 400, "malformed", "cursor")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/resources/routes", 404),
        ("/api/resources/nothing", 404),
        ("/api/resources/upstream/nope", 404),
        ("/api/resources/upstream/a%20b", 400),
        ("/api/resources/credential/jack", 400),
        ("/api/plugins/limit-cuont", 404),
        ("/api/nothing", 404),
        ("/api/", 404),
        ("/api/routes/", 404),
    ],
)
def test_what_is_not_there_is_refused_in_words(
    path: str, status: int, desk: Desk, alice: Program
) -> None:
    assert_problem(alice.get(path), status)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/routes"),
        ("DELETE", "/api/routes"),
        ("POST", "/api/routes/r1"),
        ("PUT", "/api/routes/r1"),
        ("PATCH", "/api/changes/1"),
        ("GET", "/api/changes/1/withdraw"),
        ("DELETE", "/api/gateways"),
        ("OPTIONS", "/api/routes"),
        ("TRACE", "/api/routes"),
    ],
)
def test_another_method_is_405_and_names_the_allowed_ones(
    method: str, path: str, desk: Desk, alice: Program
) -> None:
    response = alice.send(method, path)

    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"]


def test_several_gateways_and_none_named_is_400_with_their_names(
    desk: Desk, alice: Program
) -> None:
    desk.gateway.slug = "east"
    desk.gateway.save()
    make_gateway("west")
    before = stored()

    answer = assert_problem(alice.post("/api/routes", body()), 400, field="gateway")

    assert "east" in answer["detail"]
    assert "west" in answer["detail"]
    assert stored() == before


def test_without_any_role_it_is_403(desk: Desk, alice: Program) -> None:
    Membership.objects.filter(person=alice.person).delete()

    assert_problem(alice.get("/api/routes"), 403, "not_allowed")
    assert_problem(alice.get("/api/routes?gateway=default"), 404, "not_found")


def test_refused_twice_stores_no_key(desk: Desk, alice: Program) -> None:
    sent = {"reason": "x", "route": {"uri": "/a", "upstream_id": "nope"}}
    assert alice.post("/api/routes", sent, Idempotency_Key="k").status_code == 422
    desk.hold("upstream", "nope", {"nodes": {"a:1": 1}})

    response = alice.post("/api/routes", sent, Idempotency_Key="k")

    assert response.status_code == 202
    assert "Idempotent-Replayed" not in response
    assert ChangeRequest.objects.count() == 1


def test_of_very_many_mistakes_no_more_are_looked_for_than_are_told(
    desk: Desk, alice: Program
) -> None:
    strange = {f"raison{number}": 1 for number in range(5_000)}
    answer = assert_problem(alice.post("/api/routes", body() | strange), 400)
    assert len(answer["errors"]) == TOLD_AT_MOST

    sent = {"title": "t", "reason": "x", "items": [None] * (ITEM_LIMIT + 1)}
    answer = assert_problem(alice.post("/api/changes", sent), 400, field="items")
    assert len(answer["errors"]) == 1
