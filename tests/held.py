"""Documents that are simply there, for what asks a gateway's holdings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HeldDocuments:
    """{kind: {id: document}}"""

    held: Mapping[str, Mapping[str, dict[str, Any]]]

    def find(self, kind: str, resource_id: str) -> dict[str, Any] | None:
        return self.held.get(kind, {}).get(resource_id)

    def documents(self, kind: str) -> Mapping[str, dict[str, Any]]:
        return self.held.get(kind, {})
