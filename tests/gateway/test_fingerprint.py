"""The fingerprint key is made once and outlives the encryption keys."""

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from gateway.fingerprint import fingerprint_key
from gateway.rotation import rotate

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_it_stays_what_it_was_when_encryption_keys_are_rotated() -> None:
    fingerprint_key.cache_clear()
    with override_settings(FIELD_ENCRYPTION_KEY=OLD):
        first = fingerprint_key()
    with override_settings(FIELD_ENCRYPTION_KEY=f"{NEW},{OLD}"):
        rotate()

    fingerprint_key.cache_clear()
    try:
        with override_settings(FIELD_ENCRYPTION_KEY=NEW):
            assert fingerprint_key() == first
        assert len(first) == 32
    finally:
        # The row goes with this test's transaction.
        fingerprint_key.cache_clear()
