"""A total deadline for one HTTP request, whatever the other end does.

The time-outs of sockets are per read: an answer that drips one byte a second never
reaches them. Here a timer shuts the connection down, which ends any blocked read,
write or TLS handshake at once.
"""

import contextlib
import socket
import threading
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_current: ContextVar["Deadline | None"] = ContextVar("deadline", default=None)


class Deadline:
    """Ends what is sent within its `with` block after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.has_passed = False
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._token = _current.set(self)
        self._timer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._timer.cancel()
        _current.reset(self._token)
        with self._lock:
            for sock in self._watched:
                sock.close()
            self._watched.clear()

    def watch(self, sock: socket.socket) -> None:
        """Shut this socket's connection down when the deadline passes.

        A duplicate is kept, because TLS takes the original's descriptor away.
        """
        with self._lock:
            copy = socket.fromfd(sock.fileno(), sock.family, sock.type)
            self._watched.append(copy)
            if self.has_passed:
                _shut(copy)

    def _end(self) -> None:
        with self._lock:
            self.has_passed = True
            for sock in self._watched:
                _shut(sock)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class _Watched:
    """Mixed into urllib3's connections: tells the current deadline of their sockets."""

    sock: Any

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        if deadline := _current.get():
            deadline.watch(sock)
        return sock

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None and (deadline := _current.get()):
            deadline.watch(self.sock)
        super().putrequest(*args, **kwargs)  # type: ignore[misc]


class _WatchedHTTP(_Watched, HTTPConnection):
    pass


class _WatchedHTTPS(_Watched, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPS


class DeadlineAdapter(HTTPAdapter):
    """A requests adapter whose connections obey `Deadline`; it never retries."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _HTTPPool,
            "https": _HTTPSPool,
        }


def deadline_session(pool_size: int) -> requests.Session:
    """Return a session without the environment's proxies, netrc and CA settings."""
    session = requests.Session()
    session.trust_env = False
    adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=pool_size, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
