"""A program rebases a change that its gateway overtook."""

from typing import Any

import orjson

from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest
from portal.changes.review import approve
from portal.changes.states import State
from tests.actors import present
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored
from tests.changes.conftest import conference
from tests.factories import make_change

CHOICE = "items.0.desc"


def overtaken(desk: Desk, alice: Program, **theirs: Any) -> ChangeRequest:
    """A change of alice's that was approved while somebody wrote past this desk."""
    desk.hold("route", "conference", conference())
    answer = alice.patch(
        "/api/routes/conference",
        {"reason": "It needs words.", "route": {"desc": "Ours"}},
    )
    assert answer.status_code == 202
    change = ChangeRequest.objects.get()
    approve(change.latest_revision(), actor=present(desk.people.riley))
    desk.sandbox.put("route", "conference", conference(**theirs))
    deliver(change.latest_revision().delivery.pk)
    change.refresh_from_db()
    assert change.state == State.CONFLICTED
    return change


def address(change: ChangeRequest) -> str:
    return f"/api/changes/{change.number}/rebase"


def test_what_goes_together_waits_for_review_anew(desk: Desk, alice: Program) -> None:
    change = overtaken(desk, alice, methods=["GET"])

    answer = alice.post(address(change), {})

    assert answer.status_code == 202
    told = orjson.loads(answer.content)
    assert (told["change"]["state"], told["change"]["revision"]) == ("in_review", 2)
    assert told["change"]["approvals"]["given"] == 0
    assert "waits for approval" in told["message"]


def test_collisions_are_listed_and_settled_by_choices(
    desk: Desk, alice: Program
) -> None:
    change = overtaken(desk, alice, desc="Theirs")
    before = stored()
    collision = {"choice": CHOICE, "base": None, "wanted": "Ours", "live": "Theirs"}

    told = orjson.loads(alice.get(f"/api/changes/{change.number}").content)["change"]
    refused = alice.post(address(change), {})

    (moved,) = told["conflict"]["items"]
    assert (moved["item"], moved["id"]) == (0, "conference")
    assert moved["words"].startswith("Route conference was changed meanwhile")
    assert moved["collisions"] == [collision]
    problem = assert_problem(refused, 409, "collides", field="choices")
    assert problem["collisions"] == [collision]
    assert CHOICE in problem["detail"]
    assert stored() == before

    answer = alice.post(address(change), {"choices": {CHOICE: "mine"}})

    assert answer.status_code == 202
    (item,) = change.latest_revision().items.all()
    assert item.base["desc"] == "Theirs"
    assert item.wanted["desc"] == "Ours"


def test_a_choice_that_makes_no_sense_names_its_field(
    desk: Desk, alice: Program
) -> None:
    change = overtaken(desk, alice, desc="Theirs")

    for choices, field in (
        ({CHOICE: "both"}, f"choices.{CHOICE}"),
        ({CHOICE: "mine", "items.0.uri": "mine"}, "choices.items.0.uri"),
        ([], "choices"),
    ):
        answer = alice.post(address(change), {"choices": choices})
        assert_problem(answer, 400, "malformed", field=field)


def test_long_values_and_many_collisions_stay_readable(
    desk: Desk, alice: Program
) -> None:
    labels = {f"label-{number:03}": "x" * 200 for number in range(200)}
    desk.hold("route", "conference", conference(labels=labels))
    alice.patch(
        "/api/routes/conference",
        {"reason": "Words.", "route": {"labels": dict.fromkeys(labels, "o" * 200)}},
    )
    change = ChangeRequest.objects.get()
    desk.sandbox.put(
        "route", "conference", conference(labels=dict.fromkeys(labels, "t" * 200))
    )
    ChangeRequest.objects.update(state=State.CONFLICTED)

    told = alice.get(f"/api/changes/{change.number}")
    refused = alice.post(address(change), {})

    assert len(told.content) < 100_000
    problem = assert_problem(refused, 409, "collides")
    assert len(refused.content) < 100_000
    assert len(problem["collisions"]) > 10


def test_a_gateway_that_is_down_is_said_so(desk: Desk, alice: Program) -> None:
    change = overtaken(desk, alice, desc="Theirs")
    desk.sandbox.stop()

    told = orjson.loads(alice.get(f"/api/changes/{change.number}").content)["change"]

    assert told["conflict"]["items"] == []
    assert told["conflict"]["trouble"]
    assert_problem(alice.post(address(change), {}), 503, "gateway_down")


def test_only_the_author_s_programs_that_may_ask_rebase(
    desk: Desk, alice: Program
) -> None:
    change = make_change(gateway=desk.gateway, author=desk.people.alice)
    before = stored()

    riley = program_of(desk.people.riley)
    assert_problem(riley.post(address(change), {}), 403, "not_yours")
    reader = program_of(desk.people.alice, "gateway:read")
    assert_problem(reader.post(address(change), {}), 403, "not_allowed")
    assert_problem(alice.post("/api/changes/999/rebase", {}), 404, "not_found")

    assert stored() == before
