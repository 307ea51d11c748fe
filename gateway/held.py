"""What a gateway holds, wherever that is told from, and what it would hold. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Document = Mapping[str, Any]


class Held(Protocol):
    """What a gateway holds: live.py and mirrored.py read it."""

    def find(self, kind: str, resource_id: str) -> Document | None:
        """Return one document."""

    def documents(self, kind: str) -> Mapping[str, Document]:
        """Return {id: document} of one kind."""


@dataclass(frozen=True)
class Overlaid:
    """What would be held once these were written: {(kind, id): document, None: gone}."""

    held: Held
    written: Mapping[tuple[str, str], Document | None]

    def find(self, kind: str, resource_id: str) -> Document | None:
        """Return one document."""
        if (kind, resource_id) in self.written:
            return self.written[kind, resource_id]
        return self.held.find(kind, resource_id)

    def documents(self, kind: str) -> Mapping[str, Document]:
        """Return {id: document} of one kind."""
        documents = dict(self.held.documents(kind))
        for (written_kind, resource_id), document in self.written.items():
            if written_kind == kind:
                documents.pop(resource_id, None)
                if document is not None:
                    documents[resource_id] = document
        return documents
