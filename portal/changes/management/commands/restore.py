from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.actor import Actor, Channel
from portal.accounts.models import Person
from portal.changes.management.commands.backup import gateway_named
from portal.changes.message import message_for
from portal.changes.transfer.formats import Format
from portal.changes.transfer.propose_file import FileAsked, propose_file
from portal.errors import GatehouseError


class Command(BaseCommand):
    """File the change that brings a gateway back; nothing is written to the gateway."""

    help = "Ask for a gateway to be as it was when a backup of it was made."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--author",
            required=True,
            help="Who asks: the user name of somebody who may. Others decide.",
        )
        parser.add_argument("--reason", required=True, help="Why; reviewers read it.")
        parser.add_argument(
            "--delete-missing",
            action="store_true",
            help="Ask for the deletion of what the backup does not hold, too.",
        )

    def handle(self, *args: Any, slug: str, file: Path, **options: Any) -> None:
        author = Person.objects.filter(username=options["author"]).first()
        if author is None:
            raise CommandError(f"There is no person {options['author']}.")
        try:
            asked = FileAsked(
                gateway=gateway_named(slug),
                source=file.read_bytes(),
                format=Format.BACKUP,
                reason=options["reason"],
                delete_missing=options["delete_missing"],
            )
            actor = Actor(
                person=author, channel=Channel.IMPORT, client="manage.py restore"
            )
            proposed = propose_file(asked, actor=actor).proposed
        except (GatehouseError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(message_for(proposed.change))
