"""What somebody asks for, as every door hands it over: plain values, nothing read yet."""

from dataclasses import dataclass
from typing import Any

from gateway.canonical import canonical
from gateway.documents import SERVER_MANAGED
from gateway.kinds import KINDS
from gateway.models import Gateway
from gateway.promote import Kept
from portal.changes.terms import Terms


@dataclass(frozen=True, kw_only=True)
class ItemAsked:
    """One resource of a request.

    An update merges `document` into the live document (RFC 7396 with the exceptions
    of gateway/merge.py) unless `replace` asks for the whole of it. `field` is the
    item's name in the input of its door (`items.0`; "" where the input is the item), so
    that an error can point at it, and `document_field` the document's, where that is
    not called `document` (`route`). `kept` is what whoever worked the document out left
    in it as it is, for people to look at.
    """

    action: str
    kind: str
    id: str = ""
    document: dict[str, Any] | None = None
    replace: bool = False
    field: str = ""
    document_field: str = "document"
    kept: tuple[Kept, ...] = ()

    def at(self, name: str) -> str:
        """Return where the input says `name` of the item, as a dotted path."""
        return dotted(self.field, name)

    def in_document(self, path: str) -> str:
        """Return where the input holds a dotted path of the document; "": all of it."""
        return dotted(self.field, self.document_field, path)


def bringing(
    kind: str,
    resource_id: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    field: str = "",
) -> ItemAsked:
    """Return the item that brings a resource from one document to another.

    None: not there.
    """
    action = "create" if before is None else "update"
    if after is None:
        action = "delete"
    hidden = {KINDS[kind].id_field, *SERVER_MANAGED}
    return ItemAsked(
        action=action,
        kind=kind,
        id=resource_id,
        document=after and {n: value for n, value in after.items() if n not in hidden},
        replace=True,
        field=field,
    )


def dotted(*parts: str) -> str:
    """Join the parts of a path that are not empty."""
    return ".".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class ChangeAsked:
    """A request for one change on one gateway.

    `source` tells what the items were worked out from, where that is a file: the same
    file asks for the same, whatever it means for the gateway by then.
    """

    gateway: Gateway
    reason: str
    items: tuple[ItemAsked, ...]
    title: str = ""
    idempotency_key: str = ""
    conversation: str = ""
    terms: Terms = Terms()
    source: str = ""

    def as_bytes(self) -> bytes:
        """Return what makes two requests equal, canonically: everything but the key."""
        return canonical(
            {
                "gateway": self.gateway.slug,
                "reason": self.reason,
                "title": self.title,
                "items": self.source
                or [
                    [item.action, item.kind, item.id, item.document, item.replace]
                    for item in self.items
                ],
                **self.terms.as_json(),
            }
        )
