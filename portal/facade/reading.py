"""Reads: what the gateway answers, without its secrets; or the mirror; or a draft over it.

Secrets are masked for everybody: no right lets a program see them. A mask that is sent
back keeps the secret.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse

from gateway.admin_api import lists
from gateway.admin_api.request import Address, path_of
from gateway.admin_api.write import Refused, stamped
from gateway.answers import as_entry, as_object, as_rows, parsed
from gateway.catalogue import catalogue_of
from gateway.client import AdminClient
from gateway.connect import connect
from gateway.errors import NotFound, NotOffered
from gateway.fingerprint import fingerprint_key
from gateway.kinds import Kind
from gateway.models import Gateway, Resource
from gateway.patterns import TooSlow, patience
from gateway.redaction import redact
from gateway.schemas import Schemas
from portal.accounts.actor import Actor
from portal.changes.gathered import Draft, open_draft
from portal.facade.answers import answer, as_sent, relayed
from portal.facade.asked import Asked

Document = dict[str, Any]
Row = dict[str, Any]

FILTERS = ("page", "page_size", "name", "label", "uri", "filter")
# Seconds that the filters of one list may take here.
PATIENCE = 2.0
# No index of a gateway's store comes after this; what is only asked for does.
NOT_YET = 2**53 - 1


def read(
    asked: Asked, address: Address, gateway: Gateway, actor: Actor
) -> HttpResponse:
    """Answer a GET of one resource or a list of them."""
    if asked.text("mirror") == "true":
        return _mirrored(asked, address, gateway)
    draft = open_draft(actor, gateway)
    with connect(gateway) as client:
        schemas = catalogue_of(gateway, client)
        if draft.touches(address.kind.name):
            return _over(asked, address, draft, client, schemas)
        return _live(asked, address, client, schemas)


def masked(kind: Kind, document: Mapping[str, Any], schemas: Schemas) -> Document:
    """Return what everybody may see of a document."""
    return redact(
        kind.name,
        dict(document),
        key=fingerprint_key(),
        encrypt_fields=schemas.encrypt_fields,
    )


def _live(
    asked: Asked, address: Address, client: AdminClient, schemas: Schemas
) -> HttpResponse:
    answered = client.relay("GET", _path(asked, address))
    if answered.status != 200:
        return relayed(answered)
    body = as_object(parsed(answered.content))
    if address.resource_id is None:
        rows, _ = as_rows(body)
    else:
        as_entry(address.kind, body)
        rows = [body]
    for row in rows:
        # What is no resource (somebody wrote garbage into etcd) is passed on.
        if isinstance(row, dict) and isinstance(row.get("value"), dict):
            row["value"] = masked(address.kind, row["value"], schemas)
    return answer(200, body)


def _path(asked: Asked, address: Address) -> str:
    """Return the path to ask the gateway for, written anew. Raises NotFound."""
    kind = address.kind
    if address.resource_id is not None:
        key = address.key(address.resource_id)
        if not kind.accepts_id(key):
            raise NotFound("Key not found")
        return kind.url_path(key)
    # A parameter without a value counts for the gateway, as one that is none.
    query = [
        (name, asked.arguments[name]) for name in FILTERS if name in asked.arguments
    ]
    text = "&".join(
        urlencode({name: value}) if isinstance(value, str) else name
        for name, value in query
    )
    return f"{_folder(address)}{'?' if text else ''}{text}"


def _folder(address: Address) -> str:
    if address.kind.parent is None:
        return f"/{address.kind.path}"
    return path_of(address.kind, address.key("")).rstrip("/")


def _mirrored(asked: Asked, address: Address, gateway: Gateway) -> HttpResponse:
    """Answer from what the gateway was last seen to hold; indexes are the mirror's own."""
    rows = Resource.objects.filter(gateway=gateway, kind=address.kind.name)
    if address.resource_id is not None:
        rows = rows.filter(resource_id=address.key(address.resource_id))
    elif address.parent is not None:
        rows = rows.filter(resource_id__startswith=address.key(""))
    found = [
        row_of(address.kind, key, document, pk, pk)
        for pk, key, document in rows.order_by("resource_id").values_list(
            "pk", "resource_id", "document"
        )
    ]
    seen = gateway.mirrored_at
    return _told(asked, address, found, X_As_Of=seen.isoformat() if seen else "never")


def _over(
    asked: Asked, address: Address, draft: Draft, client: AdminClient, schemas: Schemas
) -> HttpResponse:
    """Answer as the gateway would, were the caller's draft delivered."""
    kind, rows = address.kind, dict[str, Row]()
    for entry in _entries(address, client):
        rows[entry.id] = row_of(
            kind, entry.id, entry.document, entry.created_index, entry.modified_index
        )
    for key, document in draft.documents(kind.name).items():
        before = rows.pop(key, None)
        if document is None or not key.startswith(_prefix(address)):
            continue
        created = before["createdIndex"] if before else NOT_YET
        live = before["value"] if before else None
        document = stamped(kind, document, live, draft.begun)
        rows[key] = row_of(kind, key, document, created, NOT_YET)
    if address.resource_id is not None:
        rows = {
            k: row for k, row in rows.items() if k == address.key(address.resource_id)
        }
    for row in rows.values():
        row["value"] = masked(kind, row["value"], schemas)
    return _told(asked, address, [rows[key] for key in sorted(rows)])


def _prefix(address: Address) -> str:
    return address.key("") if address.parent is not None else ""


def _entries(address: Address, client: AdminClient) -> Iterable[Any]:
    """Return what is live of it: one resource, or the whole list."""
    kind = address.kind.name
    try:
        if address.resource_id is None:
            return client.list(kind, parent=address.parent)
        return [client.get(kind, address.key(address.resource_id))]
    except (NotFound, NotOffered):
        return []


def row_of(
    kind: Kind,
    key: str,
    document: Mapping[str, Any],
    created: int | None,
    modified: int | None,
) -> Row:
    """Return a resource in the shape in which it is told."""
    return {
        "key": f"/apisix{path_of(kind, key)}",
        "value": dict(document),
        "createdIndex": created or 0,
        "modifiedIndex": modified or 0,
    }


def _told(
    asked: Asked, address: Address, rows: list[Row], **headers: str
) -> HttpResponse:
    """Answer with one resource, or with those of a list that its filters keep."""
    if address.resource_id is not None:
        if not rows:
            raise NotFound("Key not found")
        return answer(200, rows[0], **headers)
    if address.parent is not None and not rows:
        raise NotFound("Key not found")
    try:
        with patience(PATIENCE):
            listed = lists.listing(address.kind.name, rows, asked.arguments)
    except lists.BadPage as error:
        return as_sent(400, str(error).encode(), "text/plain")
    except TooSlow:
        raise Refused("This filter takes too long. Use a simpler pattern.") from None
    return answer(200, listed, **headers)
