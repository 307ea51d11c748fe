"""Hide the secrets of a document, and find them again when they are sent back. Pure."""

import hashlib
import hmac
import json
import re
from collections.abc import Set
from typing import Any

from gateway.secret_fields import Document, EncryptFields, Path, secret_paths, texts

MARK = "redacted:"
REDACTED = re.compile(r"redacted:[0-9a-f]{8}")
HIDDEN = "(secret)"
# A secret shorter than this counts in a text only as a word of its own.
SHORT = 6


def fingerprint(secret: str, key: bytes) -> str:
    """Return the mark that stands for a secret: `redacted:` and 8 hex digits."""
    text = secret.encode("utf-8", "surrogatepass")
    return MARK + hmac.new(key, text, hashlib.sha256).hexdigest()[:8]


def redact(
    kind: str, document: Document, *, key: bytes, encrypt_fields: EncryptFields
) -> Document:
    """Return a copy in which each secret is replaced by its fingerprint.

    And what no database keeps in a text by a sign for it (see `storable`).
    """
    shown: Document = _storable(document)
    for path, value in secret_paths(kind, document, encrypt_fields=encrypt_fields):
        if not REDACTED.fullmatch(value):
            at = [storable(part) if isinstance(part, str) else part for part in path]
            put(shown, tuple(at), fingerprint(value, key))
    return shown


def storable(text: str) -> str:
    """Return a text as PostgreSQL keeps it: a gateway may hold NUL characters."""
    return text.replace("\x00", "\u2400") if "\x00" in text else text


def resolve(
    kind: str,
    wanted: Document,
    live: Document,
    *,
    key: bytes,
    encrypt_fields: EncryptFields,
) -> tuple[Document, list[str]]:
    """Put back the secrets that redacted values in `wanted` stand for.

    `live` is the same resource as the gateway holds it now, {} for none. A value is put
    back only where it holds that very secret at the same path; elements of arrays are
    told by fingerprint, not by index. Returns a copy and the dotted paths of redacted
    values, whole or as part of a secret text, that stand for nothing there.
    """
    held = {
        (any_index(path), fingerprint(value, key)): value
        for path, value in secret_paths(kind, live, encrypt_fields=encrypt_fields)
    }
    # Texts that were shown otherwise than they are.
    odd = {path: text for path, text in texts(live) if storable(text) != text}
    whole: Document = _copied(wanted)
    unresolved: list[str] = []
    secret = {
        path for path, _ in secret_paths(kind, wanted, encrypt_fields=encrypt_fields)
    }
    for path, value in texts(wanted):
        if REDACTED.fullmatch(value):
            known = held.get((any_index(path), value))
            if known is None:
                unresolved.append(dotted(path))
            else:
                put(whole, path, known)
        elif path in secret and REDACTED.search(value):
            unresolved.append(dotted(path))
        elif path in odd and storable(odd[path]) == value:
            put(whole, path, odd[path])
    return whole, unresolved


def scrub(text: str, secrets: Set[str], *, key: bytes | None = None) -> str:
    """Return the text with every secret in it replaced, by its fingerprint under `key`.

    Finds secrets as they are, escaped as in JSON, and cut off at the end of the text.
    A short one counts only as a word of its own, else it would blank half the text.
    """
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        mark = HIDDEN if key is None else fingerprint(secret, key)
        for form in sorted(_forms(secret), key=len, reverse=True):
            if len(form) < SHORT:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", mark, text)
            else:
                text = text.replace(form, mark)
                text = _without_beginning_at_end(text, form, mark)
    return text


def _forms(secret: str) -> set[str]:
    """Return the secret as it is and as JSON writers, lua-cjson too, would escape it."""
    escaped = json.dumps(secret, ensure_ascii=False)[1:-1]
    return {secret, json.dumps(secret)[1:-1], escaped, escaped.replace("/", "\\/")}


def _without_beginning_at_end(text: str, secret: str, mark: str) -> str:
    """Replace the beginning of a secret that the text ends with, after a cut."""
    bare = text.removesuffix("…")
    for size in range(min(len(secret) - 1, len(bare)), SHORT - 1, -1):
        if bare.endswith(secret[:size]):
            return bare[:-size] + mark
    return text


def any_index(path: Path) -> tuple[str | None, ...]:
    """Return the path with None for each index of an array."""
    return tuple(None if isinstance(part, int) else part for part in path)


def dotted(path: Path) -> str:
    """Return the path as people read it."""
    return ".".join(str(part) for part in path)


def _copied(value: Any) -> Any:
    """Return a copy of a JSON value; copy.deepcopy takes ten times as long."""
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def _storable(value: Any) -> Any:
    """Return a copy of a JSON value, every text of it storable."""
    if isinstance(value, dict):
        return {storable(name): _storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return storable(value) if isinstance(value, str) else value


def put(document: Any, path: Path, value: str) -> None:
    """Write a text at a path that is there."""
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value
