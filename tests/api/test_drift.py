"""Drift for programs: they read it and may ask to undo it, nothing else."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from portal.accounts.models import Scope
from portal.accounts.roles import Role
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.changes.models import ChangeRequest
from portal.drift.models import Drift, DriftState
from tests.api.conftest import Program, assert_problem, program_of, stored
from tests.changes.conftest import conference
from tests.drift.conftest import Watched, watched
from tests.factories import make_drift, make_gateway, make_person, route_document
from tests.sandbox import SandboxGateway

DRIFT = "/api/gateways/default/drift"
REVERT = {"action": "revert", "reason": "Nobody approved it."}


@pytest.fixture
def drift(gateway: Gateway) -> Drift:
    return make_drift(gateway, resource_id="conference", owner="events")


class TestList:
    def test_each_says_what_was_done(
        self, gateway: Gateway, drift: Drift, alice: Program
    ) -> None:
        answer = alice.get(DRIFT).json()

        assert answer["gateway"] == "default"
        assert answer["next"] is None
        assert answer["as_of"]
        [told] = answer["results"]
        assert told | {"first_seen": None, "last_seen": None} == {
            "id": drift.pk,
            "kind": "route",
            "resource_id": "conference",
            "what": "altered",
            "diff": [
                {
                    "path": "uri",
                    "op": "change",
                    "words": "uri: /speaker/* → /*",
                    "before": "/speaker/*",
                    "after": "/*",
                }
            ],
            "state": "open",
            "owner": "events",
            "first_seen": None,
            "last_seen": None,
            "change": None,
            "url": f"http://localhost:5000/gateways/default/drift/{drift.pk}/",
        }

    def test_by_state(self, gateway: Gateway, alice: Program) -> None:
        for state in DriftState:
            make_drift(gateway, state=state)

        def states(query: str) -> list[str]:
            return [one["state"] for one in alice.get(DRIFT + query).json()["results"]]

        assert states("") == ["open"]
        assert states("?state=ignored") == ["ignored"]
        assert states("?state=all") == [*reversed(DriftState)]

    def test_in_pages_at_a_fixed_number_of_queries(
        self, gateway: Gateway, alice: Program
    ) -> None:
        made = [make_drift(gateway).pk for _ in range(25)]
        alice.get(DRIFT)  # notes that the token was used
        seen: list[int] = []
        counts = set()
        query = "?limit=10"
        while query:
            with CaptureQueriesContext(connection) as captured:
                answer = alice.get(DRIFT + query).json()
            counts.add(len(captured))
            seen += [one["id"] for one in answer["results"]]
            cursor = answer["next"]
            query = f"?limit=10&cursor={cursor}" if cursor else ""

        assert seen == made[::-1]
        assert len(counts) == 1
        assert counts.pop() <= 8

    def test_a_huge_difference_is_cut_and_says_where_all_of_it_is(
        self, gateway: Gateway, alice: Program
    ) -> None:
        live = {f"field-{number}": "x" * 5_000 for number in range(300)}
        drift = make_drift(gateway, live=live)

        response = alice.get(DRIFT)

        assert len(response.content) < 100_000
        assert str(drift.pk) in response.json()["results"][0]["note"]

    def test_what_makes_no_sense_is_named(
        self, gateway: Gateway, alice: Program
    ) -> None:
        assert_problem(alice.get(f"{DRIFT}?state=new"), 400, "malformed", "state")
        assert_problem(alice.get(f"{DRIFT}?cursor=x"), 400, "malformed", "cursor")
        assert_problem(alice.get(f"{DRIFT}?kind=x"), 400, "malformed", "kind")

    def test_secrets_are_redacted(self, sandbox: SandboxGateway, db: None) -> None:
        desk = watched(sandbox)
        desk.scan()
        for key in ("the-old-one", "the-new-one"):
            plugins = {"key-auth": {"key": key}}
            desk.outside("consumer", "jack", {"username": "jack", "plugins": plugins})
            desk.scan()

        told = program_of(desk.people.alice).get(DRIFT).content.decode()

        assert "jack" in told
        assert "-one" not in told
        assert "redacted:" in told


class TestWho:
    def test_who_may_not_see_the_gateway_learns_nothing(self, drift: Drift) -> None:
        other = make_gateway("other")
        gina = program_of(make_person("gina", Role.ADMINISTRATOR, gateway=other))

        assert_problem(gina.get(DRIFT), 404, "not_found", "gateway")
        assert_problem(gina.post(f"{DRIFT}/{drift.pk}", REVERT), 404, "not_found")
        address = f"/api/gateways/other/drift/{drift.pk}"
        assert_problem(gina.post(address, REVERT), 404, "not_found", "id")

    @pytest.mark.parametrize("number", [10**9, 10**30])
    def test_what_is_not_there(
        self, gateway: Gateway, alice: Program, number: int
    ) -> None:
        answer = alice.post(f"{DRIFT}/{number}", REVERT)

        assert_problem(answer, 404, "not_found", "id")

    def test_it_takes_the_scope(self, drift: Drift, alice: Program) -> None:
        reader = program_of(alice.person, Scope.READ)
        writer = program_of(alice.person, Scope.PROPOSE)

        assert reader.get(DRIFT).status_code == 200
        assert_problem(reader.post(f"{DRIFT}/{drift.pk}", REVERT), 403, "not_allowed")
        assert_problem(writer.get(DRIFT), 403, "not_allowed")

    @pytest.mark.parametrize("action", ["adopt", "ignore"])
    def test_deciding_is_for_people_at_the_portal(
        self, drift: Drift, people: Any, action: str
    ) -> None:
        omar = program_of(people.omar)
        before = stored()

        answer = omar.post(f"{DRIFT}/{drift.pk}", REVERT | {"action": action})

        body = assert_problem(answer, 403, "person_required", "action")
        assert f"/gateways/default/drift/{drift.pk}/" in body["detail"]
        drift.refresh_from_db()
        assert drift.state == DriftState.OPEN
        assert stored() == before


class TestRevert:
    @pytest.fixture
    def desk(self, db: None, sandbox: SandboxGateway) -> Watched:
        desk = watched(sandbox)
        desk.outside("route", "a", conference(uri="/a"))
        desk.scan()
        desk.outside("route", "a", conference(uri="/elsewhere"))
        desk.scan()
        return desk

    def test_it_files_a_change_like_any_other(self, desk: Watched) -> None:
        alice, drift = program_of(desk.people.alice), Drift.objects.get()

        answer = alice.post(f"{DRIFT}/{drift.pk}", REVERT)

        assert answer.status_code == 202
        told = answer.json()
        assert told["change"]["state"] == "in_review"
        change = ChangeRequest.objects.get()
        assert answer["Location"] == f"/api/changes/{change.number}"
        assert change.channel == "drift"
        assert alice.get(DRIFT).json()["results"][0]["change"] == change.number
        desk.approve(change)
        desk.deliver(change)
        assert desk.live("a")["uri"] == "/a"
        assert alice.get(DRIFT).json()["results"] == []
        [told] = alice.get(f"{DRIFT}?state=all").json()["results"]
        assert told["state"] == "reverted"

    def test_asked_again_it_names_the_change(self, desk: Watched) -> None:
        alice, drift = program_of(desk.people.alice), Drift.objects.get()
        number = alice.post(f"{DRIFT}/{drift.pk}", REVERT).json()["change"]["number"]

        again = alice.post(f"{DRIFT}/{drift.pk}", REVERT)

        assert f"#{number}" in assert_problem(again, 409, "wrong_state")["detail"]
        assert ChangeRequest.objects.count() == 1

    def test_undone_already_but_not_seen_yet_nothing_is_filed(
        self, desk: Watched
    ) -> None:
        alice, drift = program_of(desk.people.alice), Drift.objects.get()
        desk.outside("route", "a", conference(uri="/a"))

        answer = alice.post(f"{DRIFT}/{drift.pk}", REVERT)

        assert_problem(answer, 422, "blocked")
        assert not ChangeRequest.objects.exists()

    def test_a_gateway_that_is_down_files_nothing(self, desk: Watched) -> None:
        alice, drift = program_of(desk.people.alice), Drift.objects.get()
        desk.sandbox.stop()

        answer = alice.post(f"{DRIFT}/{drift.pk}", REVERT)

        assert_problem(answer, 503, "gateway_down")
        assert answer["Retry-After"]
        assert not ChangeRequest.objects.exists()

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"reason": "x"}, "action"),
            ({"action": "revert"}, "reason"),
            (REVERT | {"action": "delete"}, "action"),
            (REVERT | {"action": 1}, "action"),
            (REVERT | {"reason": ""}, "reason"),
            (REVERT | {"reason": "  "}, "reason"),
            (REVERT | {"reason": "x" * 5_001}, "reason"),
            (REVERT | {"why": "x"}, "why"),
        ],
        ids=repr,
    )
    def test_a_body_that_makes_no_sense(
        self, desk: Watched, body: dict[str, Any], field: str
    ) -> None:
        alice, drift = program_of(desk.people.alice), Drift.objects.get()

        answer = alice.post(f"{DRIFT}/{drift.pk}", body)

        assert_problem(answer, 400, "malformed", field)
        assert not ChangeRequest.objects.exists()


def test_the_whole_api_s_document_has_it_and_the_plugin_s_has_not(
    gateway: Gateway, alice: Program
) -> None:
    whole, plugin = (
        {one["operationId"] for one in operations_of(make("http://localhost:5000"))}
        for make in (whole_document, plugin_document)
    )

    assert {"listDrift", "resolveDrift"} <= whole - plugin


def test_the_document_says_what_is_answered(gateway: Gateway, alice: Program) -> None:
    make_drift(gateway, baseline=route_document(), live=route_document(desc="x"))
    schemas = whole_document("http://localhost:5000")["components"]["schemas"]

    answer = alice.get(DRIFT).json()

    assert set(answer) == set(schemas["DriftPage"]["properties"])
    [told] = answer["results"]
    assert set(told) == set(schemas["DriftTold"]["required"])
