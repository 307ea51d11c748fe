"""The key that identifies secrets without telling them (digests, `redacted:…` marks).

Made once per installation, stored sealed, and left alone when the encryption keys are
rotated: digests that people approved must stay comparable for ever.
"""

import secrets
from functools import lru_cache

from gateway.models import FingerprintKey
from gateway.sealing import seal, unseal


@lru_cache(maxsize=1)
def fingerprint_key() -> bytes:
    """Return the installation's fingerprint key, made on first use. 32 bytes.

    Raises Unsealable.
    """
    row, _ = FingerprintKey.objects.get_or_create(
        pk=1, defaults={"sealed": seal(secrets.token_hex(32))}
    )
    return bytes.fromhex(unseal(row.sealed))
