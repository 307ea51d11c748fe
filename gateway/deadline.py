"""A total deadline for one HTTP request, whatever the other end does.

The time-outs of sockets are per read: an answer that drips one byte a second never
reaches them. Here a timer shuts the connection down, which ends any blocked read,
write or TLS handshake at once. The same place knows whether a byte of the request was
ever sent: no exception of the libraries below tells that reliably.
"""

import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)

from gateway.trust import has_system_certificates

# Gets host, port and seconds; returns what `socket.getaddrinfo` does.
LookUp = Callable[[str, int, float], list[Any]]

_current: ContextVar["Deadline | None"] = ContextVar("deadline", default=None)


class Deadline:
    """Ends what is sent within its `with` block after so many seconds.

    `has_sent` says whether any byte of a request was handed to the network,
    `is_reused` whether a kept-alive connection was taken for it, `has_cut` whether
    the connection was shut down. A new connection goes to the first address of
    `look_up` that answers, and to no other.
    """

    def __init__(self, seconds: float, *, look_up: LookUp | None = None) -> None:
        self.seconds = seconds
        self.look_up = look_up or addresses_of
        self.has_cut = False
        self.has_sent = False
        self.is_reused = False
        self._ends_at = time.monotonic() + seconds
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

    @property
    def has_passed(self) -> bool:
        return time.monotonic() >= self._ends_at

    @property
    def seconds_left(self) -> float:
        """Return what is left, at least a moment: zero would mean "do not block"."""
        return max(self._ends_at - time.monotonic(), 0.001)

    def watch(self, sock: socket.socket) -> None:
        """Shut this socket's connection down when the deadline passes.

        A duplicate is kept, because TLS takes the original's descriptor away.
        """
        with self._lock:
            copy = socket.fromfd(sock.fileno(), sock.family, sock.type)
            self._watched.append(copy)
            if self.has_cut:
                _shut(copy)

    def _end(self) -> None:
        with self._lock:
            self.has_cut = True
            for sock in self._watched:
                _shut(sock)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class _Watched:
    """Mixed into urllib3's connections: ties each to the deadline of its request."""

    host: str
    port: int
    sock: Any
    _dns_host: str
    _deadline: Deadline | None = None

    def _new_conn(self) -> socket.socket:
        deadline = _current.get()
        if deadline is None:
            raise RuntimeError("A connection of this session needs a Deadline.")
        sock = _connected(self, self._dns_host, self.port, deadline)
        self._deadline = deadline
        deadline.watch(sock)
        return sock

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        deadline = _current.get()
        if self.sock is not None and deadline and self._deadline is not deadline:
            self._deadline, deadline.is_reused = deadline, True
            deadline.watch(self.sock)
        super().putrequest(*args, **kwargs)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        if self._deadline is not None:
            self._deadline.has_sent = True
        super().send(data)  # type: ignore[misc]


def _connected(
    connection: Any, host: str, port: int, deadline: Deadline
) -> socket.socket:
    """Connect to the first address that answers; each gets its share of the time.

    Raises urllib3's exceptions, as its own connections do.
    """
    try:
        addresses = deadline.look_up(host, port, deadline.seconds_left)
    except (OSError, UnicodeError) as error:
        found = (
            error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        )
        raise NameResolutionError(host, connection, found) from error
    failure: OSError | None = None
    for left, (family, kind, protocol, _, address) in zip(
        range(len(addresses), 0, -1), addresses, strict=True
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(deadline.seconds_left / left)
            sock.connect(address)
            sock.settimeout(deadline.seconds_left)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "timed out") from failure
    raise NewConnectionError(connection, str(failure)) from failure


def addresses_of(host: str, port: int, seconds: float) -> list[Any]:
    """Look a name up, but no longer than that. Raises OSError, UnicodeError.

    The resolver cannot be interrupted, so it works in a thread which ends when the
    resolver itself gives up.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise socket.gaierror("the name was not resolved in time") from None
    if isinstance(answer, Exception):
        raise answer
    return list(answer)


class _WatchedHTTP(_Watched, HTTPConnection):
    pass


class _WatchedHTTPS(_Watched, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPS

    def _validate_conn(self, conn: Any) -> None:
        # Not to verify was a person's decision, shown with the gateway: urllib3's
        # warning at each request would add nothing.
        if conn.is_closed:
            conn.connect()


class DeadlineAdapter(HTTPAdapter):
    """A requests adapter whose connections obey `Deadline`; it never retries.

    It trusts the certificates of `context`, else those of the system.
    """

    def __init__(self, *, context: ssl.SSLContext | None, pool_size: int) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _HTTPPool,
            "https": _HTTPSPool,
        }

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if verify is True and (self._context is not None or has_system_certificates()):
            # Not also the authorities that come with requests.
            conn.ca_certs = None

    def drop_idle(self) -> None:
        """Close the connections that are kept alive and not in use."""
        self.poolmanager.clear()


class _PlainSession(requests.Session):
    """Neither follows nor even reads where an answer redirects to."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def deadline_session(
    pool_size: int, context: ssl.SSLContext | None = None
) -> requests.Session:
    """Return a session without the environment's proxies, netrc and CA settings.

    `context` says which certificates are trusted; None: those of the system.
    It keeps no cookies and asks for no compression, whose size nobody knows before.
    """
    session = _PlainSession()
    session.trust_env = False
    session.headers.clear()
    session.headers["Accept-Encoding"] = "identity"
    session.headers["User-Agent"] = "Gatehouse"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = DeadlineAdapter(context=context, pool_size=pool_size)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
