"""All that one gateway holds now, parts that it never shows included where we know them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from gateway.catalogue import catalogue_of
from gateway.client import AdminClient
from gateway.kinds import KINDS
from gateway.models import Gateway
from gateway.readable import alike
from gateway.schemas import Schemas
from gateway.sighting import never_shown, rows_of
from gateway.snapshot import take

Document = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Whole:
    """Documents by (kind, id), as read from `taken_at` on, of the `kinds` it offers."""

    taken_at: datetime
    version: str
    schemas: Schemas
    documents: dict[Key, Document]
    kinds: frozenset[str]


def read_whole(gateway: Gateway, client: AdminClient) -> Whole:
    """Read everything: one list per kind, one per consumer. Raises GatewayError.

    The key of a certificate is added where it was written from here and the certificate
    is still that one.
    """
    taken_at, version = timezone.now(), client.version()
    schemas = catalogue_of(gateway, client, version=version)
    snapshot = take(client)
    documents = with_never_shown(gateway, snapshot.documents, schemas=schemas)
    return Whole(taken_at, version, schemas, documents, snapshot.kinds)


def with_never_shown(
    gateway: Gateway, documents: Mapping[Key, Document], *, schemas: Schemas
) -> dict[Key, Document]:
    """Add what a gateway never shows, from our own copies of what it still holds."""
    found = dict(documents)
    is_alike = partial(alike, version=schemas.version, schemas=schemas)
    for row in rows_of(gateway, [key for key in found if KINDS[key[0]].write_only]):
        key = (row.kind, row.resource_id)
        if is_alike(row.kind, row.whole(), found[key]):
            found[key] = found[key] | never_shown(row)
    return found
