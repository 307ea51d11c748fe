"""What of a document a gateway shows again, and whether two are alike as far as it shows.

Some fields are never shown (a certificate's key), others only as the gateway encrypted
them: a read proves nothing about the first and little about the second. Pure.
"""

from collections.abc import Iterable
from typing import Any

from gateway.documents import Document, same
from gateway.kinds import KINDS
from gateway.schemas import Schemas

Path = tuple[str, ...]

# The gateway keeps these encrypted, and GET shows them so (apisix/upstream.lua).
ENCRYPTED_FOR_GOOD: tuple[Path, ...] = (
    ("tls", "client_key"),
    ("upstream", "tls", "client_key"),
)
# What begins so is no cipher text: apisix/ssl.lua tells them apart by it.
PLAIN = "---"


def readable(
    kind: str, document: Document, *, without: Iterable[Path] = ()
) -> Document:
    """Return what of a document GET shows; `without` names fields to leave out too."""
    hidden = KINDS[kind].write_only
    shown = {key: value for key, value in document.items() if key not in hidden}
    for path in without:
        if value_at(shown, path) is not None:
            shown = _without(shown, path)
    return shown


def alike(
    kind: str, a: Document | None, b: Document | None, *, version: str, schemas: Schemas
) -> bool:
    """Say whether two documents are the same as far as GET can show; None: not there.

    A key that the gateway encrypted says nothing about one in clear, only about another
    that it encrypted: it does so under a fixed key.
    """
    if a is None or b is None:
        return a is b
    incomparable = [
        path
        for path in ENCRYPTED_FOR_GOOD
        if {_is_plain(value_at(a, path)), _is_plain(value_at(b, path))} == {True, False}
    ]
    return same(
        kind,
        readable(kind, a, without=incomparable),
        readable(kind, b, without=incomparable),
        version=version,
        schemas=schemas,
    )


def value_at(document: Any, path: Path) -> Any:
    """Return the value at a path of names, None where there is none."""
    for part in path:
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _is_plain(value: Any) -> bool | None:
    """Say whether a key is in clear; None where there is no key."""
    return value.startswith(PLAIN) if isinstance(value, str) else None


def _without(document: Document, path: Path) -> Document:
    """Return a copy without the field; nothing else of the document is copied."""
    head, *rest = path
    if not rest:
        return {key: value for key, value in document.items() if key != head}
    return {**document, head: _without(document[head], tuple(rest))}
