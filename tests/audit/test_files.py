"""A file of entries proves itself, and tells when anything in it was touched."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.audit.content import FIELDS, line_of
from portal.audit.models import AuditEvent
from tests.trail.ledgers import chained

pytestmark = pytest.mark.django_db

OTHER: dict[str, Any] = {
    "number": 9,
    "actor_id": 9,
    "token_id": 9,
    "revision": 9,
    "details": {"x": 1},
}
# Compressed, and then a bit of it flipped.
BROKEN = "\x1f\x8b\x08" + "\0" * 7 + "\xff" * 20


def file_of(events: list[AuditEvent], folder: Path) -> Path:
    path = folder / "audit.jsonl"
    path.write_bytes(b"".join(line_of(e.content(), e.hash) for e in events))
    return path


def verify(path: Path) -> None:
    call_command("verify_audit", file=path)


def test_an_export_holds_compressed_or_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_of(chained([{}, {"subject": "naïve ☃"}, {}]), tmp_path)
    packed = tmp_path / "audit.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    verify(path)
    verify(packed)

    said = capsys.readouterr().out
    assert said.count("3 events, 1 to 3, none left out.") == 2
    assert said.count("It is of this ledger") == 2


def test_what_a_filter_left_out_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = chained([{}] * 6)

    verify(file_of([events[1], events[2], events[5]], tmp_path))

    assert "3 events, 2 to 6, with 1 gaps." in capsys.readouterr().out


@pytest.mark.parametrize("name", [*FIELDS, "hash"])
def test_every_field_that_is_altered_is_found_out(tmp_path: Path, name: str) -> None:
    path = file_of(chained([{}] * 3), tmp_path)
    lines = path.read_text().splitlines()
    entry = json.loads(lines[1])
    entry[name] = OTHER.get(name, f"{entry[name]}x")
    path.write_text("\n".join([lines[0], json.dumps(entry), lines[2]]))

    with pytest.raises(CommandError, match="does not hold"):
        verify(path)


def test_entries_in_another_order_are_found_out(tmp_path: Path) -> None:
    events = chained([{}] * 3)

    with pytest.raises(CommandError, match="does not hold"):
        verify(file_of([events[0], events[2], events[1]], tmp_path))


def test_a_file_of_another_ledger_is_found_out(tmp_path: Path) -> None:
    events = chained([{}, {}])
    other = events[1]
    other.actor = "mallory"
    other.hash = other.computed_hash()

    with pytest.raises(CommandError, match="not of this ledger"):
        verify(file_of([events[0], other], tmp_path))


@pytest.mark.parametrize("position", [0, 2])
def test_an_entry_put_in_where_a_filter_left_some_out_is_found_out(
    tmp_path: Path, position: int
) -> None:
    events = chained([{}] * 6)
    forged = events[position]
    forged.actor = "mallory"
    forged.hash = forged.computed_hash()

    with pytest.raises(CommandError, match=f"event {position + 1} has another hash"):
        verify(file_of([events[0], events[2], events[4], events[5]], tmp_path))


@pytest.mark.parametrize(
    "text", ["no json", "[]", "{}", '{"number": 1}', "\x1f\x8bx", BROKEN]
)
def test_what_is_no_file_of_entries_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(CommandError):
        verify(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        verify(tmp_path / "nothing")


def test_the_check_that_the_documentation_shows_agrees(tmp_path: Path) -> None:
    path = file_of(chained([{"details": {"b": "☃", "a": None}}, {}]), tmp_path)
    text = Path("docs/audit.md").read_text()
    program = text.partition("```python\n")[2].partition("```")[0]

    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102
    assert names["holds"](path) is True
    path.write_text(path.read_text().replace("riley", "mallory", 1))
    assert names["holds"](path) is False
