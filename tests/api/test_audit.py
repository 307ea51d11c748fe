"""The ledger for programs: what their person reads, and nothing more."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from portal.accounts.roles import Role
from portal.api.documents import operations_of, plugin_document
from portal.audit.events import Event
from portal.audit.ledger import Ledger, record
from tests.actors import present
from tests.api.conftest import Program, assert_problem, program_of
from tests.factories import Cast, item, make_change, make_person, route_document
from tests.trail.ledgers import chained

AUDIT = "/api/audit"


@pytest.fixture
def audrey(people: Cast) -> Program:
    return program_of(people.audrey)


def numbers(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [told["number"] for told in answer.json()["results"]]


def test_it_is_no_part_of_the_plugin() -> None:
    document = plugin_document("http://localhost:5000")

    ids = {operation["operationId"] for operation in operations_of(document)}
    assert not ids & {"listAuditEvents", "getAuditEvent"}


def test_a_token_reads_what_its_person_reads(
    people: Cast, gateway: Gateway, audrey: Program
) -> None:
    chained(
        [
            {"gateway": "default"},
            {"gateway": "edge"},
            {"gateway": "", "subject_type": "token"},
            {"gateway": "default", "event": "change.drafted", "actor": "alice"},
        ]
    )
    vera = program_of(make_person("vera", Role.VIEWER, gateway=gateway))

    assert numbers(audrey.get(AUDIT)) == [4, 3, 2, 1]
    assert numbers(vera.get(AUDIT)) == [1]
    assert_problem(vera.get(f"{AUDIT}/2"), 404, "not_found", "number")
    assert audrey.get(f"{AUDIT}/2").status_code == 200


def test_pages_go_on_and_filters_narrow(audrey: Program) -> None:
    chained({"actor": "alice" if n % 2 else "riley"} for n in range(5))

    first = audrey.get(f"{AUDIT}?limit=2&person=riley").json()
    rest = audrey.get(f"{AUDIT}?limit=2&person=riley&cursor={first['next']}").json()

    assert [told["number"] for told in first["results"]] == [5, 3]
    assert [told["number"] for told in rest["results"]] == [1]
    assert rest["next"] is None
    assert numbers(audrey.get(f"{AUDIT}?since=2026-10-01T12:00:00Z&change=1&limit=1"))
    assert numbers(audrey.get(f"{AUDIT}?until=2026-10-01T12:00:00Z")) == []


def test_a_list_costs_the_same_however_long(audrey: Program) -> None:
    chained([{}])
    with CaptureQueriesContext(connection) as one:
        audrey.get(AUDIT)
    for _ in range(19):
        record(Event.AUDIT_EXPORTED, actor=present(audrey.person), subject=Ledger())
    with CaptureQueriesContext(connection) as many:
        assert len(numbers(audrey.get(AUDIT))) == 20
    assert len(many) <= len(one)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("change=x", "change"),
        ("since=yesterday", "since"),
        ("event=change.eaten", "event"),
        ("resource=route", "resource"),
        ("resource=rout/x", "resource"),
        ("channel=pigeon", "channel"),
        ("cursor=x", "cursor"),
        ("sort=up", "sort"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    audrey: Program, query: str, field: str
) -> None:
    assert_problem(audrey.get(f"{AUDIT}?{query}"), 400, "malformed", field)


def test_one_entry_tells_settings_before_and_after(audrey: Program) -> None:
    chained(
        [
            {
                "event": "gateway.changed",
                "subject_type": "gateway",
                "subject_id": "default",
                "details": {
                    "fields": ["approvals_required"],
                    "approvals_required": {"from": 1, "to": 2},
                },
            }
        ]
    )

    told = audrey.get(f"{AUDIT}/1").json()

    assert (told["is_intact"], told["follows"]) == (True, True)
    assert told["url"] == "http://localhost:5000/audit/1/"
    [changed] = told["changed"]
    assert (changed["kind"], changed["id"]) == ("settings", "default")
    [difference] = changed["differences"]
    assert (difference["before"], difference["after"]) == (1, 2)


def test_one_entry_tells_what_its_revision_asks_for(
    people: Cast, gateway: Gateway, audrey: Program
) -> None:
    change = make_change(
        gateway=gateway,
        author=people.alice,
        items=[
            item("update", base=route_document(), wanted=route_document(uri="/talks"))
        ],
    )
    chained([{"subject_id": str(change.number), "revision": 1}, {}])

    told = audrey.get(f"{AUDIT}/1").json()

    [changed] = told["changed"]
    assert changed["kind"] == "route"
    assert [d["words"] for d in changed["differences"]] == ["uri: /speaker/* → /talks"]
    assert audrey.get(f"{AUDIT}/2").json()["changed"] == []
