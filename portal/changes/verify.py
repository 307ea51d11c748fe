"""Compare what the gateway holds with what an item says. Pure."""

from typing import Any

from gateway.documents import same
from gateway.kinds import KINDS
from gateway.readable import ENCRYPTED_FOR_GOOD, readable, value_at
from gateway.schemas import Schemas
from portal.changes.models import Position

Document = dict[str, Any]


def position(
    kind: str,
    live: Document | None,
    *,
    base: Document | None,
    wanted: Document | None,
    schemas: Schemas,
    first: Position = Position.WANTED,
) -> Position:
    """Say whether the live document is what is wanted, what was planned against, or neither.

    `first` wins when both look the same, as when only a hidden field differs.

    Fields that GET never returns are left out of the comparison: they prove nothing.
    """
    looks = {
        Position.WANTED: equal(kind, live, wanted, schemas),
        Position.BASE: equal(kind, live, base, schemas),
    }
    if looks[first]:
        return first
    return next((where for where, is_so in looks.items() if is_so), Position.MOVED)


def equal(
    kind: str, live: Document | None, other: Document | None, schemas: Schemas
) -> bool:
    """Say whether a document that was read equals another; None is "not there"."""
    if live is None or other is None:
        return live is other
    return same(
        kind,
        readable(kind, live, without=ENCRYPTED_FOR_GOOD),
        readable(kind, other, without=ENCRYPTED_FOR_GOOD),
        version=schemas.version,
        schemas=schemas,
    )


def cannot_be_read_back(
    kind: str, wanted: Document | None, base: Document | None = None
) -> bool:
    """Say whether the document sets a field that GET does not show as it was sent."""
    if wanted is None:
        return False
    if KINDS[kind].write_only & wanted.keys():
        return True
    return any(
        (key := value_at(wanted, path)) is not None
        and key != value_at(base or {}, path)
        for path in ENCRYPTED_FOR_GOOD
    )


def cannot_be_restored(kind: str, base: Document | None) -> bool:
    """Say whether a resource that was there has a part that GET never showed us."""
    return base is not None and bool(KINDS[kind].write_only)
