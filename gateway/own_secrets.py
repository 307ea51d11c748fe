"""A document on its way to another gateway, and that one's own secrets. Pure."""

from typing import Any

from gateway.kinds import KINDS
from gateway.readable import ENCRYPTED_FOR_GOOD, PLAIN, value_at
from gateway.redaction import fingerprint, put
from gateway.secret_fields import Document, EncryptFields, Path, secret_paths


def with_own_secrets(
    kind: str,
    document: Document,
    held: Document,
    *,
    key: bytes,
    encrypt_fields: EncryptFields,
    may_bring: bool,
) -> Document:
    """Put the target's own secrets, as it holds them, in place of those that stay behind.

    Those are all, unless they `may_bring` them, and always what the source encrypted for
    itself. Where the target holds none at that place, the secret's mark stands for it,
    which no gateway takes. Changes the document given; returns it.
    """
    stays: set[Path] = {
        path
        for path in ENCRYPTED_FOR_GOOD
        if isinstance(value := value_at(document, path), str)
        and not value.startswith(PLAIN)
    }
    if not may_bring:
        for name in KINDS[kind].write_only:
            document.pop(name, None)
        found = secret_paths(kind, document, encrypt_fields=encrypt_fields)
        stays |= {path for path, _ in found}
    for path in stays:
        own = _own(document, held, path)
        put(document, path, own or fingerprint(_at(document, path), key))
    return document


def _own(document: Document, held: Document, path: Path) -> str:
    """Return what the target holds at the same place; "" where that is another one."""
    names = tuple(part for part in path if isinstance(part, str))
    if len(names) < len(path):
        return ""  # an element of an array has no name to know it by
    if names[-1] == "client_key":
        cert = (*names[:-1], "client_cert")
        if value_at(document, cert) != value_at(held, cert):
            return ""
    own = value_at(held, names)
    return own if isinstance(own, str) else ""


def _at(document: Any, path: Path) -> str:
    for part in path:
        document = document[part]
    return str(document)
