"""Recipes, listed and asked for by a program."""

from datetime import timedelta

import pytest
from django.utils import timezone
from jsonschema_rs import Draft202012Validator

from gateway.recipes import RECIPES
from portal.accounts.models import Scope
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.changes.models import ChangeRequest
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored

ADDRESS = "/api/routes/r1/recipes/limit-rate"
BODY = {"settings": {"requests": 5, "seconds": 10}, "reason": "One asks too often."}
ROUTE = {"uri": "/a/*", "upstream": {"nodes": {"127.0.0.1:8000": 1}}}


@pytest.fixture(autouse=True)
def _held(desk: Desk) -> None:
    desk.hold("route", "r1", ROUTE)


def test_all_are_listed_with_what_they_take(desk: Desk, alice: Program) -> None:
    told = alice.get("/api/recipes?gateway=default").json()

    assert told["gateway"] == "default"
    assert [one["name"] for one in told["results"]] == list(RECIPES)
    assert told["next"] is None
    for one in told["results"]:
        assert one["available"] is True
        assert one["why_not"] == ""
        Draft202012Validator(one["settings"]).validate(one["example"])
    limit = next(one for one in told["results"] if one["name"] == "limit-rate")
    assert limit["plugins"] == ["limit-count"]
    assert limit["settings"]["properties"]["requests"]["default"] == 100


def test_the_list_goes_on_with_its_cursor(desk: Desk, alice: Program) -> None:
    first = alice.get("/api/recipes?limit=10").json()
    rest = alice.get(f"/api/recipes?limit=10&cursor={first['next']}").json()

    names = [one["name"] for one in first["results"] + rest["results"]]
    assert names == list(RECIPES)
    assert rest["next"] is None


def test_what_a_gateway_lacks_is_told(desk: Desk, alice: Program) -> None:
    alice.get("/api/recipes")
    kept = desk.gateway.catalogue
    kept.document["plugins"].pop("proxy-mirror")
    kept.fetched_at = kept.fetched_at.replace(microsecond=1)
    kept.save()

    told = alice.get("/api/recipes").json()["results"]

    lacking = {one["name"]: one["why_not"] for one in told if not one["available"]}
    assert list(lacking) == ["mirror-traffic"]
    assert "does not offer proxy-mirror" in lacking["mirror-traffic"]
    assert_problem(
        alice.post(
            "/api/routes/r1/recipes/mirror-traffic",
            {"settings": {"url": "http://10.0.0.9"}, "reason": "r"},
        ),
        409,
        "recipe_does_not_fit",
    )


def test_one_is_filed_as_a_change_and_explained(desk: Desk, alice: Program) -> None:
    answer = alice.post(ADDRESS, BODY | {"title": "Fewer"})

    assert answer.status_code == 202
    told, change = answer.json(), ChangeRequest.objects.get()
    assert (told["change"]["number"], change.title) == (change.number, "Fewer")
    assert answer["Location"] == f"/api/changes/{change.number}"
    assert told["explained"]["sets"] == [
        "At most 5 requests in 10 s for each address; what is more gets 429."
    ]
    assert len(told["explained"]["then"]) == 1
    (item,) = change.latest_revision().items.all()
    assert item.wanted["plugins"]["limit-count"]["count"] == 5
    again = alice.post(ADDRESS, BODY | {"title": "Fewer"})
    assert again["Idempotent-Replayed"] == "true"
    assert "explained" not in again.json()
    assert ChangeRequest.objects.count() == 1


def test_a_key_finds_it_again_although_the_route_moved(
    desk: Desk, alice: Program
) -> None:
    first = alice.post(ADDRESS, BODY, Idempotency_Key="k").json()
    desk.sandbox.put("route", "r1", ROUTE | {"desc": "moved"})

    again = alice.post(ADDRESS, BODY, Idempotency_Key="k")

    assert again["Idempotent-Replayed"] == "true"
    assert again.json()["change"]["number"] == first["change"]["number"]
    other = BODY | {"settings": {"requests": 6}}
    assert_problem(
        alice.post(ADDRESS, other, Idempotency_Key="k"), 409, "idempotency_key_reused"
    )


def test_it_waits_and_goes_as_any_change_does(desk: Desk, alice: Program) -> None:
    due = timezone.now() + timedelta(days=1)
    body = BODY | {"expires_after": "PT2H", "deliver_after": due.isoformat()}
    assert alice.post(ADDRESS, body).status_code == 202
    revision = ChangeRequest.objects.get().latest_revision()
    assert revision.deliver_after == due
    assert revision.expires_after == timedelta(hours=2)


def test_a_preview_shows_and_explains_it_and_stores_nothing(
    desk: Desk, alice: Program
) -> None:
    desk.sandbox.put(
        "route",
        "r1",
        ROUTE | {"plugins": {"limit-count": {"count": 9, "time_window": 10}}},
    )
    before = stored()

    told = alice.post(ADDRESS, {"settings": BODY["settings"], "preview": True}).json()

    assert told["accepted"] is True
    (item,) = told["items"]
    assert (item["action"], item["kind"], item["id"]) == ("update", "route", "r1")
    assert told["explained"]["notes"] == [
        "Replaces plugins.limit-count.count, which was 9."
    ]
    assert stored() == before


def test_without_settings_the_defaults_count(desk: Desk, alice: Program) -> None:
    told = alice.post("/api/routes/r1/recipes/require-key", {"preview": True}).json()
    assert "header apikey" in told["explained"]["sets"][0]


def test_wrong_questions_name_the_field(desk: Desk, alice: Program) -> None:
    desk.hold("route", "same", ROUTE | {"plugins": {"key-auth": {}}})
    before = stored()
    for more, status, field in (
        ({"settings": {"requests": 0}}, 400, "settings.requests"),
        ({"settings": {"request": 1}}, 400, "settings.request"),
        ({"settings": []}, 400, "settings"),
        ({"settings": None}, 400, "settings"),
        ({"settings": {"requests": None}}, 400, "settings.requests"),
        ({"settings": {"message": "x" * 1_001}}, 400, "settings.message"),
        ({"reason": ""}, 400, "reason"),
        ({"title": "x" * 201}, 400, "title"),
        ({"gateway": "nowhere"}, 404, "gateway"),
        ({"expires_after": "never"}, 400, "expires_after"),
        ({"nope": 1}, 400, "nope"),
    ):
        assert_problem(alice.post(ADDRESS, BODY | more), status, field=field)
    wrong = assert_problem(
        alice.post(ADDRESS, BODY | {"settings": {"requests": 0, "seconds": 0}}), 400
    )
    fields = [one["field"] for one in wrong["errors"]]
    assert fields == ["settings.requests", "settings.seconds"]
    missing = assert_problem(
        alice.post("/api/routes/r1/recipes/nope", BODY), 404, field="name"
    )
    assert "There are require-key" in missing["detail"]
    for address in (
        "/api/routes/no/recipes/limit-rate",
        "/api/routes/%20/recipes/canary",
    ):
        assert_problem(
            alice.post(address, {"reason": "r", "settings": {}}), 404, field="id"
        )
    assert stored() == before


def test_a_stream_route_is_told_from_one_of_http(alice: Program, desk: Desk) -> None:
    told = assert_problem(alice.post(ADDRESS.replace("r1", "s1"), BODY), 404)
    assert "holds no route" in told["detail"]


def test_applied_already_there_is_nothing_to_ask_for(
    desk: Desk, alice: Program
) -> None:
    conf = {"header": "apikey", "query": "apikey", "hide_credentials": True}
    desk.sandbox.put("route", "r1", ROUTE | {"plugins": {"key-auth": conf}})
    for more in ({}, {"preview": True}):
        assert_problem(
            alice.post("/api/routes/r1/recipes/require-key", {"reason": "r"} | more),
            409,
            "nothing_to_change",
        )


def test_a_token_that_only_reads_asks_for_none(desk: Desk) -> None:
    reader = program_of(desk.people.alice, Scope.READ)
    assert reader.get("/api/recipes").status_code == 200
    assert_problem(reader.post(ADDRESS, BODY), 403)
    assert not ChangeRequest.objects.exists()


def test_a_gateway_that_is_down(desk: Desk, alice: Program) -> None:
    desk.sandbox.stop()
    assert_problem(alice.post(ADDRESS, BODY), 503, "gateway_down")


def test_the_whole_document_has_them_and_the_plugin_s_has_not() -> None:
    whole, plugin = (
        {one["operationId"] for one in operations_of(make("http://localhost:5000"))}
        for make in (whole_document, plugin_document)
    )
    assert {"listRecipes", "applyRecipe"} <= whole - plugin
    schemas = whole_document("http://localhost:5000")["components"]["schemas"]
    settings = schemas["RecipeBody"]["properties"]["settings"]
    assert [one["title"] for one in settings["anyOf"]] == list(RECIPES)
