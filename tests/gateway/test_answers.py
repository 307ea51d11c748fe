"""Every answer a real gateway was recorded to give is read as what it is."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from gateway.answers import as_entries, as_entry, as_rows, parsed, refusal
from gateway.errors import (
    Invalid,
    KeyRefused,
    NotFound,
    NotOffered,
    StillReferenced,
    UnexpectedAnswer,
)
from gateway.kinds import KIND_BY_PATH, KINDS, Kind
from tests.contract import contract

NOBODY: frozenset[str] = frozenset()


def recorded() -> Iterator[tuple[str, str, int, bytes]]:
    """Yield (method, path, status, body) of every recorded answer of an Admin API."""
    for name in ("admin", "plugins"):
        for sequence in contract(name):
            for step in sequence["steps"]:
                answer = step["response"]
                text = answer.get("_text") if isinstance(answer, dict) else None
                yield (
                    step["method"],
                    step["path"],
                    step["status"],
                    text.encode() if text is not None else json.dumps(answer).encode(),
                )
    for line in contract("behaviour"):
        if line["path"].startswith("/apisix/admin"):
            answer = line.get("response")
            body = line.get("text", "") if answer is None else json.dumps(answer)
            yield line["method"], line["path"], line["status"], body.encode()


def kind_of(path: str) -> Kind | None:
    parts = path.partition("?")[0].strip("/").split("/")[2:]
    if "credentials" in parts:
        return KINDS["credential"]
    return KIND_BY_PATH.get(parts[0]) if parts else None


@pytest.mark.contract
def test_every_recorded_refusal_has_its_error() -> None:
    seen: Counter[str] = Counter()
    for method, path, status, body in recorded():
        if status < 300:
            continue
        error = refusal(status, body, hide=NOBODY)
        seen[type(error).__name__] += 1
        told = json.loads(body) if body.startswith(b"{") else {}
        words = told.get("error_msg") or told.get("message") or ""
        at = (method, path, status, words)
        assert error.status == status
        if status == 401:
            assert type(error) is KeyRefused, at
        elif words == "Key not found":
            assert type(error) is NotFound, at
        elif "using it now" in words or "already exists in global rule" in words:
            assert type(error) is StillReferenced, at
        elif words.startswith(
            ("Unsupported resource", "not found schema", "stream mode")
        ):
            assert type(error) is NotOffered, at
        elif status == 400:
            assert type(error) is Invalid, at
        # Whatever was refused in JSON was refused by an Admin API.
        assert isinstance(error, UnexpectedAnswer) is (not told and status != 400), at
        if status == 400 and words:
            assert str(error) == words, at
        assert "req_body" not in str(error), at
    print(dict(seen))  # noqa: T201
    assert sum(seen.values()) > 400
    assert set(seen) == {
        "Invalid",
        "KeyRefused",
        "NotFound",
        "NotOffered",
        "StillReferenced",
        "UnexpectedAnswer",
    }


@pytest.mark.contract
def test_every_recorded_resource_and_list_can_be_read() -> None:
    resources = lists = 0
    for method, path, status, body in recorded():
        kind = kind_of(path)
        if kind is None or status >= 300 or method not in {"GET", "PUT"}:
            continue
        answer = parsed(body)
        if isinstance(answer, dict) and "list" in answer:
            rows, total = as_rows(answer)
            found = as_entries(kind, rows)
            assert len(found) == len(rows)
            assert isinstance(total, int)
            assert all(kind.accepts_id(one.id) for one in found), path
            lists += 1
        elif isinstance(answer, dict) and "key" in answer:
            entry = as_entry(kind, answer)
            assert kind.accepts_id(entry.id), path
            # What the document says of its id: all of it, or its last part.
            own = entry.document.get(kind.id_field, entry.id)
            assert entry.id.endswith(str(own))
            resources += 1
    print(f"{resources} resources, {lists} lists")  # noqa: T201
    assert resources > 1_000
    assert lists > 30
