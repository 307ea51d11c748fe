import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit.files import (
    FileProof,
    Unreadable,
    archive_of,
    is_archive,
    known_hash,
    known_hashes,
    lines_in,
    prove,
)
from portal.audit.heads import NotSigned, prove_head
from portal.audit.ledger import problems
from portal.audit.models import Archive, LedgerHead, SigningKey

Signed = dict[str, Any]


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
            "--head",
            type=Path,
            help="A signed head that was kept elsewhere (JSON), of the ledger or --file.",
        )
        parser.add_argument(
            "--key",
            help="The public key that was kept with it (base64); else this desk's own.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        signed = options["head"] and self._signed(options["head"], options["key"])
        if options["file"]:
            self._verify_file(options["file"], signed)
            return
        if signed:
            self._hold_to(signed, known_hash(signed["number"]))
        found = 0
        for problem in problems():
            found += 1
            self.stdout.write(str(problem))
        if found:
            raise CommandError(f"The audit ledger does not hold: {found} problem(s).")
        head = LedgerHead.objects.get(pk=1)
        self.stdout.write(f"The chain holds: {head.number} events verified.")
        self.stdout.write(f"head: {head.hash}")

    def _verify_file(self, path: Path, signed: Signed | None) -> None:
        try:
            proof = prove(lines_in(path), note=signed["number"] if signed else None)
        except Unreadable as error:
            raise CommandError(str(error)) from error
        for problem in proof.problems:
            self.stdout.write(str(problem))
        if proof.problems:
            raise CommandError(
                f"The file does not hold: {len(proof.problems)} problem(s)."
            )
        if signed:
            self._hold_to(signed, proof.noted.get(signed["number"]))
        if not proof.count:
            self.stdout.write("The file holds no entry.")
            return
        self.stdout.write(
            f"The file holds: {proof.count} events, {proof.first} to {proof.last}"
            + (f", with {proof.gaps} gaps." if proof.gaps else ", none left out.")
        )
        archive = Archive.objects.filter(file=path.name).first()
        if archive and not is_archive(proof, archive):
            raise CommandError(
                f"It is not the archive of this ledger, which has events {archive.first} "
                f"to {archive.last}."
            )
        self._hold_to_ledger(proof)

    def _hold_to_ledger(self, proof: FileProof) -> None:
        """Compare what nothing in the file follows from; that proves all before it."""
        known = known_hashes(list(proof.ends))
        for number, hash in proof.ends.items():
            if known.get(number, hash) != hash:
                raise CommandError(
                    f"It is not of this ledger: event {number} has another hash here."
                )
        unknown = [number for number in proof.ends if number not in known]
        if not unknown:
            self.stdout.write("It is of this ledger, which has the same hash.")
            return
        left = archive_of(unknown[0])
        self.stdout.write(
            f"This ledger knows no event {unknown[0]} to hold it against"
            + (f": it left for the archive {left.file}." if left else ".")
        )

    def _signed(self, path: Path, public: str | None) -> Signed:
        """Return what a head says, once the key is proved to have signed it."""
        try:
            told = json.loads(path.read_bytes())
            number, kept = told["number"], SigningKey.objects.filter(key_id=told["key"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{path} is no signed head: {error}") from error
        if not isinstance(number, int):
            raise CommandError(f"{path} is no signed head: its number is none.")
        own = kept.first()
        if public is None and own is None:
            raise CommandError(
                "This desk does not know the key. Give the one you kept with --key."
            )
        try:
            prove_head(told, public or (own.public if own else ""))
        except NotSigned as error:
            raise CommandError(str(error)) from error
        return dict(told)

    def _hold_to(self, signed: Signed, found: str | None) -> None:
        """Prove that what is held is what was signed; what follows it is proved next."""
        number = signed["number"]
        left = archive_of(number) if found is None else None
        if number and found != signed["hash"]:
            raise CommandError(
                f"Event {number} left for the archive {left.file}: give that as --file."
                if left
                else "The ledger no longer holds what was signed: event "
                f"{number} is gone or has another hash."
            )
        self.stdout.write(f"The signed head of {signed['day']} is in the chain.")
