"""Encryption at rest and fingerprints of secrets.

Two keys with two lives. `FIELD_ENCRYPTION_KEY` encrypts; it is a comma list whose
first key encrypts and all of which decrypt, so it can be rotated. The fingerprint
key identifies a secret without telling it (digests, `redacted:…` marks); it is made
once per installation, stored sealed, and rotation leaves it alone: digests that
people approved must stay comparable for ever.
"""

import secrets
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


@lru_cache(maxsize=1)
def fingerprint_key() -> bytes:
    """Return the installation's fingerprint key, made on first use. 32 bytes."""
    from gateway.models import FingerprintKey  # models use seal() above

    row, _ = FingerprintKey.objects.get_or_create(
        pk=1, defaults={"sealed": seal(secrets.token_hex(32))}
    )
    return bytes.fromhex(unseal(row.sealed))
