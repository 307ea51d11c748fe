"""Encryption at rest.

`FIELD_ENCRYPTION_KEY` is a comma list of keys: the first encrypts and all decrypt, so
that they can be rotated.
"""

import hashlib
import hmac
import zlib
from functools import lru_cache
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Unsealable(Exception):
    """None of the configured keys opens this value."""


@lru_cache(maxsize=4)
def _keyring(keys: str) -> MultiFernet:
    try:
        return MultiFernet(
            [Fernet(key.strip()) for key in keys.split(",") if key.strip()]
        )
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEY must be a comma list of Fernet keys "
            "(32 bytes, url-safe base64)."
        ) from error


def keyring() -> MultiFernet:
    """Return the keys of `FIELD_ENCRYPTION_KEY`, the encrypting one first."""
    return _keyring(settings.FIELD_ENCRYPTION_KEY)


def key_fingerprints() -> list[str]:
    """Return what names each key without telling it, that of the encrypting one first."""
    keys = settings.FIELD_ENCRYPTION_KEY.split(",")
    return [
        hmac.new(key.strip().encode(), b"gatehouse key", hashlib.sha256).hexdigest()[
            :16
        ]
        for key in keys
        if key.strip()
    ]


def seal(value: Any) -> bytes:
    """Encrypt any JSON value; the result goes into a `BinaryField`."""
    return keyring().encrypt(zlib.compress(orjson.dumps(value)))


def unseal(sealed: bytes | memoryview) -> Any:
    """Return what `seal` was given. Raises Unsealable when no key fits."""
    try:
        return orjson.loads(zlib.decompress(keyring().decrypt(bytes(sealed))))
    except InvalidToken as error:
        raise Unsealable(
            "A stored secret opens with none of the keys in FIELD_ENCRYPTION_KEY. "
            "Put the key it was written with back at the end of the list."
        ) from error


def reseal(sealed: bytes | memoryview) -> bytes:
    """Encrypt the same value under the first key. Raises Unsealable."""
    try:
        return keyring().rotate(bytes(sealed))
    except InvalidToken as error:
        raise Unsealable(
            "A stored secret opens with none of the configured keys."
        ) from error
