"""The schemas that a gateway reported, kept so that nobody has to ask it each time."""

from datetime import datetime
from functools import lru_cache

from django.utils import timezone

from gateway.client import AdminClient
from gateway.connect import connect
from gateway.models import Catalogue, Gateway
from gateway.schemas import Schemas, fetch_schemas


def catalogue_of(
    gateway: Gateway, client: AdminClient | None = None, *, version: str | None = None
) -> Schemas:
    """Return the gateway's schemas: the kept ones while its version is the same.

    `version` is the one just seen; without it the last known counts. Fetches them
    (one request per kind and one for all plugins) when there are none. Raises
    GatewayError.
    """
    kept = _kept(gateway)
    if kept is not None and kept.version == (
        version or gateway.version or kept.version
    ):
        return _schemas(kept.pk, kept.fetched_at)
    return read_catalogue(gateway, client)


def read_catalogue(gateway: Gateway, client: AdminClient | None = None) -> Schemas:
    """Ask the gateway for its schemas and keep them. Raises GatewayError."""
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


def known_catalogue(gateway: Gateway) -> Schemas:
    """Return the schemas as last fetched, of whichever version; empty ones for none."""
    kept = _kept(gateway)
    return _schemas(kept.pk, kept.fetched_at) if kept else Schemas("", {}, {})


def _kept(gateway: Gateway) -> Catalogue | None:
    # Its document is large, and parsed once per process.
    return Catalogue.objects.filter(gateway=gateway).defer("document").first()


@lru_cache(maxsize=32)
def _schemas(pk: int, fetched_at: datetime) -> Schemas:
    """Parse kept schemas once per process and version; `fetched_at` makes it a new key."""
    return Schemas.from_json(Catalogue.objects.get(pk=pk).document)
