"""A row of the mirror, made of what was read or written."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway import sealing
from gateway.canonical import canonical
from gateway.documents import digest
from gateway.facets import facets_of
from gateway.fingerprint import fingerprint_key
from gateway.models import Facet, Gateway, Resource
from gateway.readable import readable
from gateway.redaction import redact, storable
from gateway.schemas import Schemas

Document = dict[str, Any]

# What a later look may change of a row.
CHANGING = ("document", "sealed", "digest", "mark", "search", "by_name", "last_seen")
NAME_LIMIT = 100
NAMES = ("name", "desc", "uri", "uris", "host", "hosts", "sni", "snis", "username")


def mark_of(document: Document) -> str:
    """Return what tells in microseconds that a document is exactly as it was read.

    A keyed BLAKE2b over all of it, the gateway's time of writing too. Unlike etcd's
    revision it cannot come again with other content after a restore.
    """
    return hashlib.blake2b(
        canonical(document), key=fingerprint_key(), digest_size=16
    ).hexdigest()


def new_mark() -> str:
    """Return a mark like no other: for what we wrote and did not read as a list yet."""
    return secrets.token_hex(16)


def row_of(
    gateway: Gateway,
    kind: str,
    resource_id: str,
    document: Document,
    *,
    schemas: Schemas,
    seen: datetime,
    mark: str = "",
) -> Resource:
    """Return an unsaved row of a document.

    Parts that the gateway never shows are kept sealed, and neither shown nor digested.
    """
    key, shown = fingerprint_key(), readable(kind, document)
    return Resource(
        gateway=gateway,
        kind=kind,
        resource_id=resource_id,
        document=redact(kind, shown, key=key, encrypt_fields=schemas.encrypt_fields),
        sealed=sealing.seal(document),
        digest=digest(kind, shown, key=key),
        mark=mark or new_mark(),
        search=search_text(resource_id, document),
        by_name=_by_name(resource_id, document),
        first_seen=seen,
        last_seen=seen,
    )


def keep_facets(rows: Sequence[Resource]) -> None:
    """Write by what these rows, which are saved, are looked for. Two queries."""
    Facet.objects.filter(resource__in=rows).delete()
    Facet.objects.bulk_create(
        Facet(
            resource=row,
            gateway_id=row.gateway_id,
            kind=row.kind,
            name=name,
            value=value,
        )
        for row in rows
        for name, value in sorted(facets_of(row.kind, row.document))
    )


def _by_name(resource_id: str, document: Document) -> str:
    name = document.get("name")
    shown = name if isinstance(name, str) and name else resource_id
    return storable(f"{shown[:NAME_LIMIT].lower()}\n{resource_id}")


def search_text(resource_id: str, document: Document) -> str:
    """Return what a search looks in, in lower case: id, names, addresses, labels."""
    words = [resource_id]
    for name in NAMES:
        value = document.get(name)
        words += (
            [str(one) for one in value]
            if isinstance(value, list)
            else [str(value or "")]
        )
    labels = document.get("labels")
    if isinstance(labels, dict):
        words += [f"{key}={value}" for key, value in labels.items()]
    return storable("\n".join(word for word in words if word).lower())
