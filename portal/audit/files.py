"""A file of entries, an export or an archive: read it and prove what it holds."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.audit.chain import Chain, Problem
from portal.audit.content import FIELDS, hash_of
from portal.audit.models import Archive, AuditEvent

GZIP = b"\x1f\x8b"
AT_ONCE = 500


class Unreadable(Exception):
    """It is no file of entries."""


@dataclass
class FileProof:
    """What a file holds: its first and last entry, and what is wrong with them.

    `gaps` counts the places where entries are left out, as a filter does. `ends` is
    {number: hash} of the last entry before each of these and of the last of all: one
    that a ledger knows by its hash proves those that it follows, back to the gap before.
    `noted` is the same of the entries that were asked for.
    """

    count: int = 0
    first: int = 0
    first_previous: str = ""
    last: int = 0
    last_hash: str = ""
    gaps: int = 0
    ends: dict[int, str] = field(default_factory=dict)
    noted: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def lines_in(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a file of JSON Lines, compressed or not. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            is_compressed = file.read(2) == GZIP
        with gzip.open(path) if is_compressed else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield _entry(line, number)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"{path} cannot be read: {error}") from error


def _entry(line: bytes, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        if set(entry) != {*FIELDS, "hash"} or not isinstance(entry["number"], int):
            raise ValueError("other fields than an entry has")
    except (ValueError, TypeError) as error:
        raise Unreadable(f"Line {number} is no entry of the audit: {error}.") from error
    return dict(entry)


def prove(entries: Iterable[dict[str, Any]], *, note: int | None = None) -> FileProof:
    """Follow the entries of a file. Entries may be left out; none may be altered."""
    proof, chain = FileProof(), Chain()
    for entry in entries:
        number, previous_hash = entry["number"], entry["previous_hash"]
        if not proof.count:
            proof.first, proof.first_previous = number, previous_hash
            chain = Chain(number - 1, previous_hash)
        elif number > chain.number + 1:
            proof.gaps += 1
            proof.ends[chain.number] = chain.hash
            chain = Chain(number - 1, previous_hash)
        proof.problems += chain.follow(
            number, previous_hash, entry["hash"], hash_of(entry)
        )
        proof.count += 1
        if number == note:
            proof.noted[number] = entry["hash"]
    if proof.count:
        proof.last, proof.last_hash = chain.number, chain.hash
        proof.ends[chain.number] = chain.hash
    return proof


def known_hashes(numbers: Sequence[int]) -> dict[int, str]:
    """Return {number: hash} of those that this desk's ledger knows. A query for 250."""
    found = dict(Archive.objects.values_list("last", "last_hash"))
    known = {number: found[number] for number in numbers if number in found}
    for begin in range(0, len(numbers), AT_ONCE // 2):
        some = set(numbers[begin : begin + AT_ONCE // 2])
        wanted = some | {number + 1 for number in some}
        rows = AuditEvent.objects.filter(number__in=wanted)
        for number, hash, previous in rows.values_list(
            "number", "hash", "previous_hash"
        ):
            if number in some:
                known[number] = hash
            if number - 1 in some:
                known.setdefault(number - 1, previous)
    return known


def known_hash(number: int) -> str | None:
    """Return the hash that this desk's ledger knows of an entry, None if it has none."""
    return known_hashes([number]).get(number)


def archive_of(number: int) -> Archive | None:
    """Return the archive that an entry left for."""
    return Archive.objects.filter(first__lte=number, last__gte=number).first()


def is_archive(proof: FileProof, archive: Archive) -> bool:
    """Say whether a file holds all that an archive was given, and nothing else."""
    wanted: Mapping[str, Any] = archive.told()
    names = ("first", "first_previous", "last", "last_hash")
    return not proof.gaps and all(getattr(proof, n) == wanted[n] for n in names)
