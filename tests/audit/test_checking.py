"""The ledger proved bit by bit: every column, every place, once told and once mended."""

from typing import Any

import pytest
from django.db import connection

from portal.audit import checking, triggers
from portal.audit.checking import check
from portal.audit.content import FIELDS
from portal.audit.ledger import Itself, problems
from portal.audit.models import AuditEvent, LedgerCheck, LedgerHead
from portal.audit.tasks import check_ledger
from tests.trail.ledgers import chained

ITSELF = Itself("test")
OTHER: dict[str, Any] = {
    "number": 77,
    "at": "2020-01-01 00:00:00+00:00",
    "actor_id": 9,
    "token_id": 9,
    "revision": 9,
    "details": '{"x": 1}',
}


def look(**options: Any) -> LedgerCheck:
    return check(**{"seconds": 60, "actor": ITSELF} | options)


def alter(statement: str, *values: Any) -> None:
    """Write to the ledger as only the database's owner can; hide that one did."""
    triggers.drop(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    triggers.create(connection)


@pytest.mark.usefixtures("each_database")
@pytest.mark.django_db(transaction=True)
def test_tampering_in_any_column_is_found() -> None:
    [_, event, _] = chained([{}] * 3)
    columns = {f.name: f for f in AuditEvent._meta.concrete_fields}
    assert set(columns) == {*FIELDS, "hash"}
    assert not look().is_broken
    for name, field in columns.items():
        before = field.get_db_prep_save(getattr(event, name), connection)
        change = f"UPDATE audit_auditevent SET {name} = %s WHERE hash = %s"  # noqa: S608

        alter(change, OTHER.get(name, "x"), event.hash)

        assert look().is_broken, name
        assert list(problems()), name
        alter(change, before, "x" if name == "hash" else event.hash)
        assert not look().is_broken, name


@pytest.fixture
def ledger(transactional_db: None) -> list[AuditEvent]:
    return chained([{}] * 5)


def test_it_holds_and_goes_on_where_it_was(ledger: list[AuditEvent]) -> None:
    found = look()

    assert (found.number, found.hash) == (5, ledger[-1].hash)
    assert found.whole_at is not None
    assert (found.again, found.is_broken) == (0, False)
    assert AuditEvent.objects.count() == 5


def test_what_no_time_was_left_for_is_proved_later(
    ledger: list[AuditEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "AT_ONCE", 2)
    assert look(seconds=0).number == 0

    LedgerCheck.objects.update(number=3, hash=ledger[2].hash)
    found = look()

    assert (found.number, found.is_broken) == (5, False)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM audit_auditevent WHERE number = 2", "2 to 2 are missing"),
        ("DELETE FROM audit_auditevent WHERE number = 5", "5 to 5 are missing"),
        ("DELETE FROM audit_auditevent WHERE number > 0", "1 to 5 are missing"),
        ("UPDATE audit_ledgerhead SET hash = 'x'", "head names event 5"),
        ("UPDATE audit_ledgerhead SET number = 4", "head names event 4"),
        ("DELETE FROM audit_ledgerhead", "head is missing"),
    ],
)
@pytest.mark.parametrize("proved", [False, True])
def test_what_is_taken_away_is_found_proved_before_or_not(
    ledger: list[AuditEvent], statement: str, words: str, proved: bool
) -> None:
    if proved:
        look()
    alter(statement)

    state = LedgerCheck.objects.get_or_create(pk=1)[0]
    found = next(checking._problems(checking._look_from(state, 60)), None)

    assert found is not None
    assert words in found.words


def test_a_break_is_told_once_and_so_is_that_it_is_mended(
    ledger: list[AuditEvent],
) -> None:
    alter("UPDATE audit_auditevent SET actor = 'mallory' WHERE number = 3")

    found, again = look(), look()

    assert (found.broken_number, found.number) == (3, 2)
    assert again.broken_at == found.broken_at
    [told] = AuditEvent.objects.filter(event="audit.broken")
    assert told.details["number"] == 3

    alter("UPDATE audit_auditevent SET actor = 'riley' WHERE number = 3")
    mended = look()

    assert (mended.is_broken, mended.trouble) == (False, "")
    assert AuditEvent.objects.filter(event="audit.mended").count() == 1
    assert list(problems()) == []


def test_a_missing_trigger_breaks_it(ledger: list[AuditEvent]) -> None:
    triggers.drop(connection)

    check_ledger()

    assert "trigger" in LedgerCheck.objects.get().trouble
    triggers.create(connection)
    check_ledger()
    assert LedgerCheck.objects.get().trouble == ""


def test_of_two_looks_at_once_one_is_remembered(
    ledger: list[AuditEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = checking._remembered

    def meanwhile(before: LedgerCheck, seen: Any) -> LedgerCheck:
        monkeypatch.setattr(checking, "_remembered", remembered)
        look()
        return remembered(before, seen)

    monkeypatch.setattr(checking, "_remembered", meanwhile)

    assert look().looks == 1
    assert LedgerHead.objects.get().number == 5
