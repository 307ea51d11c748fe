"""RFC 5424: what is sent of an entry, whatever people wrote in it."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from portal.audit.content import hash_of
from portal.audit.models import AuditEvent
from portal.audit.syslog.message import message

URL = "https://desk.example.com/audit/7/"
# Of RFC 5424, section 6: header, one element of structured data, text.
SHAPE = re.compile(
    rb"<(?P<priority>\d{1,3})>1 (?P<at>[0-9T:.+-]+) (?P<host>[!-~]{1,255}) gatehouse - "
    rb"(?P<id>[!-~]{1,32}) \[gatehouse@32473(?P<values>(?: [a-z]+=\"(?:[^\"\\\]]|\\.)*\")+)\]"
    rb" (?P<text>.*)"
)


def sent(*, limit: int = 8_192, host: str = "desk.example.com", **fields: Any) -> Any:
    values = {
        "number": 7,
        "at": datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC),
        "event": "change.approved",
        "actor": "riley",
        "channel": "portal",
        "gateway": "default",
        "subject_type": "change",
        "subject_id": "4",
        "subject": "#4 Publish",
        "previous_hash": "0" * 64,
    } | fields
    event = AuditEvent(**values)
    event.hash = event.computed_hash()
    made = message(event.content(), event.hash, host=host, url=URL, limit=limit)
    assert len(made) <= limit
    found = SHAPE.fullmatch(made)
    assert found, made
    assert made.isascii()
    return found, json.loads(found["text"]), event.hash


def test_it_says_who_did_what_where_and_carries_the_entry_whole() -> None:
    found, entry, hash = sent(details={"note": "fine"})

    assert found["priority"] == b"110"  # log audit, informational
    assert found["at"] == b"2026-11-22T01:02:03.456789+00:00"
    assert found["id"] == b"change.approved"
    assert found["values"].decode() == (
        f' number="7" hash="{hash}" actor="riley" subject="change/4" '
        f'gateway="default" url="{URL}"'
    )
    assert entry["details"] == {"note": "fine"}
    assert hash_of(entry) == entry["hash"] == hash


def test_a_broken_ledger_is_an_alert() -> None:
    assert sent(event="audit.broken")[0]["priority"] == b"105"


@pytest.mark.parametrize(
    "words",
    ['"] <110>1 forged', "two\nlines\r\n", "back\\slash", "Zoë 🎉", "\x00\x1b[31m"],
    ids=["quotes", "lines", "backslash", "other-letters", "controls"],
)
def test_nothing_that_people_write_ends_the_message(words: str) -> None:
    found, entry, hash = sent(actor=words, subject_id=words, details={"note": words})

    assert b"\n" not in found[0]
    assert entry["actor"] == words
    assert hash_of(entry) == hash


def test_what_is_too_long_goes_without_its_details_and_says_so() -> None:
    _, entry, hash = sent(limit=2_048, details={"note": "x" * 3_000})

    assert entry["details"] == {"cut": f"too long to be sent, read it at {URL}"}
    assert entry["actor"] == "riley"
    assert entry["hash"] == hash


def test_the_longest_entry_fits_a_datagram() -> None:
    found, entry, hash = sent(
        limit=2_048,
        host="h" * 300,
        number=2**62,
        event="x" * 40,
        actor="🎉" * 200,
        client="]" * 200,
        subject='"' * 300,
        subject_type="x" * 40,
        subject_id="]" * 100,
        gateway="g" * 40,
        details={"note": "x" * 9_000},
    )

    assert entry["number"] == 2**62
    assert entry["hash"] == hash
    assert URL.encode() in found["values"]
