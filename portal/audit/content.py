"""What the hash of an entry is made of, and an entry as a line of a file. Pure.

Whoever holds a file of such lines proves the chain without us: docs/audit.md shows how.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# In this order; never change it: the hashes of what was written depend on it.
FIELDS = (
    "number",
    "at",
    "event",
    "actor",
    "actor_id",
    "channel",
    "client",
    "token_id",
    "request_id",
    "gateway",
    "subject_type",
    "subject_id",
    "subject",
    "revision",
    "details",
    "previous_hash",
)
GENESIS = "0" * 64


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of an entry's fields; `at` is ISO 8601 with microseconds."""
    text = _compact([content[name] for name in FIELDS])
    return hashlib.sha256(text.encode()).hexdigest()


def line_of(content: Mapping[str, Any], hash: str) -> bytes:
    """Return an entry as one line of JSON: its fields in order, then its hash."""
    named = {name: content[name] for name in FIELDS} | {"hash": hash}
    text = json.dumps(named, separators=(",", ":"), ensure_ascii=True)
    return text.encode() + b"\n"
