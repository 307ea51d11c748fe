import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit.files import Unreadable, known_hash, lines_in, prove
from portal.audit.heads import NotSigned, prove_head
from portal.audit.ledger import problems
from portal.audit.models import LedgerHead, SigningKey


class Command(BaseCommand):
    """Say whether the audit chain holds; exit non-zero and name each row when not."""

    help = (
        "Verify the audit ledger: every hash, the order, the head and the triggers; "
        "or, with --file, an export or an archive of it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--file", type=Path, help="JSON Lines of an export or an archive (.gz)."
        )

        parser.add_argument(
            "--head", type=Path, help="A signed head that was kept elsewhere (JSON)."
        )
        parser.add_argument(
            "--key",
            help="The public key that was kept with it (base64); else this desk's own.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"]:
            self._verify_file(options["file"])
            return
        if options["head"]:
            self._verify_head(options["head"], options["key"])
        found = 0
        for problem in problems():
            found += 1
            self.stdout.write(str(problem))
        if found:
            raise CommandError(f"The audit ledger does not hold: {found} problem(s).")
        head = LedgerHead.objects.get(pk=1)
        self.stdout.write(f"The chain holds: {head.number} events verified.")
        self.stdout.write(f"head: {head.hash}")

    def _verify_file(self, path: Path) -> None:
        try:
            proof = prove(lines_in(path))
        except Unreadable as error:
            raise CommandError(str(error)) from error
        for problem in proof.problems:
            self.stdout.write(str(problem))
        if proof.problems:
            raise CommandError(
                f"The file does not hold: {len(proof.problems)} problem(s)."
            )
        if not proof.count:
            self.stdout.write("The file holds no entry.")
            return
        self.stdout.write(
            f"The file holds: {proof.count} events, {proof.first} to {proof.last}"
            + (f", with {proof.gaps} gaps." if proof.gaps else ", none left out.")
        )
        known = known_hash(proof.last)
        if known is None:
            self.stdout.write(
                f"This ledger knows no event {proof.last} to hold it against."
            )
        elif known == proof.last_hash:
            self.stdout.write("It is of this ledger, which has the same hash.")
        else:
            raise CommandError(
                f"It is not of this ledger: event {proof.last} has another hash here."
            )

    def _verify_head(self, path: Path, public: str | None) -> None:
        """Prove that the chain still holds what was signed; the chain itself is next."""
        try:
            told = json.loads(path.read_bytes())
            number, hash = told["number"], told["hash"]
            kept = SigningKey.objects.filter(key_id=told["key"]).first()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{path} is no signed head: {error}") from error
        if public is None and kept is None:
            raise CommandError(
                "This desk does not know the key. Give the one you kept with --key."
            )
        try:
            prove_head(told, public or (kept.public if kept else ""))
        except NotSigned as error:
            raise CommandError(str(error)) from error
        if number and known_hash(number) != hash:
            raise CommandError(
                f"The ledger no longer holds what was signed: event {number} is gone or "
                "has another hash."
            )
        self.stdout.write(f"The signed head of {told['day']} is in the chain.")
