"""One request on its way through the data plane, and the answer it gets."""

import html
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.datastructures import MutableHeaders

from gateway.rewriting import interpolated
from gateway.router.match import Match, Request
from gateway.router.request import arguments
from gateway.router.vars import Value

Document = Mapping[str, Any]

VERSION = "APISIX/3.18.0"

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# The codes for which nginx has a page, with its own names where they are not IANA's.
_PAGES = {
    **{
        code: HTTPStatus(code).phrase
        for code in (
            *(
                301,
                302,
                303,
                307,
                308,
                400,
                402,
                403,
                404,
                405,
                406,
                408,
                409,
                410,
                411,
            ),
            *(412, 415, 421, 429, 500, 501, 502, 505, 507),
        )
    },
    302: "Found",
    401: "Authorization Required",
    405: "Not Allowed",
    408: "Request Time-out",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    416: "Requested Range Not Satisfiable",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}


def header_text(value: object) -> str:
    """Return a value as it may stand in a header: one line, its UTF-8 bytes as they are."""
    text = _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", str(value)).strip(" \t")
    return text.encode(errors="surrogateescape").decode("latin-1")


@dataclass
class Exit:
    """An answer that the gateway gives itself; the upstream is not asked.

    `body`: an object becomes JSON, None becomes nginx's page for that status.
    """

    status: int
    body: Mapping[str, Any] | str | None = None


@dataclass
class Reply:
    """An answer before it is sent: filters may still change everything.

    `body` is whole or still on its way; who drops a body on its way calls `close`.
    """

    status: int
    headers: MutableHeaders = field(default_factory=MutableHeaders)
    body: bytes | AsyncIterator[bytes] = b""
    close: Callable[[], Awaitable[None]] | None = None

    async def replace(self, body: bytes) -> None:
        """Send this instead of what there was; headers that described that go."""
        await self.drop()
        self.body = body
        for name in ("content-length", "content-encoding", "last-modified", "etag"):
            del self.headers[name]

    async def read(self, limit: int) -> bytes:
        """Return the whole body, cut off after `limit` bytes."""
        if isinstance(self.body, bytes):
            return self.body
        parts: list[bytes] = []
        size = 0
        async for part in self.body:
            parts.append(part)
            size += len(part)
            if size >= limit:
                break
        await self.drop()
        self.body = b"".join(parts)[:limit]
        return self.body

    async def drop(self) -> None:
        """Let go of whatever sends the body."""
        if self.close is not None:
            await self.close()
            self.close = None

    @classmethod
    def of(cls, answer: Exit) -> "Reply":
        """Make the answer that APISIX would print for this."""
        status = int(answer.status)
        headers = MutableHeaders({"content-type": "text/plain; charset=utf-8"})
        if answer.body is None:
            page = _page(status)
            if page:
                headers["content-type"] = "text/html; charset=utf-8"
            return cls(status, headers, page)
        if isinstance(answer.body, str):
            return cls(status, headers, _bytes(answer.body))
        text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
        return cls(status, headers, _bytes(text + "\n"))


def _bytes(text: str) -> bytes:
    # Parts of a request may stand in it, which need not have been UTF-8.
    return text.encode(errors="surrogateescape")


def _page(status: int) -> bytes:
    if status not in _PAGES:
        return b""
    title = html.escape(f"{status} {_PAGES[status]}", quote=False)
    lines = (
        "<html>",
        f"<head><title>{title}</title></head>",
        "<body>",
        f"<center><h1>{title}</h1></center>",
        "<hr><center>openresty</center>",
        '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p></body>',
        "</html>",
        "",
    )
    return "\r\n".join(lines).encode()


@dataclass(frozen=True)
class Consumer:
    """Who calls: one consumer, found by one of its credentials."""

    username: str
    plugins: Document
    group_id: str | None = None
    credential_id: str | None = None
    custom_id: str | None = None


class Exchange:
    """What the plugins see and change of one request.

    `request` stays what the client sent; `method`, `headers` and `query` are what the
    upstream will be sent. `ignored` collects what is configured but not run here.
    """

    def __init__(self, request: Request, headers: MutableHeaders) -> None:
        self.request = request
        self.method = request.method
        self.headers = headers
        self.query = request.raw_query or ""
        # Path and query for the upstream, when a plugin gave new ones.
        self.target: str | None = None
        self.upstream_host: str | None = None
        # Where a copy of the request goes.
        self.mirror: str | None = None
        self.upstream: Document | None = None
        self.upstream_id: str | None = None
        self.match: Match | None = None
        self.route: Document = {}
        self.service: Document = {}
        self.consumer: Consumer | None = None
        self.reply: Reply | None = None
        self.ignored: list[str] = []
        # Headers that a plugin set on the answer before there was one.
        self.answer_headers = MutableHeaders()
        self.facts: dict[str, Value] = {}
        # What a plugin remembers from one phase to the next, by its own key.
        self.notes: dict[Any, Any] = {}

    def ignore(self, name: str) -> None:
        """Note that something configured is not run by this stand-in."""
        if name not in self.ignored:
            self.ignored.append(name)

    def argument(self, name: str) -> str | bool | None:
        """Return a query argument as the upstream would get it."""
        return arguments(self.query).get(name)

    def drop_argument(self, name: str) -> None:
        """Take a query argument out of what the upstream gets."""
        kept = [part for part in self.query.split("&") if name not in arguments(part)]
        self.query = "&".join(kept)

    def attach(self, consumer: Consumer) -> None:
        """Say who calls, to later plugins and to the upstream."""
        self.consumer = consumer
        for name, value in (
            ("x-consumer-username", consumer.username),
            ("x-credential-identifier", consumer.credential_id),
            ("x-consumer-custom-id", consumer.custom_id),
        ):
            if value is None:
                del self.headers[name]
            else:
                self.headers[name] = header_text(value)

    def variable(self, name: str) -> Value:
        """Return what APISIX's variable of this name holds at this moment."""
        prefix, _, rest = name.partition("_")
        if prefix == "arg":
            return self.argument(rest)
        if prefix == "http" and rest:
            return self.headers.get(rest.replace("_", "-"))
        if name.startswith("uri_param_"):
            return self.match.params.get(name[10:]) if self.match else None
        if name.startswith(("sent_http_", "upstream_http_")):
            header = name.split("_http_", 1)[1].replace("_", "-")
            return self.reply.headers.get(header) if self.reply else None
        if name == "status":
            return str(self.reply.status) if self.reply else None
        if name in ("method", "request_method"):
            return self.method
        if name == "real_request_uri":
            return self.request.variable("request_uri")
        if name in ("args", "query_string"):
            return self.query or None
        if name in self._known:
            return self._known[name]
        if name in self.facts:
            return self.facts[name]
        return self.request.variable(name)

    def resolve(self, text: str) -> str:
        """Return a text with each `$name` and `${name}` replaced."""
        return self.resolve_counting(text)[0]

    def header_value(self, template: object) -> str:
        """Return a template's value in a form that may stand in a header."""
        return header_text(self.resolve(str(template)))

    def resolve_counting(self, text: str) -> tuple[str, int]:
        """Return the text with its variables replaced, and how many had a value."""
        return interpolated(text, self.variable)

    @property
    def _known(self) -> dict[str, Value]:
        return {
            "route_id": self.match.route_id if self.match else None,
            "route_name": self.route.get("name"),
            "service_id": self.route.get("service_id"),
            "service_name": self.service.get("name"),
            "consumer_name": self.consumer.username if self.consumer else None,
            "consumer_group_id": self.consumer.group_id if self.consumer else None,
        }
