from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit.archive import CannotArchive, archive_before
from portal.audit.ledger import Itself


class Command(BaseCommand):
    """Move whole months of the audit into files; the chain stays provable."""

    help = "Archive the months of the audit before one, each as a file of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--before", required=True, metavar="YYYY-MM", help="The first that stays."
        )
        parser.add_argument(
            "--to", type=Path, default=settings.AUDIT_ARCHIVE, help="The folder."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            before = datetime.strptime(options["before"], "%Y-%m").replace(tzinfo=UTC)
        except ValueError:
            raise CommandError("--before: Give a month such as 2026-10.") from None
        if before > datetime.now(UTC):
            raise CommandError("--before: The month has not begun; this one must stay.")
        try:
            made = archive_before(
                before.date(), folder=options["to"], actor=Itself("archive_audit")
            )
        except (CannotArchive, OSError) as error:
            raise CommandError(str(error)) from error
        for archive in made:
            self.stdout.write(
                f"{archive.month}: {archive.count} events, {archive.first} to "
                f"{archive.last}, in {options['to'] / archive.file}"
            )
        if not made:
            self.stdout.write("There is no month before it to archive.")
