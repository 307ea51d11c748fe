"""Bring messages to a syslog receiver, and know as far as one can that it has them."""

import socket
import ssl
from collections.abc import Sequence

from gateway.deadline import Deadline, addresses_of
from gateway.exchange import cause_of
from portal.audit.syslog.receiver import Receiver, Transport

# An address where nobody listens says so at once; nothing else is ever answered.
REFUSAL_SECONDS = 0.2


class NotTaken(Exception):
    """The receiver may have some of the messages, but nobody knows it has all."""


def send(messages: Sequence[bytes], receiver: Receiver, *, seconds: float) -> None:
    """Send the messages over one connection within so many seconds. Raises NotTaken."""
    with Deadline(seconds) as until:
        try:
            with _connected(receiver, until) as sock:
                if receiver.transport is Transport.UDP:
                    _send_datagrams(sock, messages)
                else:
                    _send_stream(sock, messages, receiver)
        # UnicodeError: a host that is no name.
        except (OSError, UnicodeError) as error:
            raise NotTaken(_words(error, until)) from None
        if until.has_cut:
            raise NotTaken(_late(until))


def _connected(receiver: Receiver, until: Deadline) -> socket.socket:
    """Connect to the first address that answers; each gets its share of the time."""
    found = addresses_of(receiver.host, receiver.port, until.seconds_left)
    is_udp = receiver.transport is Transport.UDP
    kind = socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM
    failure: OSError = OSError("unknown host")
    for left, (family, _, _, _, address) in zip(
        range(len(found), 0, -1), found, strict=True
    ):
        sock = socket.socket(family, kind)
        try:
            sock.settimeout(until.seconds_left / left)
            sock.connect(address)
            sock.settimeout(until.seconds_left)
        except OSError as error:
            sock.close()
            failure = error
        else:
            until.watch(sock)
            return sock
    raise failure


def _send_datagrams(sock: socket.socket, messages: Sequence[bytes]) -> None:
    for message in messages:
        sock.send(message)
    sock.settimeout(REFUSAL_SECONDS)
    try:
        sock.recv(1)
    except TimeoutError:
        return


def _send_stream(
    sock: socket.socket, messages: Sequence[bytes], receiver: Receiver
) -> None:
    """Send each with its length before it, then wait until all of it was read.

    https://www.rfc-editor.org/rfc/rfc6587#section-3.4.1. What a dead receiver had not
    read it answers by a reset; one that lives closes its side once it came to our end:
    https://www.rfc-editor.org/rfc/rfc5425#section-4.4.
    """
    framed = b"".join(b"%d %b" % (len(message), message) for message in messages)
    if receiver.transport is Transport.TCP:
        sock.sendall(framed)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4_096):
            pass
        return
    with receiver.tls().wrap_socket(sock, server_hostname=receiver.host) as secure:
        secure.sendall(framed)
        try:
            secure.unwrap().close()
        except ssl.SSLEOFError:
            return  # It closed without a word, as many do.


def _words(error: Exception, until: Deadline) -> str:
    """Say why in words of our own, without an address."""
    if until.has_passed or isinstance(error, TimeoutError):
        return _late(until)
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "It broke the connection before it had read everything."
    return f"It cannot be reached: {cause_of(error)}."


def _late(until: Deadline) -> str:
    return f"It did not read everything and close within {until.seconds:g} s."
