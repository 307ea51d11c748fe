"""What leaves the desk: all that was asked for, nothing else, and it proves itself."""

import csv
import io
import tracemalloc
from collections.abc import Iterator

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from portal.accounts.errors import NotAllowed, NotPresent
from portal.accounts.roles import Role
from portal.audit.content import GENESIS, hash_of
from portal.audit.models import AuditEvent
from portal.trail.export import AT_ONCE, COLUMNS, Format, export
from portal.trail.filters import Filters
from tests.actors import present, program
from tests.factories import Cast, make_cast, make_gateway, make_person
from tests.trail.ledgers import chained

pytestmark = pytest.mark.django_db
ALL = Filters()


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


def test_json_lines_are_the_ledger_and_prove_the_chain(people: Cast) -> None:
    events = chained(
        [{}, {"subject": "naïve ☃ =1+1"}, {"details": {"b": [1, None], "a": {"c": 2}}}]
    )

    text = b"".join(export(Format.JSONL, ALL, actor=present(people.audrey)))

    lines = [orjson.loads(line) for line in text.splitlines()]
    assert [line["hash"] for line in lines] == [event.hash for event in events]
    previous = GENESIS
    for line, event in zip(lines, events, strict=True):
        assert line["previous_hash"] == previous
        assert hash_of(line) == line["hash"]
        assert line == event.content() | {"hash": event.hash}
        previous = line["hash"]


def test_csv_tells_the_same_and_no_cell_is_computed(people: Cast) -> None:
    [event, odd, spread] = chained(
        [
            {"details": {"comment": 'say "no"'}},
            {"subject": "=HYPERLINK(1)", "actor": "+riley", "client": "@x"},
            {"subject": "two\nlines", "client": "\tx"},
        ]
    )

    text = b"".join(export(Format.CSV, ALL, actor=present(people.audrey)))

    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["hash"] for row in rows] == [event.hash, odd.hash, spread.hash]
    assert orjson.loads(rows[0]["details"]) == event.details
    assert rows[0]["revision"] == ""
    assert (rows[1]["subject"], rows[1]["actor"], rows[1]["client"]) == (
        "'=HYPERLINK(1)",
        "'+riley",
        "'@x",
    )
    assert (rows[2]["subject"], rows[2]["client"]) == ("two\nlines", "'\tx")


def test_the_export_is_recorded_and_not_in_itself(people: Cast) -> None:
    chained([{}, {"actor": "alice"}])
    wanted = Filters(person="alice")

    text = b"".join(export(Format.JSONL, wanted, actor=present(people.audrey)))

    assert [orjson.loads(line)["number"] for line in text.splitlines()] == [2]
    recorded = AuditEvent.objects.order_by("-number")[0]
    assert (recorded.event, recorded.actor) == ("audit.exported", "audrey")
    assert recorded.details == {"format": "jsonl", "filters": {"person": "alice"}}


def test_who_exports_one_gateway_gets_that_one(people: Cast, gateway: Gateway) -> None:
    chained([{"gateway": "default"}, {"gateway": "edge"}, {"gateway": ""}])
    vera = make_person("vera", Role.AUDITOR, gateway=gateway)
    make_gateway("edge").memberships.create(person=vera, role=Role.VIEWER)

    text = b"".join(export(Format.JSONL, ALL, actor=present(vera)))

    assert [orjson.loads(line)["number"] for line in text.splitlines()] == [1]


@pytest.mark.parametrize("name", ["alice", "riley", "omar"])
def test_others_export_nothing(people: Cast, name: str) -> None:
    with pytest.raises(NotAllowed):
        export(Format.CSV, ALL, actor=present(getattr(people, name)))

    assert not AuditEvent.objects.exists()


def test_no_token_exports(people: Cast) -> None:
    with pytest.raises(NotPresent):
        export(Format.CSV, ALL, actor=program(people.audrey))


@pytest.mark.parametrize("format", Format)
def test_a_long_ledger_takes_no_more_memory_than_a_page(
    people: Cast, format: Format
) -> None:
    pages = 4
    chained({"subject": "x" * 300} for _ in range(pages * AT_ONCE))
    parts = export(format, ALL, actor=present(people.audrey))

    def sizes() -> Iterator[int]:
        tracemalloc.start()
        for part in parts:
            yield tracemalloc.get_traced_memory()[0] - len(part)
        tracemalloc.stop()

    with CaptureQueriesContext(connection) as asked:
        held = list(sizes())

    assert len(asked) == pages + 1
    assert held[-1] < 2 * max(held[:2])
