"""What programs are told of a promotion."""

from collections.abc import Iterable

NAMED_AT_MOST = 200


def named(keys: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return resources by kind and id, as many as fit."""
    first = list(keys)[:NAMED_AT_MOST]
    return [{"kind": kind, "id": resource_id} for kind, resource_id in first]
