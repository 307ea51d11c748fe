"""Compare what the gateway holds with what an item says. Pure."""

from enum import Enum
from typing import Any

from gateway.documents import same
from gateway.kinds import KINDS
from gateway.schemas import Schemas

Document = dict[str, Any]


class Position(Enum):
    """Where the live resource stands, as one item sees it."""

    WANTED = "as wanted"
    BASE = "as it was planned against"
    MOVED = "something else"


def position(
    kind: str,
    live: Document | None,
    *,
    base: Document | None,
    wanted: Document | None,
    schemas: Schemas,
) -> Position:
    """Say whether the live document is what is wanted, what was planned against, or neither.

    Fields that GET never returns are left out of the comparison: they prove nothing.
    """
    if equal(kind, live, wanted, schemas):
        return Position.WANTED
    if equal(kind, live, base, schemas):
        return Position.BASE
    return Position.MOVED


def equal(
    kind: str, live: Document | None, other: Document | None, schemas: Schemas
) -> bool:
    """Say whether a document that was read equals another; None is "not there"."""
    if live is None or other is None:
        return live is other
    hidden = KINDS[kind].write_only
    readable = {key: value for key, value in other.items() if key not in hidden}
    return same(kind, live, readable, version=schemas.version, schemas=schemas)


def cannot_be_read_back(kind: str, wanted: Document | None) -> bool:
    """Say whether the document sets a field that GET never returns."""
    return wanted is not None and bool(KINDS[kind].write_only & wanted.keys())
