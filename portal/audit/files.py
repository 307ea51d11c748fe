"""A file of entries, an export or an archive: read it and prove what it holds."""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.audit.chain import Chain, Problem
from portal.audit.content import FIELDS, hash_of
from portal.audit.models import Archive, AuditEvent

GZIP = b"\x1f\x8b"


class Unreadable(Exception):
    """It is no file of entries."""


@dataclass
class FileProof:
    """What a file holds: its first and last entry, and what is wrong with them.

    `gaps` counts the places where entries are left out, as a filter does.
    """

    count: int = 0
    first: int = 0
    first_previous: str = ""
    last: int = 0
    last_hash: str = ""
    gaps: int = 0
    problems: list[Problem] = field(default_factory=list)


def lines_in(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a file of JSON Lines, compressed or not. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            is_compressed = file.read(2) == GZIP
        with gzip.open(path) if is_compressed else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield _entry(line, number)
    except (OSError, EOFError) as error:
        raise Unreadable(f"{path} cannot be read: {error}") from error


def _entry(line: bytes, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        if set(entry) != {*FIELDS, "hash"} or not isinstance(entry["number"], int):
            raise ValueError("other fields than an entry has")
    except (ValueError, TypeError) as error:
        raise Unreadable(f"Line {number} is no entry of the audit: {error}.") from error
    return dict(entry)


def prove(entries: Iterable[dict[str, Any]]) -> FileProof:
    """Follow the entries of a file. Entries may be left out; none may be altered."""
    proof, chain = FileProof(), Chain()
    for entry in entries:
        number, previous_hash = entry["number"], entry["previous_hash"]
        if not proof.count:
            proof.first, proof.first_previous = number, previous_hash
            chain = Chain(number - 1, previous_hash)
        elif number > chain.number + 1:
            proof.gaps += 1
            chain = Chain(number - 1, previous_hash)
        proof.problems += chain.follow(
            number, previous_hash, entry["hash"], hash_of(entry)
        )
        proof.count += 1
    proof.last, proof.last_hash = chain.number, chain.hash
    return proof


def known_hash(number: int) -> str | None:
    """Return the hash that this desk's ledger knows of an entry, None if it has none."""
    event = AuditEvent.objects.filter(number=number).only("hash").first()
    if event:
        return event.hash
    after = AuditEvent.objects.filter(number=number + 1).only("previous_hash").first()
    if after:
        return after.previous_hash
    left = Archive.objects.filter(last=number).first()
    return left.last_hash if left else None
