"""Work out what a document changes on a gateway.

An import owns what it says, and nothing else: where people changed something that the
document says no differently than last time, their change stays; so does all that it
never spoke of.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.documents import normal_form
from gateway.live import Live
from gateway.openapi.convert import Made, whose
from gateway.schemas import Schemas
from gateway.three_way import Side, three_way
from portal.changes.asked import ItemAsked
from portal.changes.bringing import bringing_whole, item_at
from portal.changes.models import Action

Document = dict[str, Any]
Key = tuple[str, str]

KINDS = ("upstream", "service", "route")
NAMED = 5


@dataclass(frozen=True)
class Brought:
    """The items that an import comes to, and what there is to say of them.

    `operations` is [action, operation or part, METHOD path, …] of each, for people;
    `pointers` {(kind, id) of an item: where the document says it}.
    """

    items: tuple[ItemAsked, ...]
    remarks: tuple[str, ...]
    pointers: dict[Key, str] = field(default_factory=dict)


def bring(
    made: Made,
    live: Live,
    said: Mapping[Key, Document],
    *,
    schemas: Schemas,
    delete_missing: bool,
) -> Brought:
    """Return what a gateway needs to serve a document; `said` is what it said last time."""
    return _Bringing(made, live, said, schemas).brought(delete_missing=delete_missing)


class _Bringing:
    def __init__(
        self, made: Made, live: Live, said: Mapping[Key, Document], schemas: Schemas
    ) -> None:
        self._made, self._said, self._schemas = made, said, schemas
        self._live = {
            (kind, resource_id): document
            for kind in KINDS
            for resource_id, document in live.documents(kind).items()
        }
        # {(kind, operation): the resource that is it on the gateway}
        self._owned: dict[tuple[str, str], Key] = {}
        for key in sorted(self._live):
            spec, operation = whose(self._live[key])
            if spec == made.spec and operation:
                known = self._owned.setdefault((key[0], operation), key)
                # Of copies that people made, the one that is ours.
                if key in made.documents and known not in made.documents:
                    self._owned[key[0], operation] = key
        self._at = {
            key: self._place(key, made.documents[key]) for key in made.documents
        }
        self._overruled: list[str] = []

    def brought(self, *, delete_missing: bool) -> Brought:
        items = [
            item
            for key in self._made.documents
            if (item := self._item(key)) is not None
        ]
        gone = sorted(set(self._owned.values()) - set(self._at.values()))
        remarks = list(self._made.remarks)
        if delete_missing:
            items += [item_at(Action.DELETE, key) for key in gone]
        elif gone:
            remarks.append(
                f"The document no longer says {_few(gone)}: it stays as it is. Ask for "
                "delete_missing to remove it"
            )
        if self._overruled:
            remarks.append(
                "People changed on the gateway what the document now says otherwise; the "
                f"document's word is taken: {'; '.join(self._overruled[:NAMED])}"
            )
        pointers = {self._at[key]: told for key, told in self._made.pointers.items()}
        said = tuple(one if one.endswith(".") else f"{one}." for one in remarks)
        return Brought(tuple(items), said, pointers)

    def _place(self, key: Key, document: Document) -> Key:
        """Return where the gateway has what the document calls so, or shall have it."""
        return self._owned.get((key[0], whose(document)[1]), key)

    def _item(self, key: Key) -> ItemAsked | None:
        place = self._at[key]
        wanted = self._referring(key[0], self._made.documents[key])
        held = self._live.get(place)
        if held is not None:
            wanted = self._merged(key, place, wanted, held)
        return bringing_whole(place, wanted, held, schemas=self._schemas)

    def _merged(
        self, key: Key, place: Key, wanted: Document, held: Document
    ) -> Document:
        kind = key[0]
        base = self._referring(kind, self._said.get(key, {}))
        told: dict[str, Any] = {
            "version": self._schemas.version,
            "schemas": self._schemas,
        }
        sides = (base, normal_form(kind, wanted), held)
        first = three_way(kind, *sides, **told)
        if not first.collisions:
            return first.document or {}
        choices = {one.path: Side.MINE for one in first.collisions}
        self._overruled += [f"{place[1]} {one.dotted}" for one in first.collisions]
        return three_way(kind, *sides, **told, choices=choices).document or {}

    def _referring(self, kind: str, document: Document) -> Document:
        """Return a document that names resources as the gateway does."""
        made = dict(document)
        made.pop("id", None)
        for name, other in (("service_id", "service"), ("upstream_id", "upstream")):
            named = (other, str(made.get(name, "")))
            if named in self._at:
                made[name] = self._at[named][1]
        return made


def _few(keys: list[Key]) -> str:
    named = [f"{kind} {resource_id}" for kind, resource_id in keys[:NAMED]]
    more = len(keys) - NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def said_in(whole: Mapping[str, Any]) -> Iterator[tuple[Key, Document]]:
    """Return what an import said, from its record."""
    for kind, resource_id, document in whole["documents"]:
        yield (kind, resource_id), document
