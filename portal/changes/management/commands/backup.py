import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.changes.errors import ChangeError
from portal.changes.transfer.export import write_export
from portal.changes.transfer.formats import Format, Secrets


class Command(BaseCommand):
    """Write the file whole or not at all, for the eyes of its owner alone."""

    help = "Write everything that a gateway holds into a file; secrets are sealed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--without-secrets", action="store_true", help="Leave secrets out."
        )

    def handle(self, *args: Any, slug: str, file: Path, **options: Any) -> None:
        try:
            exported = write_export(
                gateway_named(slug),
                format=Format.BACKUP,
                secrets=Secrets.LEFT_OUT
                if options["without_secrets"]
                else Secrets.SEALED,
                actor=Actor.system("backup"),
            )
            _write(file, exported.text)
        except (ChangeError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{file}: {exported.text.count(chr(10)) - 2} resources.")


def gateway_named(slug: str) -> Gateway:
    """Return the gateway. Raises CommandError that names those there are."""
    gateway = Gateway.objects.filter(slug=slug).first()
    if gateway is None:
        known = ", ".join(Gateway.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no gateway {slug}. There are: {known}.")
    return gateway


def _write(file: Path, text: str) -> None:
    part = file.with_name(f"{file.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    part.replace(file)
