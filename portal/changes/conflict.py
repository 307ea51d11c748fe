"""Hold a change against what its gateway holds now: what goes together, what collides.

The gateway is read now. Whole documents decide; what people see is redacted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.connect import connect
from gateway.documents import same
from gateway.errors import GatewayError
from gateway.fingerprint import fingerprint_key
from gateway.kinds import KINDS
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.redaction import redact
from gateway.schemas import Schemas
from gateway.three_way import Collision, Merged, Path, Side, three_way
from portal.changes.asked import dotted
from portal.changes.models import ChangeRequest, Item, Revision
from portal.changes.plan import read_ahead

Document = dict[str, Any]


@dataclass(frozen=True)
class Clash:
    """One collision as people see it, and the `name` by which they choose a side."""

    name: str
    collision: Collision

    @property
    def field(self) -> str:
        return self.collision.dotted or "the whole document"

    def as_json(self) -> Document:
        """Return it for programs, who send `choice` back with a side."""
        return {
            "choice": self.name,
            "base": self.collision.base,
            "wanted": self.collision.wanted,
            "live": self.collision.live,
        }


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One item: what became of its resource, and what it would be when joined.

    `live` and `merged` are whole; `shown_live` and `clashes` are redacted. `is_live`:
    what was joined is there already.
    """

    item: Item
    live: Document | None
    merged: Merged
    has_moved: bool
    is_live: bool
    shown_live: Document | None
    clashes: Sequence[Clash]
    words: str

    @property
    def number(self) -> int:
        return self.item.position + 1


@dataclass(frozen=True)
class Conflict:
    """A change beside what is live now; `trouble` says why that cannot be told."""

    items: Sequence[Compared] = ()
    trouble: str = ""

    @property
    def clashes(self) -> list[Clash]:
        return [clash for one in self.items for clash in one.clashes]


def conflict_of(change: ChangeRequest, position: int | None = None) -> Conflict:
    """Say what of a change's items has moved on the gateway, and where they collide.

    Of all of them, or of the one at `position`. One request per touched document, or a
    list where there are many.
    """
    if change.gateway.out_of_service:
        return Conflict(trouble=change.gateway.out_of_service)
    try:
        with connect(change.gateway) as client:
            schemas, live = catalogue_of(change.gateway, client), Live(client)
            compared = compare(
                change.latest_revision(), live, schemas, position=position
            )
    except GatewayError as error:
        return Conflict(trouble=str(error))
    return Conflict([one for one in compared if one.has_moved])


def compare(
    revision: Revision,
    live: Live,
    schemas: Schemas,
    choices: Mapping[str, Side] | None = None,
    *,
    position: int | None = None,
) -> list[Compared]:
    """Join each item of a revision, or one, with what is live; `choices` is {name: side}.

    Raises GatewayError.
    """
    wanted = {} if position is None else {"position": position}
    items = list(revision.items.filter(**wanted).order_by("position"))
    read_ahead(live, [item.kind for item in items])
    return [
        _compared(item, live.find(item.kind, item.resource_id), schemas, choices or {})
        for item in items
    ]


def _compared(
    item: Item, live: Document | None, schemas: Schemas, choices: Mapping[str, Side]
) -> Compared:
    kind, base, wanted = item.kind, item.whole_base(), item.whole_wanted()

    def joined(
        *documents: Document | None, choices: Mapping[Path, Side] | None = None
    ) -> Merged:
        return three_way(
            kind, *documents, version=schemas.version, schemas=schemas, choices=choices
        )

    def shown(document: Document | None) -> Document | None:
        return document and redact(
            kind,
            document,
            key=fingerprint_key(),
            encrypt_fields=schemas.encrypt_fields,
        )

    merged = joined(base, wanted, live)
    clashes: list[Clash] = []
    if merged.collisions:
        # Equal secrets have equal marks, so the redacted documents collide alike.
        collisions = joined(shown(base), shown(wanted), shown(live)).collisions
        clashes = [Clash(_name(item, one.path), one) for one in collisions]
        chosen = {
            clash.collision.path: choices[clash.name]
            for clash in clashes
            if clash.name in choices
        }
        merged = joined(base, wanted, live, choices=chosen)
    has_moved = not _same(kind, base, live, schemas)
    return Compared(
        item=item,
        live=live,
        merged=merged,
        has_moved=has_moved,
        is_live=_same(kind, merged.document, live, schemas),
        shown_live=shown(live),
        clashes=clashes,
        words=_words(item, live, clashes) if has_moved else "",
    )


def _name(item: Item, path: Path) -> str:
    """Return what a collision is chosen by: where getChange has the field."""
    return dotted(f"items.{item.position}", Collision(path, None, None, None).dotted)


def _same(kind: str, a: Document | None, b: Document | None, schemas: Schemas) -> bool:
    if a is None or b is None:
        return a is b
    return same(kind, a, b, version=schemas.version, schemas=schemas)


def _words(item: Item, live: Document | None, clashes: Sequence[Clash]) -> str:
    """Say what happened to the resource since the item was planned."""
    name = f"{KINDS[item.kind].title} {item.resource_id}"
    wants_it = item.wanted_sealed is not None
    if live is None:
        return (
            f"{name} was deleted meanwhile; to keep yours creates it again."
            if wants_it
            else f"{name} is gone already: nothing is left to delete."
        )
    if item.base_sealed is None:
        return (
            f"{name} was created meanwhile; to keep yours replaces it."
            if clashes
            else f"{name} was created meanwhile, just as asked here."
        )
    if not wants_it:
        return f"{name} was changed meanwhile; to keep yours deletes it all the same."
    if clashes:
        return f"{name} was changed meanwhile, in part where this change does."
    return f"{name} was changed meanwhile; both changes go together."
