"""A probe, as programs ask for it and are told of it."""

from typing import Any

import pytest

from portal.changes.models import Revision
from tests.api.conftest import Desk, Program, stored

ITEM = {
    "action": "create",
    "kind": "route",
    "document": {"uri": "/a", "upstream": {"nodes": {"127.0.0.1:8000": 1}}},
}
PROBE = {
    "method": "GET",
    "path": "/a",
    "host": "a.test",
    "headers": {"Accept": "text/plain"},
    "expect": {"status": 200, "body_contains": "hi"},
    "take_back": True,
}


def body(**more: Any) -> dict[str, Any]:
    return {"title": "A", "reason": "Because.", "items": [ITEM], **more}


def test_a_change_is_asked_for_with_a_probe(desk: Desk, alice: Program) -> None:
    answer = alice.post("/api/changes", body(probe=PROBE))

    assert answer.status_code == 202
    number = answer.json()["change"]["number"]
    assert Revision.objects.get().terms.as_json() == {"probe": PROBE}
    told = alice.get(f"/api/changes/{number}").json()["change"]
    assert told["probe"] == PROBE


def test_a_preview_takes_the_same_body(desk: Desk, alice: Program) -> None:
    answer = alice.post("/api/changes/preview", body(probe=PROBE))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("probe", "field"),
    [
        ("GET /a", "probe"),
        ({}, "probe.path"),
        ({"path": "/a"}, "probe.expect"),
        ({"path": "/a", "expect": {}}, "probe.expect.status"),
        ({"path": "/a", "expect": {"status": "200"}}, "probe.expect.status"),
        ({"path": "/a", "expect": {"status": 99}}, "probe.expect.status"),
        ({"path": "/a", "expect": {"status": 200, "x": 1}}, "probe.expect.x"),
        ({"path": "a", "expect": {"status": 200}}, "probe.path"),
        ({"path": "/a", "method": "PUT", "expect": {"status": 200}}, "probe.method"),
        (
            {"path": "/a", "headers": {"A": 1}, "expect": {"status": 200}},
            "probe.headers.A",
        ),
        (
            {"path": "/a", "headers": {"apikey": "x"}, "expect": {"status": 200}},
            "probe.headers.apikey",
        ),
        ({"path": "/a", "expect": {"status": 200}, "take_back": 1}, "probe.take_back"),
        ({"path": "/a", "url": "http://x/", "expect": {"status": 200}}, "probe.url"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    desk: Desk, alice: Program, probe: Any, field: str
) -> None:
    before = stored()

    answer = alice.post("/api/changes", body(probe=probe))

    assert answer.status_code == 400
    problem = answer.json()
    fields = {one["field"] for one in problem.get("errors", [])} | {problem["field"]}
    assert field in fields
    assert stored() == before
