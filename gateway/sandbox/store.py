"""What the sandbox holds, as etcd would hold it for APISIX: documents with revisions.

One counter grows with every write and every deletion; each document remembers the
counter when it was created and when it was last written. Reads come from memory,
every write goes through to one SQLite file before it is answered, so a killed
process loses nothing it has confirmed.
"""

import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]

# How long past writes are remembered for a lagging view, in seconds.
HISTORY_SECONDS = 120.0
# Seconds that a lease lasts at least: etcd rounds shorter ones up.
LEAST_LEASE = 2.0


@dataclass(frozen=True)
class Entry:
    """One stored document. `expires` is seconds since the epoch, None is never."""

    document: Document
    created: int
    modified: int
    expires: float | None = None


@dataclass(frozen=True)
class _Past:
    """What a key held until `until` (monotonic seconds)."""

    until: float
    kind: str
    key: str
    entry: Entry | None


class Store:
    """Documents by kind and id, kept in memory and in one SQLite file.

    Documents that come out are shared with the store: read them, never change them.
    `path=None` keeps everything in memory. Safe to use from several threads.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._kinds: dict[str, dict[str, Entry]] = {}
        self._revision = 0
        self._next_expiry: float | None = None
        self._past: deque[_Past] = deque()
        self._database = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None
        )
        # WAL with NORMAL survives a killed process; only a power cut may lose the tail.
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(
            "CREATE TABLE IF NOT EXISTS resource (kind TEXT, id TEXT, document TEXT,"
            " created INTEGER, modified INTEGER, expires REAL, PRIMARY KEY (kind, id));"
            "CREATE TABLE IF NOT EXISTS counter (revision INTEGER);"
        )
        self._load()

    @property
    def revision(self) -> int:
        """The counter: two equal readings mean that nothing changed in between."""
        with self._lock:
            self._expire()
            return self._revision

    def all(self, kind: str) -> dict[str, Document]:
        """Return every document of a kind as {id: document}, in the order of ids."""
        return {key: entry.document for key, entry in self.entries(kind)}

    def entries(self, kind: str) -> list[tuple[str, Entry]]:
        """Return [(id, entry)] in the order of ids, as etcd lists its keys."""
        with self._lock:
            self._expire()
            return sorted(self._kinds.get(kind, {}).items())

    def get(self, kind: str, key: str) -> Document | None:
        """Return one document, or None."""
        entry = self.entry(kind, key)
        return None if entry is None else entry.document

    def entry(self, kind: str, key: str) -> Entry | None:
        """Return one document with its revisions, or None."""
        with self._lock:
            self._expire()
            return self._kinds.get(kind, {}).get(key)

    def put(
        self, kind: str, key: str, document: Document, *, ttl: float | None = None
    ) -> Entry:
        """Store a document whole; `ttl` is seconds until it vanishes by itself.

        A lease is never shorter than `LEAST_LEASE`, as in etcd.
        """
        with self._lock:
            self._expire()
            revision = self._revision + 1
            before = self._kinds.get(kind, {}).get(key)
            entry = Entry(
                document,
                created=before.created if before else revision,
                modified=revision,
                expires=None if ttl is None else time.time() + max(ttl, LEAST_LEASE),
            )
            with self._transaction(revision):
                self._database.execute(
                    "INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        kind,
                        key,
                        json.dumps(document, ensure_ascii=False),
                        entry.created,
                        entry.modified,
                        entry.expires,
                    ),
                )
            self._remember(kind, key, before)
            self._kinds.setdefault(kind, {})[key] = entry
            if entry.expires is not None:
                self._next_expiry = min(
                    self._next_expiry or entry.expires, entry.expires
                )
            return entry

    def delete(self, kind: str, key: str) -> bool:
        """Remove a document; say whether there was one."""
        with self._lock:
            self._expire()
            return self._remove(kind, key)

    def reserve(self) -> int:
        """Use up one revision and return it: how etcd makes an id for a POST."""
        with self._lock:
            self._expire()
            with self._transaction(self._revision + 1):
                return self._revision + 1

    def as_of(self, kind: str, lag: float) -> dict[str, Document]:
        """Return what `all(kind)` was `lag` seconds ago: a watcher that is behind."""
        return {key: entry.document for key, entry in self.entries_as_of(kind, lag)}

    def entries_as_of(self, kind: str, lag: float) -> list[tuple[str, Entry]]:
        """Return what `entries(kind)` was `lag` seconds ago."""
        with self._lock:
            entries = dict(self.entries(kind))
            horizon = time.monotonic() - lag
            for past in reversed(self._past):
                if past.until <= horizon:
                    break
                if past.kind != kind:
                    continue
                if past.entry is None:
                    entries.pop(past.key, None)
                else:
                    entries[past.key] = past.entry
            return sorted(entries.items())

    def clear(self) -> None:
        """Forget every document; the counter goes on."""
        with self._lock:
            with self._transaction(self._revision + 1):
                self._database.execute("DELETE FROM resource")
            self._kinds.clear()
            self._past.clear()
            self._next_expiry = None

    def close(self) -> None:
        """Close the file. What was written stays."""
        with self._lock:
            self._database.close()

    def _load(self) -> None:
        row = self._database.execute("SELECT revision FROM counter").fetchone()
        if row is None:
            self._database.execute("INSERT INTO counter VALUES (0)")
        else:
            self._revision = row[0]
        for kind, key, text, created, modified, expires in self._database.execute(
            "SELECT kind, id, document, created, modified, expires FROM resource"
        ):
            entry = Entry(json.loads(text), created, modified, expires)
            self._kinds.setdefault(kind, {})[key] = entry
        self._plan_expiry()

    def _transaction(self, revision: int) -> "_Transaction":
        return _Transaction(self, revision)

    def _remove(self, kind: str, key: str) -> bool:
        entry = self._kinds.get(kind, {}).get(key)
        if entry is None:
            return False
        with self._transaction(self._revision + 1):
            self._database.execute(
                "DELETE FROM resource WHERE kind = ? AND id = ?", (kind, key)
            )
        self._remember(kind, key, entry)
        del self._kinds[kind][key]
        return True

    def _remember(self, kind: str, key: str, before: Entry | None) -> None:
        now = time.monotonic()
        self._past.append(_Past(now, kind, key, before))
        while self._past and self._past[0].until < now - HISTORY_SECONDS:
            self._past.popleft()

    def _expire(self) -> None:
        if self._next_expiry is None or self._next_expiry > time.time():
            return
        now = time.time()
        for kind, key in list(self._expired(now)):
            self._remove(kind, key)
        self._plan_expiry()

    def _expired(self, now: float) -> Iterator[tuple[str, str]]:
        for kind, entries in self._kinds.items():
            for key, entry in entries.items():
                if entry.expires is not None and entry.expires <= now:
                    yield kind, key

    def _plan_expiry(self) -> None:
        self._next_expiry = min(
            (
                entry.expires
                for entries in self._kinds.values()
                for entry in entries.values()
                if entry.expires is not None
            ),
            default=None,
        )


class _Transaction:
    """One durable step of the counter together with what is written inside."""

    def __init__(self, store: Store, revision: int) -> None:
        self._store = store
        self._revision = revision

    def __enter__(self) -> None:
        self._store._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        database = self._store._database
        if kind is not None:
            database.execute("ROLLBACK")
            return
        database.execute("UPDATE counter SET revision = ?", (self._revision,))
        database.execute("COMMIT")
        self._store._revision = self._revision
