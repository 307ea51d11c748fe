"""Months leave for files: nothing is lost whenever it is killed, all stays provable."""

import gzip
import json
import os
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from portal.audit import archive as archiving
from portal.audit import triggers
from portal.audit.archive import CannotArchive, archive_before
from portal.audit.checking import check
from portal.audit.files import lines_in, prove
from portal.audit.heads import sign_head
from portal.audit.ledger import Itself, problems
from portal.audit.models import Archive, AuditEvent, LedgerCheck
from portal.audit.proof import proof_of
from tests.killing import killed_before
from tests.trail.ledgers import chained

ITSELF = Itself("test")
NOVEMBER = date(2026, 11, 1)


def ledger() -> list[AuditEvent]:
    """Two entries of each of three months."""
    return chained(
        {"at": datetime(2026, month, day, tzinfo=UTC)}
        for month in (9, 10, 11)
        for day in (1, 28)
    )


def entries_in(folder: Path) -> list[str]:
    """Return the hashes of what the finished files hold, in order."""
    return [
        entry["hash"]
        for path in sorted(folder.glob("*.gz"))
        for entry in lines_in(path)
    ]


@pytest.mark.usefixtures("each_database")
@pytest.mark.django_db(transaction=True)
class TestEachDatabase:
    def test_months_leave_and_the_chain_stays_provable(self, tmp_path: Path) -> None:
        events = ledger()
        check(seconds=60, actor=ITSELF)

        made = archive_before(NOVEMBER, folder=tmp_path, actor=ITSELF)

        assert [(one.month, one.first, one.last) for one in made] == [
            ("2026-09", 1, 2),
            ("2026-10", 3, 4),
        ]
        assert entries_in(tmp_path) == [event.hash for event in events[:4]]
        assert not list(tmp_path.glob("*.new"))
        assert AuditEvent.objects.order_by("number")[0].number == 5
        assert list(problems()) == []
        assert not check(seconds=60, actor=ITSELF, anew=True).is_broken
        assert proof_of(AuditEvent.objects.get(number=5)).holds
        for one in made:
            call_command("verify_audit", file=tmp_path / one.file)
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("DELETE FROM audit_auditevent")
        assert archive_before(NOVEMBER, folder=tmp_path, actor=ITSELF) == []

    def test_killed_between_any_two_lines_nothing_is_lost(self, tmp_path: Path) -> None:
        hashes = [event.hash for event in ledger()]
        archive = partial(archive_before, NOVEMBER, folder=tmp_path, actor=ITSELF)
        line = 0
        while True:
            line += 1
            status = killed_before(line, archive, archiving, triggers)
            left = AuditEvent.objects.order_by("number").values_list("hash", flat=True)
            gone = Archive.objects.order_by("last").values_list("file", flat=True)
            kept = [
                entry["hash"] for name in gone for entry in lines_in(tmp_path / name)
            ]
            assert [*kept, *left][:6] == hashes, line
            assert triggers.missing(connection) == [], line
            assert list(problems()) == [], line
            if os.WIFEXITED(status):
                break
        assert os.WEXITSTATUS(status) == 0
        assert line > 60
        assert entries_in(tmp_path) == hashes[:4]


@pytest.fixture
def three_months(transactional_db: None) -> list[AuditEvent]:
    return ledger()


def test_an_archive_that_the_ledger_does_not_confirm_is_found_out(
    three_months: list[AuditEvent], tmp_path: Path
) -> None:
    archive_before(NOVEMBER, folder=tmp_path, actor=ITSELF)

    Archive.objects.filter(month="2026-10").update(last_hash="0" * 64)

    assert any("No event confirms" in one.words for one in problems())
    assert check(seconds=60, actor=ITSELF).is_broken
    assert LedgerCheck.objects.get().is_broken


def test_what_is_cut_from_an_archive_is_found_out(
    three_months: list[AuditEvent], tmp_path: Path
) -> None:
    made = archive_before(NOVEMBER, folder=tmp_path, actor=ITSELF)
    path = tmp_path / made[1].file
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)

    for cut in (lines[1:], lines[:-1]):
        path.write_bytes(gzip.compress(b"".join(cut)))
        with pytest.raises(CommandError, match="events 3 to 4"):
            call_command("verify_audit", file=path)


def test_an_older_archive_made_another_is_found_out(
    three_months: list[AuditEvent], tmp_path: Path
) -> None:
    archive_before(NOVEMBER, folder=tmp_path, actor=ITSELF)

    Archive.objects.filter(month="2026-09").update(last_hash="0" * 64)
    assert [one.words for one in problems()] == [
        "The archive audit-2026-10-3-4.jsonl.gz does not follow from the one before it."
    ]

    Archive.objects.filter(month="2026-09").delete()
    assert any("does not follow" in one.words for one in problems())


def test_a_signed_head_is_found_in_the_archive_that_its_event_left_for(
    transactional_db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chained({"at": datetime(2026, month, 1, tzinfo=UTC)} for month in (9, 9, 10))
    head = tmp_path / "head.json"
    with time_machine.travel("2026-10-20T10:00:00Z"):
        head.write_text(json.dumps(sign_head(actor=ITSELF).told()))
    september, october = archive_before(NOVEMBER, folder=tmp_path, actor=ITSELF)

    with pytest.raises(CommandError, match=october.file):
        call_command("verify_audit", head=head)
    with pytest.raises(CommandError, match=october.file):
        call_command("verify_audit", head=head, file=tmp_path / september.file)
    call_command("verify_audit", head=head, file=tmp_path / october.file)

    assert "is in the chain" in capsys.readouterr().out


def test_a_ledger_that_does_not_hold_is_not_archived(
    three_months: list[AuditEvent], tmp_path: Path
) -> None:
    triggers.drop(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditevent SET actor = 'x' WHERE number = 2")
    triggers.create(connection)

    with pytest.raises(CannotArchive, match="event 2"):
        archive_before(NOVEMBER, folder=tmp_path, actor=ITSELF)

    assert AuditEvent.objects.count() == 6
    assert list(tmp_path.glob("*.gz")) == []


def test_a_quiet_desk_s_last_month_leaves_too(
    transactional_db: None, tmp_path: Path
) -> None:
    chained([{"at": datetime(2026, 9, 1, tzinfo=UTC)}] * 2)

    call_command("archive_audit", before="2026-11", to=tmp_path)

    assert [event.event for event in AuditEvent.objects.all()] == ["audit.archived"]
    assert list(problems()) == []
    assert prove(lines_in(tmp_path / Archive.objects.get().file)).count == 2


@pytest.mark.django_db
@pytest.mark.parametrize("before", ["2999-01", "yesterday", "2026-13"])
def test_this_month_and_nonsense_are_refused(tmp_path: Path, before: str) -> None:
    with pytest.raises(CommandError, match="--before"):
        call_command("archive_audit", before=before, to=tmp_path)


def test_the_file_is_lines_that_an_export_has(
    three_months: list[AuditEvent], tmp_path: Path
) -> None:
    [first, _] = archive_before(NOVEMBER, folder=tmp_path, actor=ITSELF)

    lines = gzip.decompress((tmp_path / first.file).read_bytes()).splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2]
