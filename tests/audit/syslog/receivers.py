"""Syslog receivers that listen for real, and can be away."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from tests.waiting import LONG

HOST = "127.0.0.1"


class Received(list[bytes]):
    """The messages that came, in order; one list may outlive several receivers."""

    @property
    def numbers(self) -> list[int]:
        return [int(message.split(b' number="')[1].split(b'"')[0]) for message in self]


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def udp(received: Received, *, port: int = 0) -> Iterator[int]:
    """Receive datagrams; yield the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, port))
        sock.settimeout(0.1)
        with _beside(lambda: _datagram(sock, received)):
            yield sock.getsockname()[1]


@contextmanager
def tcp(
    received: Received, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Receive one connection after another, each until its end; yield the port."""
    with socket.create_server((HOST, port)) as server:
        server.settimeout(0.1)
        with _beside(lambda: _connection(server, received, tls)):
            yield server.getsockname()[1]


@contextmanager
def _beside(work: Callable[[], None]) -> Iterator[None]:
    ended = threading.Event()

    def repeat() -> None:
        while not ended.is_set():
            try:
                work()
            except OSError:  # nothing came, or the other side was cut off
                continue

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _datagram(sock: socket.socket, received: Received) -> None:
    received.append(sock.recv(65_535))


def _connection(
    server: socket.socket, received: Received, tls: ssl.SSLContext | None
) -> None:
    plain, _ = server.accept()
    plain.settimeout(LONG)
    with (
        tls.wrap_socket(plain, server_side=True) if tls else plain as sock,
        sock.makefile("rb") as stream,
    ):
        while length := _length(stream):
            message = stream.read(length)
            if len(message) == length:
                received.append(message)


def _length(stream: BinaryIO) -> int:
    """Read how long the next message is; 0 at the end."""
    digits = b""
    while (char := stream.read(1)) not in (b"", b" "):
        digits += char
    return int(digits or 0)
