"""Take the ports that people are told, or say whose they are."""

import contextlib
import errno
import socket

from portal.run.configuration import Refused


def listen(variable: str, port: int, *, host: str = "127.0.0.1") -> socket.socket:
    """Return a listening socket; port 0 is any free one. Raises Refused.

    Whoever connects waits until the web server, which inherits it, answers.
    """
    if port and _somebody_answers(port):
        raise Refused(_taken(variable, port))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    # A port of connections that ended a moment ago is free.
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(1024)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise Refused(_taken(variable, port)) from error
        raise Refused(
            f"Port {port} cannot be opened ({error.strerror}). Choose another one: "
            f"{variable}=… make run"
        ) from error
    return taken


def is_free(variable: str, port: int) -> None:
    """Return if this port can be opened. Raises Refused."""
    listen(variable, port).close()


def _somebody_answers(port: int) -> bool:
    """Whether `localhost` reaches a program at this port.

    On macOS one can bind 127.0.0.1 although another program has the port on all
    addresses; the browser might then reach that one.
    """
    for host in ("127.0.0.1", "::1"):
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host, port), timeout=2),
        ):
            return True
    return False


def _taken(variable: str, port: int) -> str:
    words = f"Port {port} is taken by another program"
    if port == 5000:
        words += " (on macOS often the AirPlay Receiver)"
    return f"{words}. Choose another one: {variable}={port + 1} make run"
