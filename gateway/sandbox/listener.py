"""A listening port that can be closed and opened again, and whose answers can be bent.

uvicorn serves; the transport below it is wrapped, so that a fault may pace, cut or
drop what is written. Nothing here speaks HTTP.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

# Where a request's scope holds its `Wire`.
WIRE = "sandbox.wire"


class Wire:
    """The transport of one connection, as uvicorn sees it.

    `pace` is seconds per byte; `cut_after` is how many bytes go out before the
    connection is reset.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._drip: asyncio.Task[None] | None = None
        self._waiting = bytearray()
        self._close_after_drip = False
        self.pace: float | None = None
        self.cut_after: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, unless told to do so slowly or not to the end."""
        if self.cut_after is not None:
            allowed, self.cut_after = data[: self.cut_after], self.cut_after - len(data)
            self._transport.write(allowed)
            if self.cut_after <= 0:
                self.cut_after = 0
                self.reset_soon()
            return
        if self.pace is None and self._drip is None:
            self._transport.write(data)
            return
        self._waiting += data
        if self._drip is None:
            self._drip = asyncio.ensure_future(self._write_slowly())

    def close(self) -> None:
        """Close once everything that drips has dripped."""
        if self._drip is not None:
            self._close_after_drip = True
        else:
            self._transport.close()

    def is_closing(self) -> bool:
        """Say whether the connection is closed or about to be."""
        return self._close_after_drip or self._transport.is_closing()

    def reset(self) -> None:
        """End the connection with a RST: the peer sees a reset, not an end."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
        self._transport.abort()

    def reset_soon(self) -> None:
        """Reset after the bytes already written had a chance to leave."""
        asyncio.get_running_loop().call_later(0.02, self.reset)

    async def _write_slowly(self) -> None:
        while self._waiting and not self._transport.is_closing():
            self._transport.write(bytes(self._waiting[:1]))
            del self._waiting[:1]
            await asyncio.sleep(self.pace or 0)
        self._waiting.clear()
        self._drip = None
        self.pace = None
        if self._close_after_drip:
            self._transport.close()


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol over a `Wire` that the application can reach."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        wire = Wire(transport)
        inner: Any = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[WIRE] = wire
            # `stop()` ends what still answers; its connection is gone by then.
            with contextlib.suppress(asyncio.CancelledError):
                await inner(scope, receive, send)

        self.app = app
        super().connection_made(wire)  # type: ignore[arg-type]


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


class Listener:
    """One application on one port of the loopback interface.

    The port is bound when the object is made (0 is any free one) and kept over
    `stop()` and `start()`.
    """

    def __init__(self, app: ASGIApp, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self._app = app
        self.host = host
        self._socket: socket.socket | None = self._bind(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Serve; return once connections are answered. Serving already is fine."""
        if self._server is not None:
            return
        sock = self._socket or self._bind(self.port)
        self._socket = None
        config = uvicorn.Config(
            self._app,
            http=_Protocol,
            ws="none",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # X-Forwarded-For must not decide who a client is: APISIX trusts nobody's.
            proxy_headers=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._task = asyncio.ensure_future(self._server.serve(sockets=[sock]))
        while not self._server.started:
            if self._task.done():
                await self._task
                raise RuntimeError("The server ended before it had started.")
            await asyncio.sleep(0.005)

    def refuse(self) -> None:
        """Refuse connections at once; those that are open stay until `stop()`."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        for listening in self._server.servers if self._server else ():
            listening.close()

    async def stop(self) -> None:
        """Refuse connections from now on and drop those that are open."""
        self.refuse()
        if self._server is None or self._task is None:
            return
        server, task = self._server, self._task
        self._server = self._task = None
        server.should_exit = True
        state = server.server_state
        for connection in list(state.connections):
            connection.transport.abort()
        # Lost connections are told of in the loop's next turn.
        await asyncio.sleep(0.005)
        for request in list(state.tasks):
            request.cancel()
        await task

    def _bind(self, port: int) -> socket.socket:
        # The protocol is named because asyncio sends small answers at once
        # (TCP_NODELAY) only where it sees TCP; else each waits 40 ms for an ACK.
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((self.host, port))
        except OSError as error:
            sock.close()
            words = f"port {port}: {error.strerror}"
            raise OSError(error.errno, words) from error
        return sock
