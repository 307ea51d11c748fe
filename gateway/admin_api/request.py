"""A request to an Admin API, taken apart the way APISIX takes it apart. Pure."""

import re
from contextlib import suppress
from dataclasses import dataclass
from math import inf

from gateway.kinds import KINDS, Kind

PREFIX = "/apisix/admin"

# Kinds by the first segment of the path. Credentials live below consumers.
KIND_BY_SEGMENT: dict[str, Kind] = {
    kind.path: kind for kind in KINDS.values() if kind.name != "credential"
}
# How messages name a kind.
WORDS = {
    "consumer_group": "consumer group",
    "plugin_config": "plugin config",
    "global_rule": "global rule",
    "stream_route": "stream route",
}

Arguments = dict[str, str | bool]


class UnknownKind(ValueError):
    """The path begins with no kind that APISIX has."""

    def __init__(self, segment: str) -> None:
        super().__init__(f"Unsupported resource type: {segment}")


@dataclass(frozen=True)
class Address:
    """What a path names.

    `resource_id` is None when the path names none; `sub_path` is what follows the id;
    `parent` is the consumer of a credential.
    """

    kind: Kind
    resource_id: str | None
    sub_path: str = ""
    parent: str | None = None

    def key(self, resource_id: str) -> str:
        """Return the id under which the gateway keeps this resource."""
        if self.kind.name == "credential":
            return f"{self.parent}/credentials/{resource_id}"
        return resource_id


def segments(path: str) -> list[str]:
    """Return the parts of a path below `/apisix/admin`, slashes merged."""
    merged = re.sub(r"/{2,}", "/", path)
    return merged.removeprefix(PREFIX).split("/")[1:]


def address_of(method: str, parts: list[str]) -> Address:
    """Return what the parts of a path name. Raises UnknownKind."""
    segment, resource_id, rest = parts[0], *_split(parts[1:])
    kind = KIND_BY_SEGMENT.get(segment)
    if kind is None:
        raise UnknownKind(segment)
    parent = None
    if kind.name == "consumer" and rest.split("/")[0] == "credentials":
        kind, parent = KINDS["credential"], resource_id
        resource_id, rest = _split(rest.split("/")[1:])
    if kind.name == "secret" and resource_id is not None:
        resource_id, rest = _secret(resource_id, rest, method)
    return Address(kind, resource_id, rest, parent)


def path_of(kind: Kind, key: str) -> str:
    """Return the path of a stored resource below etcd's prefix."""
    folder = "consumers" if kind.name == "credential" else kind.path
    return f"/{folder}/{key}"


def lua_number(value: str | bool) -> float | None:
    """Read a number as Lua's `tonumber` does; None when it is none."""
    if isinstance(value, bool):
        return None
    text = value.strip()
    if re.fullmatch(r"[+-]?0[xX][0-9a-fA-F]+", text):
        with suppress(OverflowError):
            return float(int(text, 16))
        return -inf if text.startswith("-") else inf
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text)
    return None


def _split(parts: list[str]) -> tuple[str | None, str]:
    return (parts[0] or None if parts else None), "/".join(parts[1:])


def _secret(manager: str, rest: str, method: str) -> tuple[str | None, str]:
    """Return the id of a secret, manager and name, and what follows it."""
    name, below = _split(rest.split("/"))
    if name is not None:
        return f"{manager}/{name}", below
    # A manager alone: reading lists all secrets, whatever their manager.
    return (None if method == "GET" else manager), ""
