"""Secrets in the answer to a write: encrypted, as a gateway with data encryption does.

Which fields are secret is what the plugins' schemas list in `encrypt_fields`. The store
keeps documents in clear, since the data plane needs them; so does a GET's answer.
"""

import base64
import contextlib
import copy
import hashlib
from collections.abc import Callable
from typing import Any

from gateway.kinds import KINDS
from gateway.sandbox.schemas import PLUGINS
from gateway.sandbox.store import Document

_BLOCK = 16
CLIENT_KEY = ["tls", "client_key"]


class Veil:
    """Encrypts under a key that only this sandbox's admin key gives."""

    def __init__(self, admin_key: str) -> None:
        self._key = hashlib.sha256(b"sandbox:" + admin_key.encode()).digest()[:_BLOCK]

    def written(self, kind: str, key: str, document: Document) -> Document:
        """Return what the answer to a write shows of a document."""
        shown = copy.deepcopy(document)
        for configuration, schema in _secret_holders(kind, key, shown):
            for field in schema.get("encrypt_fields", ()):
                _replace(configuration, field.split("."), self._encrypt)
        if kind == "ssl":
            for field in ("key", "keys"):
                _replace(shown, [field], self._encrypt)
        _replace(shown, CLIENT_KEY, self._encrypt)
        _replace(shown, ["upstream", *CLIENT_KEY], self._encrypt)
        return shown

    def read(self, kind: str, document: Document) -> Document:
        """Return what a GET shows: in clear, without what is write-only.

        The private key of an upstream's client certificate is no plugin's field:
        it stays as it was encrypted.
        """
        shown = {
            field: value
            for field, value in document.items()
            if field not in KINDS[kind].write_only
        }
        if CLIENT_KEY[0] in shown or "upstream" in shown:
            shown = copy.deepcopy(shown)
            _replace(shown, CLIENT_KEY, self._encrypt)
            _replace(shown, ["upstream", *CLIENT_KEY], self._encrypt)
        return shown

    def take_in(self, document: Document) -> None:
        """Put back in clear what a caller read encrypted and now sends again."""
        _replace(document, CLIENT_KEY, self._decrypt)
        _replace(document, ["upstream", *CLIENT_KEY], self._decrypt)

    def _cipher(self) -> Any:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        return Cipher(algorithms.AES(self._key), modes.CBC(self._key))

    def _decrypt(self, text: str) -> str:
        if text.startswith("---"):
            return text
        # What does not decrypt was not encrypted here: it is kept as it is.
        with contextlib.suppress(ValueError, IndexError):
            sealed = base64.b64decode(text, validate=True)
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
            text = padded[: -padded[-1]].decode()
        return text

    def _encrypt(self, text: str) -> str:
        plain = text.encode()
        padding = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding)
        return base64.b64encode(sealed + encryptor.finalize()).decode()


def _secret_holders(
    kind: str, key: str, document: Document
) -> list[tuple[Any, dict[str, Any]]]:
    if kind == "plugin_metadata":
        plugin = PLUGINS.get(key)
        schema = (plugin.metadata_schema if plugin else None) or {}
        return [(document, schema)]
    holders = []
    plugins = document.get("plugins")
    for name, configuration in plugins.items() if isinstance(plugins, dict) else ():
        plugin = PLUGINS.get(name)
        if plugin is None:
            continue
        of_consumer = kind in ("consumer", "credential")
        schema = (plugin.consumer_schema if of_consumer else None) or plugin.schema
        holders.append((configuration, schema))
    return holders


def _replace(below: Any, path: list[str], change: Callable[[str], str]) -> None:
    if isinstance(below, list):
        for item in below:
            _replace(item, path, change)
        return
    if not isinstance(below, dict) or path[0] not in below:
        return
    if len(path) > 1:
        _replace(below[path[0]], path[1:], change)
    else:
        below[path[0]] = _changed(below[path[0]], change)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _changed(item, change) for key, item in value.items()}
    return value
