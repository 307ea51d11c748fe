"""What programs are told of a change that the gateway overtook."""

from collections.abc import Iterable
from typing import Any

from portal.changes.conflict import conflict_of
from portal.changes.models import ChangeRequest
from portal.wire.answers.fit import fit, fitting

VALUE_ROOM, COLLISIONS_ROOM, MOVED_ROOM = 1_500, 15_000, 20_000


def conflict(change: ChangeRequest) -> dict[str, Any]:
    """Return what moved on the gateway since the change was planned, and what collides."""
    found = conflict_of(change)
    items, _ = fitting(
        (
            {
                "item": one.item.position,
                "kind": one.item.kind,
                "id": one.item.resource_id,
                "words": one.words,
                "collisions": collisions(clash.as_json() for clash in one.clashes),
            }
            for one in found.items
        ),
        MOVED_ROOM,
    )
    return {"items": items, "trouble": found.trouble}


def collisions(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many collisions as fit, their values cut where they are long."""
    return fitting(
        (
            {name: fit(value, VALUE_ROOM)[0] for name, value in one.items()}
            for one in found
        ),
        COLLISIONS_ROOM,
    )[0]
