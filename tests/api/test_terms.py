"""A program says when a change shall go live, and is told it back."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.changes.models import ChangeRequest
from tests.api.conftest import Desk, Program, assert_problem, stored

ROUTE: dict[str, Any] = {"uri": "/a", "upstream": {"url": "http://127.0.0.1:8000"}}
ITEM = {"action": "create", "kind": "route", "id": "a", "document": ROUTE}
PROPOSAL = {"title": "Later", "reason": "The fair opens.", "items": [ITEM]}


def in_an_hour() -> str:
    return (timezone.now() + timedelta(hours=1)).isoformat(timespec="seconds")


def test_it_is_kept_and_told(desk: Desk, alice: Program) -> None:
    due = in_an_hour()

    filed = alice.post(
        "/api/changes", PROPOSAL | {"deliver_after": due, "expires_after": "PT90M"}
    )

    assert filed.status_code == 202
    number = filed.json()["change"]["number"]
    told = alice.get(f"/api/changes/{number}").json()["change"]
    assert parse_datetime(told["deliver_after"]) == parse_datetime(due)
    assert told["expires_after"] == "PT1H30M"


def test_every_operation_that_files_takes_it(desk: Desk, alice: Program) -> None:
    desk.hold("route", "held", {"uri": "/held", "upstream": {"nodes": {"h:1": 1}}})
    due = {
        "reason": "The fair opens.",
        "deliver_after": in_an_hour(),
        "expires_after": "P1D",
    }

    answers = [
        alice.post("/api/routes", due | {"route": ROUTE}),
        alice.patch("/api/routes/held", due | {"route": {"desc": "x"}}),
        alice.delete(
            "/api/routes/held?reason=Over&expires_after=P1D&deliver_after="
            + due["deliver_after"].replace("+00:00", "Z")
        ),
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    for change in ChangeRequest.objects.all():
        assert change.latest_revision().deliver_after == parse_datetime(
            due["deliver_after"]
        )
        assert change.latest_revision().expires_after == timedelta(days=1)


@pytest.mark.parametrize("path", ["/api/changes", "/api/changes/preview"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("deliver_after", "2020-01-01T00:00:00Z"),
        ("deliver_after", "2999-01-01T00:00:00Z"),
        ("deliver_after", "2026-11-30T22:00:00"),
        ("deliver_after", ""),
        ("deliver_after", 5),
        ("expires_after", "PT59S"),
        ("expires_after", "P91D"),
        ("expires_after", "2 hours"),
        ("expires_after", ""),
        ("expires_after", 7200),
    ],
)
def test_a_bad_one_is_refused_by_name(
    desk: Desk, alice: Program, path: str, field: str, value: Any
) -> None:
    before = stored()

    response = alice.post(path, PROPOSAL | {field: value})

    assert_problem(response, 400, field=field)
    assert stored() == before
