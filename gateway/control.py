"""What one data plane node holds, as its Control API tells it. Pure.

A node tells its routes, services and upstreams, each with the revision of etcd that it
loaded (`modifiedIndex`): one that is not below what the Admin API tells of the same
resource says that the node has caught up. Other kinds are not told.

https://apisix.apache.org/docs/apisix/control-api/ and `apisix/control/v1.lua` of 3.18.0.
"""

from urllib.parse import quote

import orjson

from gateway.errors import UnexpectedAnswer

TOLD = frozenset({"route", "service", "upstream"})


def path_of(kind: str, resource_id: str) -> str:
    """Return where a node tells of one resource of a kind in `TOLD`."""
    return f"/v1/{kind}/{quote(resource_id, safe='')}"


def index_of(status: int, content: bytes) -> int | None:
    """Return the revision that a node holds of a resource; None when it holds none.

    Raises UnexpectedAnswer.
    """
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = None
    if isinstance(body, dict):
        if status == 404 and "error_msg" in body:
            return None
        # What a node resolved by DNS it may count as a revision of its own.
        for name in ("orig_modifiedIndex", "modifiedIndex"):
            index = body.get(name)
            if status == 200 and isinstance(index, int):
                return index
    raise UnexpectedAnswer(
        f"It answers as no Control API does (status {status}). Check its address.",
        status=status,
    )


def has_caught_up(held: int | None, stored: int | None) -> bool:
    """Say whether a node that holds this revision is as far as the store or further."""
    return held is None if stored is None else held is not None and held >= stored
