"""The head of the ledger, signed once a day, to be kept where nobody here can reach it.

Whoever can rewrite the whole database can make another chain that holds; it cannot hold
a hash that was signed and kept elsewhere before.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gateway import sealing
from portal.audit.events import Event
from portal.audit.ledger import Entry, Ledger, Recordable, record
from portal.audit.models import AuditHead, LedgerHead, SigningKey

SIGNED = ("desk", "day", "number", "hash")


class NotSigned(Exception):
    """The head is not one that the key has signed."""


def signing_key() -> SigningKey:
    """Return the key that signs, made when first asked for."""
    kept = SigningKey.objects.order_by("-pk").first()
    if kept:
        return kept
    made = Ed25519PrivateKey.generate()
    public = made.public_key().public_bytes_raw()
    return SigningKey.objects.create(
        key_id=key_id_of(public),
        public=base64.b64encode(public).decode(),
        sealed=sealing.seal(base64.b64encode(made.private_bytes_raw()).decode()),
    )


def key_id_of(public: bytes) -> str:
    """Return what a public key is known by: the begin of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def public_pem(key: SigningKey) -> str:
    """Return the public key as openssl and others read it."""
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public))
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


@transaction.atomic
def sign_head(*, actor: Recordable) -> AuditHead:
    """Sign the ledger's head, once a day (UTC): later calls return the day's."""
    head = LedgerHead.objects.select_for_update().get(pk=1)
    day = timezone.now().date()
    signed = AuditHead.objects.filter(day=day).first()
    if signed:
        return signed
    key = signing_key()
    signed = AuditHead(
        day=day,
        number=head.number,
        hash=head.hash,
        desk=settings.PUBLIC_URL,
        key=key,
    )
    private = Ed25519PrivateKey.from_private_bytes(
        base64.b64decode(sealing.unseal(key.sealed))
    )
    signed.signature = base64.b64encode(private.sign(statement(signed.told()))).decode()
    signed.save(force_insert=True)
    record(Entry(Event.AUDIT_SIGNED, signed.told()), actor=actor, subject=Ledger())
    return signed


def statement(told: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed: five lines."""
    lines = ["gatehouse audit head", *(str(told[name]) for name in SIGNED)]
    return "".join(f"{line}\n" for line in lines).encode()


def prove_head(told: Mapping[str, Any], public: str) -> None:
    """Check a head against a public key (base64). Raises NotSigned."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
        key.verify(base64.b64decode(told["signature"]), statement(told))
    except (InvalidSignature, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise NotSigned("The key did not sign this head.") from error
