"""The ledger: append-only, one chain, and it tells when it was touched."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from portal.accounts.actor import Actor
from portal.audit import triggers
from portal.audit.events import Event
from portal.audit.ledger import Entry, Subject, problems, record
from portal.audit.models import GENESIS, AppendOnly, AuditEvent, LedgerHead

WORKER = Actor.system("test")


class Thing:
    def __init__(self, name: str = "thing") -> None:
        self.name = name

    def audit_subject(self) -> Subject:
        return Subject("thing", "1", self.name, "default")


def write(*entries: Event | Entry, **details: object) -> list[AuditEvent]:
    with transaction.atomic():
        return record(*entries, actor=WORKER, subject=Thing(), **details)


@pytest.mark.usefixtures("each_database")
@pytest.mark.django_db(transaction=True)
class TestLedger:
    @pytest.fixture(autouse=True)
    def with_triggers(self) -> Iterator[None]:
        """Give back what a test takes away."""
        yield
        triggers.create(connection)

    def test_events_follow_each_other_from_the_genesis(self) -> None:
        first = write(Event.CHANGE_SUBMITTED, Event.CHANGE_APPROVED)
        [third] = write(Event.CHANGE_APPLIED)

        assert first[0].previous_hash == GENESIS
        assert first[1].previous_hash == first[0].hash
        assert third.previous_hash == first[1].hash
        assert [e.number for e in (*first, third)] == [1, 2, 3]
        assert list(problems()) == []

    def test_a_stored_event_still_has_its_hash(self) -> None:
        write(
            Entry(Event.CHANGE_COMMENTED, {"text": "naïve \x00 \ud800 ☃", "n": 10**17}),
            ratio=0.1,
            deep={"list": [1, None, True, {"x": "y"}]},
        )

        stored = AuditEvent.objects.get()

        assert stored.computed_hash() == stored.hash
        assert stored.details["ratio"] == "0.1"

    def test_an_event_cannot_be_changed_through_the_model(self) -> None:
        [event] = write(Event.CHANGE_APPROVED)
        event.actor = "mallory"

        with pytest.raises(AppendOnly):
            event.save()
        with pytest.raises(AppendOnly):
            event.delete()
        with pytest.raises(AppendOnly):
            AuditEvent.objects.update(actor="mallory")
        with pytest.raises(AppendOnly):
            AuditEvent.objects.filter(actor="Gatehouse itself").delete()

        assert AuditEvent.objects.get().actor == "Gatehouse itself"

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_auditevent SET actor = 'mallory'",
            "DELETE FROM audit_auditevent",
            "DELETE FROM audit_ledgerhead",
        ],
    )
    def test_the_database_refuses_raw_sql(self, statement: str) -> None:
        write(Event.CHANGE_APPROVED)

        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

        assert AuditEvent.objects.get().actor == "Gatehouse itself"
        assert LedgerHead.objects.get().number == 1

    def test_truncate_is_refused(self) -> None:
        if connection.vendor != "postgresql":
            # SQLite has no TRUNCATE; its DELETE is tested above.
            with pytest.raises(DatabaseError), connection.cursor() as cursor:
                cursor.execute("TRUNCATE audit_auditevent")
            return
        write(Event.CHANGE_APPROVED)
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("TRUNCATE audit_auditevent")

    def test_verify_tells_the_head_of_a_chain_that_holds(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        [event] = write(Event.CHANGE_APPROVED)

        call_command("verify_audit")

        said = capsys.readouterr().out
        assert "1 events verified" in said
        assert event.hash in said

    def test_verify_names_the_altered_row_and_the_missing_trigger(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for _ in range(3):
            write(Event.CHANGE_APPROVED)
        on = " ON audit_auditevent" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER audit_event_no_update{on}")
            cursor.execute(
                "UPDATE audit_auditevent SET actor = 'mallory' WHERE number = 2"
            )

        with pytest.raises(CommandError):
            call_command("verify_audit")

        said = capsys.readouterr().out
        assert "audit_event_no_update" in said
        assert "event 2:" in said
        assert "event 1:" not in said

    def test_verify_notices_a_row_taken_from_the_middle_and_from_the_end(self) -> None:
        for _ in range(4):
            write(Event.CHANGE_APPROVED)
        triggers.drop(connection)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_auditevent WHERE number IN (2, 4)")
        triggers.create(connection)

        found = list(problems())

        assert any(p.number == 3 and "missing before it" in p.words for p in found)
        assert any(p.number is None and "head names event 4" in p.words for p in found)

    def test_verify_notices_a_trigger_that_no_longer_refuses(self) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "ALTER TABLE audit_auditevent DISABLE TRIGGER audit_event_no_update"
                )
            else:
                cursor.execute("DROP TRIGGER audit_event_no_update")
                cursor.execute(
                    "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_auditevent "
                    "BEGIN SELECT 1; END"
                )

        assert [p.words for p in problems() if "audit_event_no_update" in p.words]

        triggers.drop(connection)

    def test_a_rolled_back_operation_leaves_no_event(self) -> None:
        @transaction.atomic
        def operation() -> None:
            record(Event.CHANGE_APPROVED, actor=WORKER, subject=Thing())
            raise RuntimeError

        with pytest.raises(RuntimeError):
            operation()

        assert not AuditEvent.objects.exists()
        assert LedgerHead.objects.get().number == 0

    def test_recording_outside_a_transaction_is_refused(self) -> None:
        with pytest.raises(transaction.TransactionManagementError):
            record(Event.CHANGE_APPROVED, actor=WORKER, subject=Thing())

    def test_concurrent_writers_keep_one_chain(self) -> None:
        def work() -> None:
            try:
                for _ in range(10):
                    write(Event.CHANGE_SUBMITTED, Event.CHANGE_APPROVED)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(work) for _ in range(4)]:
                future.result(timeout=120)

        assert AuditEvent.objects.count() == 80
        assert list(problems()) == []
