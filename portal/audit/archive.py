"""Let a month of the ledger leave for a file, and keep the chain provable.

The file is complete and on disk before anything is removed, and has its name before the
removal is committed: whenever a process dies, every entry is in the ledger or in a file
that the ledger confirms, and to do it again is harmless.
"""

import gzip
import hashlib
import os
from datetime import UTC, date, datetime
from pathlib import Path

from django.db import connection, transaction

from portal.audit import triggers
from portal.audit.archived import archived, problems_of_archives
from portal.audit.content import line_of
from portal.audit.events import Event
from portal.audit.ledger import Entry, Ledger, Recordable, record
from portal.audit.models import Archive, AuditEvent, LedgerHead
from portal.audit.syslog.stream import lag


class CannotArchive(Exception):
    """Nothing was removed; the words say why."""


def archive_before(day: date, *, folder: Path, actor: Recordable) -> list[Archive]:
    """Archive each month that ended before the day's began, the oldest first.

    Raises CannotArchive when an entry does not hold, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = []
    while one := _archive_oldest(_begin_of(day), folder, actor):
        made.append(one)
    return made


def _begin_of(day: date) -> datetime:
    return datetime(day.year, day.month, 1, tzinfo=UTC)


def _archive_oldest(
    before: datetime, folder: Path, actor: Recordable
) -> Archive | None:
    oldest = AuditEvent.objects.order_by("number").first()
    if oldest is None:
        return None
    begin = _begin_of(oldest.at.astimezone(UTC).date())
    end = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    if end > before:
        return None
    # By number: clocks may go back, the chain does not.
    later = AuditEvent.objects.filter(number__gte=oldest.number, at__gte=end)
    following = later.order_by("number").values_list("number", flat=True).first()
    last = following - 1 if following else LedgerHead.objects.get(pk=1).number
    told = lag()
    if told and last > told.number:
        raise CannotArchive(
            f"The syslog receiver has the events up to {told.number} only, and would "
            f"never get those up to {last}. Archive when it has, or unset AUDIT_SYSLOG."
        )
    name = f"audit-{begin:%Y-%m}-{oldest.number}-{last}.jsonl.gz"
    unfinished = folder / f"{name}.new"
    archive = _write(unfinished, last)
    archive.month, archive.file = f"{begin:%Y-%m}", name
    _remove(archive, unfinished, actor)
    return archive


def _write(path: Path, last: int) -> Archive:
    """Write the entries up to `last` and have them on disk. Raises CannotArchive."""
    for problem in problems_of_archives():
        raise CannotArchive(str(problem))
    chain = archived()
    archive = Archive(first=chain.number + 1, first_previous=chain.hash)
    rows = AuditEvent.objects.filter(number__lte=last).order_by("number")
    with path.open("wb") as file:
        # No time in its head: the same entries give the same file.
        with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
            for event in rows.iterator(chunk_size=2000):
                for problem in chain.follow(
                    event.number, event.previous_hash, event.hash, event.computed_hash()
                ):
                    raise CannotArchive(f"The ledger does not hold. {problem}")
                packed.write(line_of(event.content(), event.hash))
        file.flush()
        os.fsync(file.fileno())
    if chain.number != last:
        raise CannotArchive(f"Event {chain.number + 1} is missing.")
    archive.last, archive.last_hash = chain.number, chain.hash
    archive.size = path.stat().st_size
    with path.open("rb") as file:
        archive.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return archive


@transaction.atomic
def _remove(archive: Archive, unfinished: Path, actor: Recordable) -> None:
    """Remove what the file holds, remember it and give the file its name."""
    # Who writes waits until the end; of two archivers the later finds nothing.
    LedgerHead.objects.select_for_update().get(pk=1)
    with triggers.removable(connection), connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {triggers.TABLE} WHERE number BETWEEN %s AND %s",  # noqa: S608
            [archive.first, archive.last],
        )
        if cursor.rowcount != archive.count:
            raise CannotArchive("Somebody else archives the same month now.")
    archive.save(force_insert=True)
    record(Entry(Event.AUDIT_ARCHIVED, archive.told()), actor=actor, subject=Ledger())
    unfinished.replace(unfinished.with_name(archive.file))
    folder = os.open(unfinished.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
