"""Real servers for tests of the data plane: an application in a thread, on a free port."""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.sandbox.proxy import proxy_app
from gateway.sandbox.store import Store
from tests.waiting import LONG, eventually

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]


class Server:
    """A uvicorn server in a thread, on a free port. `app` may be changed at any time."""

    def __init__(
        self, app: ASGIApp | None = None, *, certificate: tuple[str, str] | None = None
    ) -> None:
        self.app = app
        self.active = 0
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._call,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                interface="asgi3",
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=1,
                ssl_certfile=certificate[0] if certificate else None,
                ssl_keyfile=certificate[1] if certificate else None,
            )
        )
        # A socket of our own, so that the port is known and nobody else can take it.
        # With the protocol named, asyncio sends small answers at once, not 40 ms later.
        self._socket = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        eventually(lambda: self._server.started, "the server answers")

    def await_(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something in the server's event loop; return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LONG)

    def stop(self) -> None:
        """Stop serving; the port is free again."""
        self._server.should_exit = True
        self._thread.join(LONG)
        self._socket.close()
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._server.serve(sockets=[self._socket]))
        finally:
            self._loop.close()

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        self.active += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.active -= 1


@contextmanager
def serving(
    app: ASGIApp, *, certificate: tuple[str, str] | None = None
) -> Iterator[int]:
    """Serve this application; give its port."""
    server = Server(app, certificate=certificate)
    try:
        yield server.port
    finally:
        server.stop()


@contextmanager
def planing(
    server: Server, store: Store, mode: str = "radixtree_host_uri"
) -> Iterator[None]:
    """Let a server be a data plane of its own over these documents."""
    app = cast(Router, proxy_app(store, mode=mode))
    lifespan = app.lifespan_context(app)
    server.await_(lifespan.__aenter__())
    server.app = app
    try:
        yield
    finally:
        # As a server does: first whoever is still answered, then the connections.
        eventually(lambda: server.active == 0, "every request was answered")
        server.app = None
        server.await_(lifespan.__aexit__(None, None, None))


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        return int(sock.getsockname()[1])


class Echo:
    """An upstream that answers with what it was sent, and remembers it."""

    def __init__(self, name: str = "echo") -> None:
        self.name = name
        self.reset()
        self.app = Starlette(
            routes=[
                Route("/stream", self._stream),
                Route("/{path:path}", self._echo, methods=METHODS),
            ]
        )

    def reset(self) -> None:
        """Forget what was sent and what shall be answered."""
        self.seen: list[dict[str, Any]] = []
        # Set by a test: what the next answers are.
        self.status = 200
        self.headers: dict[str, str] = {}
        self.text: str | None = None
        self.raw: bytes | None = None
        # Whether somebody went away in the middle of `/stream`.
        self.abandoned = False
        self.released = threading.Event()
        self.released.set()

    async def _echo(self, request: Request) -> Response:
        entry = {
            "node": self.name,
            "method": request.method,
            "target": request.scope["raw_path"].decode()
            + ("?" + request.url.query if request.url.query else ""),
            "headers": {
                name: ", ".join(request.headers.getlist(name))
                for name in request.headers.keys()  # noqa: SIM118 - not a dict
            },
            "body": (await request.body()).decode(),
            "scheme": request.url.scheme,
        }
        self.seen.append(entry)
        while not self.released.is_set():
            await asyncio.sleep(0.01)
        if self.raw is not None:
            return Response(self.raw, self.status, self.headers, "text/plain")
        if self.text is not None:
            return Response(self.text, self.status, self.headers, "text/plain")
        return JSONResponse(entry, self.status, self.headers)

    async def _stream(self, request: Request) -> Response:
        async def parts() -> Any:
            try:
                yield b"first\n"
                while not self.released.is_set():
                    await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                self.abandoned = True
                raise
            yield b"second\n"

        return StreamingResponse(parts(), media_type="text/plain")
