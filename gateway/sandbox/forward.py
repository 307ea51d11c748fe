"""Ask the upstream: nodes in turn, time-outs, and what a proxy changes on the way.

Facts from https://apisix.apache.org/docs/apisix/admin-api/#upstream and the
configuration that APISIX writes for nginx: 502 when no node answers, 504 when one takes
too long, 503 when there is no node. Certificates of upstreams are not verified, as
nginx does not by default.
"""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
from starlette.datastructures import MutableHeaders

from gateway.nodes import Node
from gateway.sandbox.balancer import Balancer
from gateway.sandbox.exchange import Exchange, Exit, Reply

_REQUEST_ONLY = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "host",
        "x-real-ip",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
    }
)
# Date and Server are the gateway's own; the others belong to one connection.
_ANSWER_ONLY = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "trailer", "upgrade"}
    | {"date", "server"}
)
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
# What nginx does not send again once it may have been acted on.
_NOT_REPEATED = frozenset({"POST", "LOCK", "PATCH"})
_DEFAULT_SECONDS = 60.0
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Body:
    """The request's body, which can be sent again until somebody began to read it."""

    def __init__(self, stream: AsyncIterator[bytes] | None) -> None:
        self._stream = stream
        self._whole: bytes | None = b"" if stream is None else None
        self._is_begun = False

    @property
    def can_be_sent(self) -> bool:
        """Whether nothing of it is lost yet."""
        return self._whole is not None or not self._is_begun

    async def read(self) -> bytes:
        """Return the whole body, and keep it."""
        if self._whole is None:
            self._whole = b"".join([part async for part in self._parts()])
        return self._whole

    def content(self) -> bytes | AsyncIterator[bytes] | None:
        """Return what an HTTP client may send."""
        if self._whole is None:
            return self._parts()
        return self._whole or None

    async def _parts(self) -> AsyncIterator[bytes]:
        self._is_begun = True
        if self._stream is not None:
            async for part in self._stream:
                yield part


@dataclass
class _Failure:
    """Why one node gave no answer."""

    status: int
    was_sent: bool


class Forwarder:
    """Sends requests to upstreams over kept connections. Made inside an event loop."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self._transport = httpx2.AsyncHTTPTransport(
            verify=False,
            trust_env=False,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def forward(
        self,
        upstream: Mapping[str, Any],
        exchange: Exchange,
        body: Body,
        timeout: Mapping[str, float],
    ) -> Reply:
        """Return the answer of the first node that gives one, or an error page.

        `timeout` is {connect, send, read} in seconds, of the route.
        """
        scheme = upstream.get("scheme", "http")
        if scheme not in _DEFAULT_PORTS:
            exchange.ignore(f"upstream.scheme={scheme}")
            return Reply.of(Exit(501))
        tried: list[Node] = []
        outcomes: list[int] = []
        tries = upstream.get("retries")
        began = time.monotonic()
        while tries is None or len(tried) <= tries:
            node = self._balancer.pick(upstream, exchange, tried)
            if node is None:
                break
            tried.append(node)
            reply = await self._ask(node, upstream, exchange, body, timeout)
            outcomes.append(reply.status)
            exchange.facts["upstream_addr"] = ", ".join(one.address for one in tried)
            exchange.facts["upstream_status"] = ", ".join(str(one) for one in outcomes)
            if isinstance(reply, Reply):
                return reply
            limit = upstream.get("retry_timeout") or 0
            if limit and time.monotonic() - began > limit:
                break
            if not body.can_be_sent or (
                reply.was_sent and exchange.method in _NOT_REPEATED
            ):
                break
        # Without a single node there was nobody to ask.
        return Reply.of(Exit(outcomes[-1] if outcomes else 503))

    async def _ask(
        self,
        node: Node,
        upstream: Mapping[str, Any],
        exchange: Exchange,
        body: Body,
        timeout: Mapping[str, float],
    ) -> "Reply | _Failure":
        try:
            request = _request(node, upstream, exchange, body)
        except httpx2.InvalidURL:
            # The gateway accepts any text as a host; nobody answers under this one.
            return _Failure(502, was_sent=False)
        request.extensions["timeout"] = _seconds(upstream, timeout)
        exchange.facts.update(balancer_ip=node.host, balancer_port=str(node.port))
        self._balancer.busy(upstream, node, 1)
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException as error:
            self._balancer.busy(upstream, node, -1)
            if isinstance(error, httpx2.TransportError):
                return _failure_of(error)
            raise

        async def close() -> None:
            self._balancer.busy(upstream, node, -1)
            await response.aclose()

        headers = MutableHeaders(
            raw=[
                (name.lower(), value)
                for name, value in response.headers.raw
                if name.decode("latin-1").lower() not in _ANSWER_ONLY
            ]
        )
        exchange.facts["proxied"] = True
        return Reply(response.status_code, headers, response.aiter_raw(), close)


def _failure_of(error: httpx2.TransportError) -> _Failure:
    unsent = (httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ConnectError)
    status = 504 if isinstance(error, httpx2.TimeoutException) else 502
    return _Failure(status, was_sent=not isinstance(error, unsent))


def _seconds(
    upstream: Mapping[str, Any], of_route: Mapping[str, float]
) -> dict[str, float]:
    given = {**(upstream.get("timeout") or {}), **of_route}
    connect = given.get("connect", _DEFAULT_SECONDS)
    return {
        "connect": connect,
        "write": given.get("send", _DEFAULT_SECONDS),
        "read": given.get("read", _DEFAULT_SECONDS),
        "pool": connect,
    }


def _request(
    node: Node, upstream: Mapping[str, Any], exchange: Exchange, body: Body
) -> httpx2.Request:
    scheme = upstream.get("scheme", "http")
    host = f"[{node.host}]" if ":" in node.host.strip("[]") else node.host
    host = host.replace("[[", "[").replace("]]", "]")
    upstream_host = _host_header(node, upstream, exchange, host)
    target = exchange.target
    if target is None:
        path = exchange.request.raw_path or "/"
        target = f"{path}?{exchange.query}" if exchange.query else path
    return httpx2.Request(
        exchange.method,
        f"{scheme}://{host}:{node.port}/",
        headers=[(b"host", upstream_host.encode("latin-1")), *_headers(exchange)],
        content=body.content(),
        extensions={
            # As it is, since nginx passes on what it was sent; but always one line.
            "target": quote(target, safe=_VISIBLE, errors="surrogateescape").encode(),
            "sni_hostname": upstream_host.rpartition(":")[0] or upstream_host,
        },
    )


def _host_header(
    node: Node, upstream: Mapping[str, Any], exchange: Exchange, host: str
) -> str:
    how = upstream.get("pass_host", "pass")
    if how == "rewrite" and upstream.get("upstream_host"):
        return str(upstream["upstream_host"])
    if how == "node":
        usual = _DEFAULT_PORTS.get(upstream.get("scheme", "http"))
        return host if node.port == usual else f"{host}:{node.port}"
    return exchange.upstream_host or exchange.headers.get("host") or host


def passed_on(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Return the caller's headers that are not about the connection alone."""
    dropped = _REQUEST_ONLY | {
        name.strip().lower()
        for name in exchange.headers.get("connection", "").split(",")
    }
    return [
        (name, value)
        for name, value in exchange.headers.raw
        if name.decode("latin-1") not in dropped
    ]


def _headers(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    request = exchange.request
    # The sandbox trusts nobody's X-Forwarded headers, as APISIX does since 3.14.
    return [
        *passed_on(exchange),
        (b"x-real-ip", request.remote_addr.encode()),
        (b"x-forwarded-for", request.remote_addr.encode()),
        (b"x-forwarded-proto", request.scheme.encode()),
        (b"x-forwarded-host", request.host.encode("latin-1")),
        (b"x-forwarded-port", str(request.port).encode()),
    ]
