"""What one gateway holds now, each question asked at most once."""

from typing import Any

from gateway.client import AdminClient
from gateway.errors import NotFound, NotOffered
from gateway.kinds import KINDS

Document = dict[str, Any]


class Live:
    """Memoised reads of one gateway, for as long as one question about it takes.

    Documents are whole and the gateway's own: redact before anybody sees them, copy
    before changing them. A kind that the gateway does not offer (stream routes without
    stream mode) has no documents. Every method raises GatewayError.
    """

    def __init__(self, client: AdminClient) -> None:
        self.client = client
        self._lists: dict[str, dict[str, Document]] = {}
        self._found: dict[tuple[str, str], Document | None] = {}
        # {kind: the gateway's own words} of what was asked for and is not offered.
        self.not_offered: dict[str, str] = {}

    def find(self, kind: str, resource_id: str) -> Document | None:
        """Return one document; None where there is none, or could be none."""
        if kind in self._lists:
            return self._lists[kind].get(resource_id)
        if not KINDS[kind].accepts_id(resource_id):
            return None
        key = (kind, resource_id)
        if key not in self._found:
            try:
                self._found[key] = self.client.get(kind, resource_id).document
            except NotFound:
                self._found[key] = None
            except NotOffered as error:
                self.not_offered[kind] = error.detail
                self._found[key] = None
        return self._found[key]

    def documents(self, kind: str) -> dict[str, Document]:
        """Return {id: document} of all resources of a kind that has no parent.

        One list; nothing for what this gateway does not offer.
        """
        if kind not in self._lists:
            try:
                entries = self.client.list(kind)
            except NotOffered as error:
                self.not_offered[kind] = error.detail
                entries = []
            self._lists[kind] = {entry.id: entry.document for entry in entries}
        return self._lists[kind]
