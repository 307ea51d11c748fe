"""The review rules for programs: read and tried, never changed."""

import pytest

from gateway.models import Gateway
from portal.accounts.models import Scope
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.changes.models import ChangeRequest
from tests.api.conftest import Program, assert_problem, program_of
from tests.changes.rules.test_deciding import SECURITY, TRIVIAL, member, put_in_force
from tests.factories import Cast, make_change

PUBLIC_URL = "http://localhost:5000"


@pytest.fixture
def change(people: Cast, gateway: Gateway) -> ChangeRequest:
    return make_change(gateway=gateway, author=people.alice)


@pytest.fixture
def _rules(people: Cast) -> None:
    member(people.riley, "security")
    member(people.omar, "owners")
    put_in_force(SECURITY, TRIVIAL)


def test_before_there_are_any(gateway: Gateway, alice: Program) -> None:
    assert alice.get("/api/rules").json() == {
        "version": 0,
        "results": [],
        "next": None,
        "as_of": None,
    }


@pytest.mark.usefixtures("_rules")
def test_they_are_listed_in_their_order(gateway: Gateway, alice: Program) -> None:
    first = alice.get("/api/rules?limit=1").json()
    rest = alice.get(f"/api/rules?limit=1&cursor={first['next']}").json()

    assert first["version"] == 1
    assert [one["rule"] for one in first["results"] + rest["results"]] == [
        SECURITY,
        TRIVIAL,
    ]
    assert rest["results"][0]["words"].startswith("When of all of its items the")
    assert rest["next"] is None


@pytest.mark.usefixtures("_rules")
def test_they_are_tried_on_a_change(change: ChangeRequest, alice: Program) -> None:
    answer = alice.post("/api/rules/try", {"change": change.pk}).json()

    assert answer["rules"] == ["Guarded"]
    assert [need["words"] for need in answer["needs"]] == [
        "1 approval from group security",
        "1 approval from group owners",
    ]
    assert answer["passed_by"] is None
    told = alice.get(f"/api/changes/{change.pk}").json()["change"]["approvals"]
    assert (told["given"], told["required"]) == (0, 2)
    assert "from group security (riley)" in told["missing"]


@pytest.mark.usefixtures("_rules")
def test_they_are_tried_on_what_one_describes(gateway: Gateway, alice: Program) -> None:
    asked = {"channel": "portal", "document": {"uri": "/talks"}}
    answer = alice.post("/api/rules/try", asked).json()
    assert (answer["passed_by"], answer["needs"]) == ("Trivial", [])
    answer = alice.post("/api/rules/try", {"document": {"uri": "/talks"}}).json()
    assert (answer["passed_by"], answer["rules"]) == (None, [])
    assert answer["needs"][0]["approvals"] == 1


def test_what_makes_no_sense_names_its_field(
    change: ChangeRequest, alice: Program, people: Cast
) -> None:
    for body, status, field in (
        ({"change": 999_999}, 404, "change"),
        ({"kind": "router"}, 400, "kind"),
        ({"channel": "system"}, 400, "channel"),
        ({"gateway": "nowhere"}, 404, "gateway"),
        ({"rule": 1}, 400, "rule"),
    ):
        assert_problem(alice.post("/api/rules/try", body), status, field=field)
    assert_problem(alice.get("/api/rules?cursor=x"), 400, field="cursor")
    writer = program_of(people.alice, Scope.PROPOSE)
    assert_problem(writer.get("/api/rules"), 403, "not_allowed")
    assert_problem(writer.post("/api/rules/try", {}), 403, "not_allowed")


def test_the_whole_api_s_document_has_them_and_the_plugin_s_has_not() -> None:
    whole, plugin = (
        {one["operationId"] for one in operations_of(make(PUBLIC_URL))}
        for make in (whole_document, plugin_document)
    )
    assert {"listRules", "tryRules"} <= whole
    assert not {"listRules", "tryRules"} & plugin
