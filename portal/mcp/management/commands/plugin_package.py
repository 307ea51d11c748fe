"""Write the plugin's package for ChatGPT, Codex and other clients into a folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.mcp.package import write


class Command(BaseCommand):
    help = (
        "Write the plugin's package (manifests, skills, .mcp.json, icon) for this desk."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--out",
            type=Path,
            default=Path("plugin-package"),
            help="The folder to write.",
        )

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        try:
            written = write(out, settings.PUBLIC_URL)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        for path in written:
            self.stdout.write(str(path))
