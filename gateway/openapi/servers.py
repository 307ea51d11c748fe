"""Where a document says its API is served, as nodes of an upstream.

Several servers are environments, not one pool: somebody chooses one.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from gateway.openapi.errors import OpenAPIError, pointer_to
from gateway.openapi.shapes import Document, Place, an_object, listed, taken

VARIABLE = re.compile(r"\{([^{}]*)\}")
PORTS = {"http": 80, "https": 443}
URL_LIMIT = 2_000


@dataclass(frozen=True)
class Server:
    """One server, its URL whole; `base` is its path, without a slash at the end."""

    url: str
    scheme: str
    host: str
    port: int
    base: str
    description: str = ""

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def mark(self) -> str:
        """What names it in an id."""
        return hashlib.sha256(self.origin.encode()).hexdigest()[:12]

    def as_upstream(self) -> Document:
        """Return the upstream that asks this server, by its own name."""
        if ":" in self.host:
            nodes: Any = [{"host": f"[{self.host}]", "port": self.port, "weight": 1}]
        else:
            nodes = {f"{self.host}:{self.port}": 1}
        return {
            "type": "roundrobin",
            "scheme": self.scheme,
            "nodes": nodes,
            "pass_host": "node",
        }


def servers_of(
    holder: Document, at: Place, *, variables: Mapping[str, str], base_url: str
) -> list[Server]:
    """Return the servers that a document, path or operation names; [] for none.

    A relative URL is one below `base_url`. Raises OpenAPIError.
    """
    return [
        _server(one, (*at, "servers", index), variables, base_url)
        for index, one in listed(holder, "servers", at)
    ]


def chosen(servers: Sequence[Server], wanted: str) -> Server:
    """Return the server that somebody chose by its URL or its number from 1.

    Raises OpenAPIError where nobody chose among several, or chose none of them.
    """
    if not wanted and len({one.url for one in servers}) == 1:
        return servers[0]
    for number, one in enumerate(servers, 1):
        if wanted in {one.url, str(number)}:
            return one
    offered = "; ".join(f"{n}: {one.url}" for n, one in enumerate(servers[:20], 1))
    said = f"There is no server {wanted[:100]!r}." if wanted else "It names several."
    raise OpenAPIError(
        f"{said} Choose one by its number or URL: {offered}.", field="server"
    )


def _server(
    one: Document, at: Place, variables: Mapping[str, str], base_url: str
) -> Server:
    url = taken(one, "url", str, at)
    told = taken(one, "variables", dict, at)

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        variable = an_object(told.get(name, {}), (*at, "variables", name))
        value = variables.get(name, variable.get("default"))
        allowed = variable.get("enum")
        if value is None:
            raise OpenAPIError(
                f"The server's variable {name[:80]} has no value. Give one.",
                pointer_to(*at),
                field="variables",
            )
        if isinstance(allowed, list) and value not in allowed:
            raise OpenAPIError(
                f"The server's variable {name[:80]} is one of "
                f"{', '.join(str(v)[:80] for v in allowed[:20])}.",
                pointer_to(*at),
                field="variables",
            )
        return str(value)

    url = VARIABLE.sub(value_of, url)[:URL_LIMIT]
    try:
        whole = urljoin(base_url, url) if base_url else url
        parts = urlsplit(whole)
        port = parts.port
    except ValueError as error:
        raise OpenAPIError(f"{url[:200]!r} is no URL.", pointer_to(*at)) from error
    if not parts.scheme and not parts.netloc:
        raise OpenAPIError(
            f"The server {url[:200] or '/'} is relative. Give the address that it is "
            "relative to.",
            pointer_to(*at),
            field="base_url",
        )
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        raise OpenAPIError(
            f"{whole[:200]!r} is no server that a gateway can ask. Give an http:// or "
            "https:// address without a password.",
            pointer_to(*at),
        )
    return Server(
        url=whole,
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        base=parts.path.rstrip("/"),
        description=str(one.get("description") or "")[:200],
    )
