"""A program asks to undo an applied change."""

import orjson

from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest
from portal.changes.review import approve
from portal.changes.states import State
from tests.actors import present
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored
from tests.changes.conftest import conference

WHY = {"reason": "The speakers' page fails since."}


def applied(desk: Desk, alice: Program) -> ChangeRequest:
    desk.hold("route", "conference", conference())
    alice.patch(
        "/api/routes/conference",
        {"reason": "It needs words.", "route": {"desc": "Ours"}},
    )
    change = ChangeRequest.objects.get()
    approve(change.latest_revision(), actor=present(desk.people.riley))
    deliver(change.latest_revision().delivery.pk)
    change.refresh_from_db()
    assert change.state == State.APPLIED
    return change


def test_it_files_a_change_that_restores_what_was(desk: Desk, alice: Program) -> None:
    change = applied(desk, alice)

    answer = alice.post(f"/api/changes/{change.number}/rollback", WHY)

    assert answer.status_code == 202
    told = orjson.loads(answer.content)
    assert told["change"]["state"] == "in_review"
    assert answer["Location"] == f"/api/changes/{told['change']['number']}"
    filed = ChangeRequest.objects.get(pk=told["change"]["number"])
    assert filed.reverts == change
    (item,) = filed.latest_revision().items.all()
    assert "desc" not in item.wanted
    assert desk.sandbox.get("route", "conference")["desc"] == "Ours"


def test_a_key_makes_it_safe_to_repeat(desk: Desk, alice: Program) -> None:
    change = applied(desk, alice)
    address = f"/api/changes/{change.number}/rollback"

    first = alice.post(address, WHY, Idempotency_Key="k")
    second = alice.post(address, WHY, Idempotency_Key="k")

    assert second["Idempotent-Replayed"] == "true"
    assert second["Location"] == first["Location"]
    other = alice.post(address, {"reason": "Another."}, Idempotency_Key="k")
    assert_problem(other, 409, "idempotency_key_reused", field="idempotency_key")


def test_a_refusal_lists_its_reasons(desk: Desk, alice: Program) -> None:
    change = applied(desk, alice)
    desk.sandbox.put("route", "conference", conference(desc="By hand"))
    before = stored()

    answer = alice.post(f"/api/changes/{change.number}/rollback", WHY)

    problem = assert_problem(answer, 409, "cannot_roll_back", field="number")
    (reason,) = problem["reasons"]
    assert reason.startswith("Route conference was changed outside of Gatehouse since.")
    assert stored() == before


def test_bad_input_and_missing_rights_are_refused(desk: Desk, alice: Program) -> None:
    change = applied(desk, alice)
    address = f"/api/changes/{change.number}/rollback"
    before = stored()

    assert_problem(alice.post(address, {}), 400, "malformed", field="reason")
    unknown = alice.post(address, WHY | {"gateway": "default"})
    assert_problem(unknown, 400, "malformed", field="gateway")
    assert_problem(alice.post("/api/changes/999/rollback", WHY), 404, "not_found")
    reader = program_of(desk.people.alice, "gateway:read")
    assert_problem(reader.post(address, WHY), 403, "not_allowed")
    auditor = program_of(desk.people.audrey)
    assert_problem(auditor.post(address, WHY), 403, "not_allowed")

    assert stored() == before
