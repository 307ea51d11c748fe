"""A program says anew what a change of its person's asks for."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.changes.models import ChangeRequest
from portal.changes.review import approve, request_changes
from portal.changes.states import State
from tests.actors import present
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored
from tests.changes.conftest import conference

CREATE = {"action": "create", "kind": "route", "id": "talks"}


def items(**more: Any) -> list[dict[str, Any]]:
    return [{**CREATE, "document": conference(**more)}]


@pytest.fixture
def change(desk: Desk, alice: Program) -> ChangeRequest:
    """A change that a reviewer sent back to alice."""
    sent = {
        "title": "Talks",
        "reason": "They are asked for.",
        "deliver_after": (timezone.now() + timedelta(days=7)).isoformat(),
        "items": items(),
    }
    assert alice.post("/api/changes", sent).status_code == 202
    change = ChangeRequest.objects.get()
    request_changes(
        change.latest_revision(), actor=present(desk.people.riley), comment="GET only."
    )
    return change


def address(change: ChangeRequest) -> str:
    return f"/api/changes/{change.number}/revise"


def test_it_waits_for_review_anew(
    desk: Desk, alice: Program, change: ChangeRequest
) -> None:
    answer = alice.post(
        address(change), {"revision": 1, "items": items(methods=["GET"])}
    )

    assert answer.status_code == 202
    told = answer.json()["change"]
    assert (told["state"], told["revision"]) == ("in_review", 2)
    change.refresh_from_db()
    assert (change.title, change.reason) == ("Talks", "They are asked for.")
    revision = change.latest_revision()
    assert revision.items.get().wanted["methods"] == ["GET"]
    assert revision.deliver_after == change.revisions.first().deliver_after
    approve(revision, actor=present(desk.people.riley))


def test_what_was_left_out_stays_and_what_is_empty_ends(
    alice: Program, change: ChangeRequest
) -> None:
    sent = {"items": items(), "deliver_after": "", "title": "", "reason": "Soon."}

    assert alice.post(address(change), sent).status_code == 202

    change.refresh_from_db()
    assert change.latest_revision().deliver_after is None
    assert (change.title, change.reason) == ("", "Soon.")


def test_one_that_was_overtaken_is_refused(
    alice: Program, change: ChangeRequest
) -> None:
    assert alice.post(address(change), {"items": items()}).status_code == 202
    before = stored()

    late = alice.post(address(change), {"revision": 1, "items": items(desc="Late")})

    problem = assert_problem(late, 409, "stale_revision", field="revision")
    assert "Read it again" in problem["detail"]
    assert stored() == before


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({}, 400, "items"),
        ({"items": []}, 400, "items"),
        ({"items": items(), "gateway": "other"}, 400, "gateway"),
        ({"items": items(), "reason": ""}, 400, "reason"),
        ({"items": items(), "revision": 0}, 400, "revision"),
        ({"items": items(), "deliver_after": "soon"}, 400, "deliver_after"),
        ({"items": items(upstream_id="nowhere", upstream=None)}, 422, None),
    ],
    ids=str,
)
def test_what_makes_no_sense_changes_nothing(
    alice: Program,
    change: ChangeRequest,
    sent: dict[str, Any],
    status: int,
    field: str | None,
) -> None:
    before = stored()

    problem = assert_problem(alice.post(address(change), sent), status)

    assert field is None or problem["field"] == field
    assert stored() == before


def test_only_its_author_may_and_only_while_it_is_open(
    desk: Desk, alice: Program, change: ChangeRequest
) -> None:
    riley = program_of(desk.people.riley)
    assert_problem(riley.post(address(change), {"items": items()}), 403, "not_yours")

    ChangeRequest.objects.update(state=State.APPLIED)

    assert_problem(alice.post(address(change), {"items": items()}), 409, "wrong_state")
