"""What one gateway was last seen to hold, each question asked at most once."""

from collections.abc import Iterable, Mapping

from gateway.held import Document
from gateway.models import Gateway, Resource


class Mirrored:
    """Memoised reads of the mirror: redacted documents, one query per question."""

    def __init__(self, gateway: Gateway) -> None:
        self._rows = Resource.objects.filter(gateway=gateway)
        self._lists: dict[str, dict[str, Document]] = {}
        self._found: dict[tuple[str, str], Document | None] = {}

    def find(self, kind: str, resource_id: str) -> Document | None:
        """Return one document."""
        if kind in self._lists:
            return self._lists[kind].get(resource_id)
        key = (kind, resource_id)
        if key not in self._found:
            self._found[key] = (
                self._rows.filter(kind=kind, resource_id=resource_id)
                .values_list("document", flat=True)
                .first()
            )
        return self._found[key]

    def look_up(self, kind: str, ids: Iterable[str]) -> None:
        """Read several documents by one query, for `find`."""
        wanted = set(ids)
        if wanted and kind not in self._lists:
            rows = self._rows.filter(kind=kind, resource_id__in=wanted).order_by()
            found = dict(rows.values_list("resource_id", "document"))
            self._found.update({(kind, one): found.get(one) for one in wanted})

    def documents(self, kind: str) -> Mapping[str, Document]:
        """Return {id: document} of one kind."""
        if kind not in self._lists:
            rows = self._rows.filter(kind=kind).order_by()
            self._lists[kind] = dict(rows.values_list("resource_id", "document"))
        return self._lists[kind]
