"""Bring a gateway to hold a whole document, where it does not hold it yet."""

from typing import Any

from gateway.fingerprint import fingerprint_key
from gateway.kinds import KINDS
from gateway.readable import alike
from gateway.redaction import resolve
from gateway.schemas import Schemas
from portal.changes.asked import ItemAsked
from portal.changes.models import Action

Document = dict[str, Any]
Key = tuple[str, str]


def bringing_whole(
    key: Key, document: Document, held: Document | None, *, schemas: Schemas
) -> ItemAsked | None:
    """Return the item that a gateway needs to hold this; None: it does already.

    Redacted values stand for the secrets that are held there. A certificate that stays
    keeps its key, if we know it.
    """
    if held is None:
        return item_at(Action.CREATE, key, document)
    if is_held(key[0], document, held, schemas=schemas):
        return None
    whole = _resolved(key[0], document, held, schemas)
    return item_at(Action.UPDATE, key, with_keys(key[0], whole, held))


def is_held(kind: str, document: Document, held: Document, *, schemas: Schemas) -> bool:
    """Say whether what a gateway holds is this document."""
    document = _resolved(kind, document, held, schemas)
    return alike(
        kind, document, held, version=schemas.version, schemas=schemas
    ) and not any(
        # A key that we do not know may be another.
        name in document and document[name] != held.get(name)
        for name in KINDS[kind].write_only
    )


def item_at(action: Action, key: Key, document: Document | None = None) -> ItemAsked:
    """Return an item that errors name by its address: `routes.r1.uri`."""
    return ItemAsked(
        action=action,
        kind=key[0],
        id=key[1],
        document=document,
        replace=True,
        field=field_of(key),
        document_field="",
    )


def field_of(key: Key) -> str:
    """Return how errors name a resource: `routes.r1`."""
    return f"{KINDS[key[0]].path}.{key[1]}"


def _resolved(
    kind: str, document: Document, held: Document, schemas: Schemas
) -> Document:
    """Put back the secrets that marks stand for."""
    whole, _ = resolve(
        kind,
        document,
        held,
        key=fingerprint_key(),
        encrypt_fields=schemas.encrypt_fields,
    )
    return whole


def with_keys(kind: str, document: Document, held: Document) -> Document:
    """Add the private keys that gateways never show, where the certificate stays."""
    if document.get("cert") != held.get("cert"):
        return document
    kept = {name: held[name] for name in KINDS[kind].write_only if name in held}
    return kept | document
