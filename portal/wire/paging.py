"""Opaque cursors: the last row's key, signed, so that nobody has to guess at forged ones."""

from typing import Any

from django.core.signing import BadSignature, Signer
from rest_framework import serializers

_signer = Signer(salt="portal.api.cursor")


def make_cursor(listing: str, key: Any) -> str | None:
    """Return the cursor that goes on after `key`; None when nothing follows."""
    return None if key is None else _signer.sign_object([listing, key])


def read_cursor(listing: str, cursor: str | None) -> Any:
    """Return the key a cursor stands for; None to begin. Raises ValidationError."""
    if cursor is None:
        return None
    try:
        where, key = _signer.unsign_object(cursor)
    except (BadSignature, ValueError, TypeError):
        where, key = "", None
    if where != listing:
        raise serializers.ValidationError(
            {"cursor": ["It is not a cursor of this list. Take next of a page before."]}
        )
    return key
