"""Send copies of requests elsewhere and forget what is answered, as nginx's mirror does."""

import asyncio

import httpx2

from gateway.sandbox.exchange import Exchange
from gateway.sandbox.forward import Body, passed_on

_SECONDS = 60.0
_TIMEOUT = dict.fromkeys(("connect", "read", "write", "pool"), _SECONDS)


class Mirror:
    """Copies on their way. Made inside an event loop."""

    def __init__(self) -> None:
        self._transport = httpx2.AsyncHTTPTransport(verify=False, trust_env=False)
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, exchange: Exchange, body: Body) -> None:
        """Begin to send a copy; its body is read first, so that both get it."""
        content = await body.read()
        host = exchange.upstream_host or exchange.headers.get("host", "")
        try:
            request = httpx2.Request(
                exchange.method,
                exchange.mirror or "",
                headers=[(b"host", host.encode("latin-1")), *passed_on(exchange)],
                content=content or None,
                extensions={"timeout": _TIMEOUT},
            )
        except httpx2.InvalidURL:
            return
        task = asyncio.create_task(self._send(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is still on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._transport.aclose()

    async def _send(self, request: httpx2.Request) -> None:
        try:
            response = await self._transport.handle_async_request(request)
        except httpx2.TransportError:
            return
        await response.aclose()
