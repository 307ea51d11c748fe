"""What somebody asks for, as every door hands it over: plain values, nothing read yet."""

from dataclasses import dataclass
from typing import Any

from gateway.documents import canonical
from gateway.models import Gateway


@dataclass(frozen=True, kw_only=True)
class ItemAsked:
    """One resource of a request.

    An update merges `document` into the live document (RFC 7396 with the exceptions
    of gateway/merge.py) unless `replace` asks for the whole of it. `field` is the
    input's name at the door, so that an error can point at it (`items.0`, `route`).
    """

    action: str
    kind: str
    id: str = ""
    document: dict[str, Any] | None = None
    replace: bool = False
    field: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangeAsked:
    """A request for one change on one gateway."""

    gateway: Gateway
    reason: str
    items: tuple[ItemAsked, ...]
    title: str = ""
    idempotency_key: str = ""
    conversation: str = ""

    def as_bytes(self) -> bytes:
        """Return what makes two requests equal, canonically: everything but the key."""
        return canonical(
            {
                "gateway": self.gateway.slug,
                "reason": self.reason,
                "title": self.title,
                "items": [
                    [item.action, item.kind, item.id, item.document, item.replace]
                    for item in self.items
                ],
            }
        )
