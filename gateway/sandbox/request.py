"""One Admin API request, taken apart the way APISIX takes it apart."""

from dataclasses import dataclass, field
from typing import Any

from gateway.admin_api.request import Arguments, lua_number
from gateway.kinds import Kind
from gateway.sandbox import lua_json
from gateway.sandbox.answers import Refused

MAX_BODY = 1572864


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
