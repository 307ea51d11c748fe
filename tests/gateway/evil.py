"""A server that answers exactly what a test tells it to, byte by byte.

For what no well-behaved server would do: drip, hang, lie about lengths, reset.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

SECONDS = 60

# Gets the connection and the request's bytes; what it does is the answer.
Handler = Callable[[socket.socket, bytes], None]


class EvilServer:
    """Gives each request on each connection to the next handler; the last one stays.

    `requests` holds what was received, whole requests only.
    """

    def __init__(self, *handlers: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handlers = list(handlers)
        self._tls = tls
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        # A bare close would leave a blocked accept() blocked.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive()

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while request := receive(connection):
                with self._lock:
                    self.requests.append(request)
                    handler = self._handlers[0]
                    if len(self._handlers) > 1:
                        self._handlers.pop(0)
                handler(connection, request)


def receive(connection: socket.socket) -> bytes:
    """Return one whole request, b"" when the other end is gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65_536)
        if not more:
            return b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        more = connection.recv(65_536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body


@contextmanager
def evil(*handlers: Handler, tls: ssl.SSLContext | None = None) -> Iterator[EvilServer]:
    server = EvilServer(*handlers, tls=tls)
    try:
        yield server
    finally:
        server.close()


# --- What it can do


def http(
    status: int, body: bytes, content_type: str = "application/json", more: str = ""
) -> bytes:
    """Return a well-formed answer."""
    return (
        f"HTTP/1.1 {status} Whatever\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nServer: APISIX/3.18.0\r\n{more}\r\n"
    ).encode() + body


def says(answer: bytes) -> Handler:
    """Answer these bytes and keep the connection."""
    return lambda connection, _: connection.sendall(answer)


def says_and_closes(answer: bytes) -> Handler:
    def handler(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    return handler


def drips(answer: bytes, *, every: float = 0.05) -> Handler:
    """Answer one byte at a time."""

    def handler(connection: socket.socket, _: bytes) -> None:
        pause = threading.Event()
        for byte in answer:
            connection.sendall(bytes([byte]))
            pause.wait(every)

    return handler


def silent(connection: socket.socket, _: bytes) -> None:
    """Never answer; wait until the other end gives up."""
    while connection.recv(65_536):
        pass


def resets_after(answer: bytes) -> Handler:
    """Answer these bytes, then reset the connection."""

    def handler(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer)
        no_linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        connection.close()

    return handler


def never_ends(beginning: bytes, more: bytes) -> Handler:
    """Answer without end, as fast as the other end reads."""

    def handler(connection: socket.socket, _: bytes) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(more)

    return handler
