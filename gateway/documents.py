"""What a resource's body is: its normal form, and when two bodies are the same. Pure.

Before 3.14 APISIX stored the defaults of its schemas with a document; since then it
stores what was sent. So two documents of an older gateway are the same when they
differ only in defaults. Observed on 3.18.0: what GET returns is what was sent plus
`id`, `create_time` and `update_time`, with integral floats as integers.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from gateway.canonical import canonical, number_form
from gateway.meaning import meanings
from gateway.versions import at_least

if TYPE_CHECKING:
    from gateway.schemas import Schemas

Document = dict[str, Any]

SERVER_MANAGED = ("create_time", "update_time", "createdIndex", "modifiedIndex")
DEFAULTS_GONE_SINCE = (3, 14)


def normal_form(
    kind: str,
    document: Document,
    *,
    version: str | None = None,
    schemas: "Schemas | None" = None,
    resource_id: str = "",
) -> Document:
    """Return the document without what the server manages, numbers in one form.

    With the version of a gateway older than 3.14 and its schemas, values that equal
    their schema's default are left out too. The id is left out: a resource's identity
    is beside its document (see `same`). `resource_id` tells which plugin a metadata
    document without an id is of.
    """
    kept = {
        name: number_form(value)
        for name, value in document.items()
        if name not in SERVER_MANAGED and name != "id"
    }
    if schemas is not None and version and not at_least(version, *DEFAULTS_GONE_SINCE):
        own_id = str(document.get("id", resource_id))
        kept = schemas.without_defaults(kind, own_id, kept)
    return kept


def same(
    kind: str,
    a: Document,
    b: Document,
    *,
    version: str | None = None,
    schemas: "Schemas | None" = None,
) -> bool:
    """Say whether two documents mean the same to a gateway of this version.

    Ids count only where both documents carry one; 1 and "1" are one id. Documents with
    one normal form are the same, and so are those that differ only as `meanings` says;
    such have digests of their own.
    """
    ids = {str(number_form(one["id"])) for one in (a, b) if "id" in one}
    if len(ids) > 1:
        return False
    resource_id = next(iter(ids), "")

    def form(document: Document) -> bytes:
        return canonical(
            normal_form(
                kind,
                document,
                version=version,
                schemas=schemas,
                resource_id=resource_id,
            )
        )

    if form(a) == form(b):
        return True
    one, other = meanings(kind, a, b, schemas=schemas, resource_id=resource_id)
    return form(one) == form(other)


def digest(kind: str, document: Document, *, key: bytes) -> str:
    """Return the keyed SHA-256 (64 hex digits) of the document's normal form.

    Keyed as a whole, so that a digest tells nothing of the secrets inside and does not
    depend on which fields a gateway's schema calls secret today.
    """
    text = canonical([kind, normal_form(kind, document)])
    return hmac.new(key, text, hashlib.sha256).hexdigest()
