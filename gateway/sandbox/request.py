"""One Admin API request, taken apart the way APISIX takes it apart."""

import re
from dataclasses import dataclass, field
from typing import Any

from gateway.kinds import KINDS, Kind
from gateway.sandbox import lua_json
from gateway.sandbox.answers import Refused

PREFIX = "/apisix/admin"
MAX_BODY = 1572864

# Kinds by the first segment of the path. Credentials live below consumers.
KIND_BY_SEGMENT: dict[str, Kind] = {
    kind.path: kind for kind in KINDS.values() if kind.name != "credential"
}

Arguments = dict[str, str | bool]


@dataclass(frozen=True)
class AdminRequest:
    """What a verb needs to know of its request.

    `resource_id` is None when the path names none; `sub_path` is what follows the
    id; `has_body` tells an absent body from a JSON null.
    """

    kind: Kind
    method: str
    resource_id: str | None
    sub_path: str
    arguments: Arguments
    body: Any = None
    has_body: bool = False
    parent: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ttl(self) -> float | None:
        """Seconds until what is written shall vanish, None is never."""
        value = self.arguments.get("ttl")
        return None if value is None else lua_number(value)


def segments(path: str) -> list[str]:
    """Return the parts of a path below `/apisix/admin`, slashes merged."""
    merged = re.sub(r"/{2,}", "/", path)
    return merged.removeprefix(PREFIX).split("/")[1:]


def lua_number(value: str | bool) -> float | None:
    """Read a number as Lua's `tonumber` does; None when it is none."""
    if isinstance(value, bool):
        return None
    text = value.strip()
    if re.fullmatch(r"[+-]?0[xX][0-9a-fA-F]+", text):
        return float(int(text, 16))
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text)
    return None


def check_size(body: bytes) -> None:
    """Check that a body is not too large. Raises Refused."""
    if len(body) > MAX_BODY:
        raise Refused(
            f"invalid request body: request size {len(body)} is greater than"
            f" the maximum size {MAX_BODY} allowed"
        )


def read_body(body: bytes) -> Any:
    """Return the decoded JSON body. Raises Refused as APISIX words it."""
    check_size(body)
    try:
        return lua_json.decode(body)
    except lua_json.DecodeError as error:
        raise Refused(
            f"invalid request body: {error}", req_body=body.decode("utf-8", "replace")
        ) from error
