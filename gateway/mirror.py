"""Keep what a gateway was last seen to hold, for lists that must not ask it each time.

The mirror is never the truth: proposals and deliveries read live. It is refreshed as a
whole on a schedule, and noted row by row after a delivery.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils import timezone

from gateway import sealing
from gateway.client import AdminClient
from gateway.connect import connect
from gateway.documents import digest
from gateway.errors import GatewayError
from gateway.fingerprint import fingerprint_key
from gateway.models import Catalogue, Gateway, Resource
from gateway.redaction import redact
from gateway.schemas import Schemas, fetch_schemas
from gateway.snapshot import take

Document = dict[str, Any]
BATCH = 500


def refresh(gateway: Gateway) -> None:
    """Read the whole gateway and bring the mirror to it; note its health.

    One list per kind. Trouble is kept in `gateway.trouble`, not raised: the mirror
    then stays as it was, with its old `mirrored_at`.
    """
    started = timezone.now()
    try:
        with connect(gateway) as client:
            version = client.version()
            schemas = catalogue_of(gateway, client, version=version)
            snapshot = take(client)
    except GatewayError as error:
        Gateway.objects.filter(pk=gateway.pk).update(trouble=str(error))
        gateway.trouble = str(error)
        return
    _store(gateway, snapshot.documents, snapshot.kinds, schemas, started)
    Gateway.objects.filter(pk=gateway.pk).update(
        version=version, answered_at=started, mirrored_at=started, trouble=""
    )
    gateway.version, gateway.trouble = version, ""
    gateway.answered_at = gateway.mirrored_at = started


@transaction.atomic
def _store(
    gateway: Gateway,
    documents: dict[tuple[str, str], Document],
    kinds: frozenset[str],
    schemas: Schemas,
    seen: datetime,
) -> None:
    """Write new and changed rows, delete those of read kinds that are gone."""
    known = {
        (kind, resource_id): (pk, digest_)
        for pk, kind, resource_id, digest_ in Resource.objects.filter(
            gateway=gateway
        ).values_list("pk", "kind", "resource_id", "digest")
    }
    fresh = [
        row
        for (kind, resource_id), document in sorted(documents.items())
        if (row := _row(gateway, kind, resource_id, document, schemas, seen)).digest
        != known.get((kind, resource_id), (0, ""))[1]
    ]
    Resource.objects.bulk_create(
        fresh,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["gateway", "kind", "resource_id"],
        update_fields=["document", "sealed", "digest", "search", "last_seen"],
    )
    gone = [
        pk for key, (pk, _) in known.items() if key not in documents and key[0] in kinds
    ]
    for start in range(0, len(gone), BATCH):
        # A row that a delivery noted since the read began is newer than the read.
        Resource.objects.filter(
            pk__in=gone[start : start + BATCH], last_seen__lte=seen
        ).delete()


def note(
    gateway: Gateway, kind: str, resource_id: str, document: Document | None
) -> None:
    """Bring one row of the mirror to what was just read back; None deletes it."""
    if document is None:
        Resource.objects.filter(
            gateway=gateway, kind=kind, resource_id=resource_id
        ).delete()
        return
    row = _row(
        gateway, kind, resource_id, document, catalogue_of(gateway), timezone.now()
    )
    Resource.objects.update_or_create(
        gateway=gateway,
        kind=kind,
        resource_id=resource_id,
        defaults={
            name: getattr(row, name)
            for name in ("document", "sealed", "digest", "search", "last_seen")
        },
    )


def _row(
    gateway: Gateway,
    kind: str,
    resource_id: str,
    document: Document,
    schemas: Schemas,
    seen: datetime,
) -> Resource:
    key = fingerprint_key()
    return Resource(
        gateway=gateway,
        kind=kind,
        resource_id=resource_id,
        document=redact(kind, document, key=key, encrypt_fields=schemas.encrypt_fields),
        sealed=sealing.seal(document),
        digest=digest(kind, document, key=key),
        search=_search_text(resource_id, document),
        first_seen=seen,
        last_seen=seen,
    )


def _search_text(resource_id: str, document: Document) -> str:
    """Return what a search looks in, in lower case: id, names, addresses, labels."""
    words = [resource_id]
    for name in (
        "name",
        "desc",
        "uri",
        "uris",
        "host",
        "hosts",
        "sni",
        "snis",
        "username",
    ):
        value = document.get(name)
        words += (
            [str(one) for one in value]
            if isinstance(value, list)
            else [str(value or "")]
        )
    labels = document.get("labels")
    if isinstance(labels, dict):
        words += [f"{key}={value}" for key, value in labels.items()]
    return "\n".join(word for word in words if word).lower()


def catalogue_of(
    gateway: Gateway, client: AdminClient | None = None, *, version: str | None = None
) -> Schemas:
    """Return the gateway's schemas: the kept ones while its version is the same.

    `version` is the one just seen; without it the last known counts. Fetches them
    (one request per kind and one for all plugins) when there are none. Raises
    GatewayError.
    """
    # Its document is large, and parsed once per process.
    kept = Catalogue.objects.filter(gateway=gateway).defer("document").first()
    if kept is not None and kept.version == (
        version or gateway.version or kept.version
    ):
        return _schemas(kept.pk, kept.fetched_at)
    if client is None:
        with connect(gateway) as client:
            schemas = fetch_schemas(client)
    else:
        schemas = fetch_schemas(client)
    Catalogue.objects.update_or_create(
        gateway=gateway,
        defaults={
            "version": schemas.version,
            "document": schemas.as_json(),
            "fetched_at": timezone.now(),
        },
    )
    return schemas


@lru_cache(maxsize=32)
def _schemas(pk: int, fetched_at: datetime) -> Schemas:
    """Parse kept schemas once per process and version; `fetched_at` makes it a new key."""
    return Schemas.from_json(Catalogue.objects.get(pk=pk).document)
