"""One request to the façade, read no further than it is needed."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from gateway.admin_api.request import Arguments
from gateway.admin_api.write import Refused
from portal import strict_json
from portal.bodies import drain


@dataclass(frozen=True)
class Asked:
    """What was asked: method, the path's parts below `/apisix/admin`, the query."""

    method: str
    parts: list[str]
    arguments: Arguments
    request: HttpRequest

    def text(self, name: str) -> str:
        """Return a parameter of the query, "" where it is absent or has no value."""
        value = self.arguments.get(name, "")
        return value if isinstance(value, str) else ""

    def header(self, name: str) -> str:
        return str(self.request.headers.get(name, ""))

    @cached_property
    def content(self) -> bytes:
        """Return the whole body. Raises Refused for more than the limit."""
        meta, limit = self.request.META, settings.API_BODY_LIMIT
        length = int(meta.get("CONTENT_LENGTH") or 0)
        if "HTTP_TRANSFER_ENCODING" in meta and not length:
            # A chunked body would be taken for none.
            raise Refused("Send the body with a Content-Length.", status=411)
        content = b"" if length > limit else self.request.read(limit + 1)
        if max(length, len(content)) > limit:
            drain(self.request)
            raise Refused(
                f"invalid request body: request size {max(length, len(content))} is "
                f"greater than the maximum size {limit} allowed"
            )
        return bytes(content)

    @cached_property
    def json(self) -> Any:
        """Return the body's JSON value. Raises Refused in words of our own."""
        try:
            return strict_json.read_value(self.content.decode())
        except (UnicodeDecodeError, strict_json.NotStrict) as error:
            raise Refused(
                f"invalid request body: {error}",
                req_body=self.content[:2_000].decode("utf-8", "replace"),
            ) from error
