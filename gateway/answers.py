"""Read what an Admin API answered: entries, or a typed error. Pure.

Strict on purpose: something else at the gateway's address, a proxy's error page or
another release's format must never pass for "there is nothing", since what is not
there gets created, and what was to be deleted counts as done.
"""

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import (
    Busy,
    GatewayError,
    Invalid,
    ItemError,
    KeyRefused,
    NotFound,
    NotOffered,
    StillReferenced,
    UnexpectedAnswer,
)
from gateway.kinds import Kind
from gateway.redaction import scrub, storable

Document = dict[str, Any]

WORDS_LIMIT = 2_000
# Guards that a moment later may no longer refuse: they read memory that lags.
LAGGING_GUARD = re.compile(r"is still using it now|already exists in global rule")
NOTHING_THERE = re.compile(r"^Key not found|^plugin not found in subsystem")
NO_SUCH_THING = re.compile(
    r"^Unsupported resource type|^not found$|^not found schema|"
    r"^stream mode is disabled|^not supported `"
)
BUSY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Entry:
    """One resource as read: its id, its document, and etcd's revisions of it."""

    id: str
    document: Document
    created_index: int | None = None
    modified_index: int | None = None


def parsed(content: bytes) -> Any:
    """Return the JSON value of a 2xx answer, None for an empty one."""
    if not content.strip():
        return None
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise UnexpectedAnswer(
            "The Admin API answered something that is no JSON. "
            "Check the gateway's address."
        ) from None


def as_object(body: Any) -> Document:
    """Return the body when it is a JSON object. Raises UnexpectedAnswer."""
    if not isinstance(body, dict):
        raise UnexpectedAnswer(
            "The Admin API answered no JSON object where one was due."
        )
    return body


def as_entry(kind: Kind, row: Any) -> Entry:
    """Return the entry of one resource. Raises UnexpectedAnswer."""
    if not isinstance(row, dict) or not isinstance(row.get("value"), dict):
        raise UnexpectedAnswer(
            f"The Admin API answered a {kind.title.lower()} without a value. "
            "Gatehouse needs its answers in the format v3 (admin_api_version)."
        )
    parts = str(row.get("key", "")).split("/")
    return Entry(
        # The prefix before it is the etcd prefix, which a gateway may choose.
        id="/".join(parts[-kind.id_parts :]),
        document=row["value"],
        created_index=row.get("createdIndex"),
        modified_index=row.get("modifiedIndex"),
    )


def as_rows(body: Any) -> tuple[list[Any], int | None]:
    """Return the rows of a list and its total. Raises UnexpectedAnswer.

    An empty list may come as an object: Lua has one type for both.
    """
    rows = body.get("list") if isinstance(body, dict) else None
    if isinstance(rows, list) or rows == {}:
        total = body.get("total")
        return [*rows], total if isinstance(total, int) else None
    raise UnexpectedAnswer(
        "The Admin API answered no list where one was due. "
        "Gatehouse needs its answers in the format v3 (admin_api_version)."
    )


def as_entries(kind: Kind, rows: list[Any]) -> list[Entry]:
    """Return the entries of a list's rows.

    A row that is no resource (somebody wrote garbage into etcd) is left out.
    """
    return [
        as_entry(kind, row)
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("value"), dict)
    ]


def refusal(status: int, content: bytes, *, hide: Set[str]) -> GatewayError:
    """Return the error of an answer that is not 2xx, without the texts in `hide`."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = None
    words = _words(body)
    if not words and not content.lstrip().startswith(b"<"):
        words = content.decode("utf-8", "replace").strip()
    shown = _shown(words, hide)
    if status in (401, 403):
        return KeyRefused(
            f"The Admin API refuses the admin key or this machine: {shown or status}. "
            "Check the key, and allow_admin on the gateway.",
            status=status,
        )
    if status in BUSY:
        return Busy(
            f"The Admin API is busy: {shown or f'it answered {status}'}.", status=status
        )
    if status == 404 and NOTHING_THERE.search(words):
        return NotFound(shown, status=status)
    if status in (400, 404, 405) and NO_SUCH_THING.search(words):
        return NotOffered(shown, status=status)
    # A 404 in other words comes from elsewhere, save this one.
    if words and (
        words == "consumer not found" or (400 <= status < 500 and status != 404)
    ):
        kind = StillReferenced if LAGGING_GUARD.search(words) else Invalid
        return kind(shown, status=status, errors=_item_errors(body, hide))
    return UnexpectedAnswer(
        f"The Admin API answered {status}, not as an Admin API does. "
        "Check the gateway's address.",
        status=status,
    )


def _words(body: Any) -> str:
    """Return APISIX's words alone: its `req_body` would repeat secrets."""
    if isinstance(body, dict):
        for name in ("error_msg", "message", "description"):
            value = body.get(name)
            if value and isinstance(value, str):
                return value
    return ""


def _shown(words: str, hide: Set[str]) -> str:
    """Return the words without secrets; hidden first, so that none is cut in two."""
    text = storable(scrub(words, hide))
    return text if len(text) <= WORDS_LIMIT else f"{text[:WORDS_LIMIT]}…"


def _item_errors(body: Any, hide: Set[str]) -> tuple[ItemError, ...]:
    rows = body.get("errors") if isinstance(body, dict) else None
    return tuple(
        ItemError(
            str(row.get("resource_type", "")),
            row["index"] if isinstance(row.get("index"), int) else 0,
            _shown(str(row.get("error", "")), hide),
        )
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    )
