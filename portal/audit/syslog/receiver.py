"""Where the ledger is streamed to, as the environment says it."""

import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from gateway.trust import NoCertificates, trusting

SHAPE = "Write it as udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT."


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


# https://www.rfc-editor.org/rfc/rfc5425#section-4.1; for TCP what receivers listen on.
PORTS = {Transport.UDP: 514, Transport.TCP: 514, Transport.TLS: 6514}


@dataclass(frozen=True)
class Receiver:
    """A syslog receiver; `authorities` are PEM certificates, "" those of the system."""

    transport: Transport
    host: str
    port: int
    authorities: str = ""

    def tls(self) -> ssl.SSLContext:
        """Return what a connection checks the receiver's certificate and name with."""
        if self.authorities:
            return trusting(self.authorities)
        return ssl.create_default_context()


def receiver(address: str, authorities: str = "") -> Receiver | None:
    """Read AUDIT_SYSLOG, and the file that AUDIT_SYSLOG_CA names; None: no stream.

    Raises ImproperlyConfigured for what cannot be meant.
    """
    if not address:
        return None
    try:
        parts = urlsplit(address)
        transport, port = Transport(parts.scheme), parts.port
    except ValueError:
        raise ImproperlyConfigured(f"AUDIT_SYSLOG cannot be read. {SHAPE}") from None
    rest = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if not parts.hostname or rest:
        raise ImproperlyConfigured(f"AUDIT_SYSLOG names a host alone. {SHAPE}")
    if authorities and transport is not Transport.TLS:
        raise ImproperlyConfigured("AUDIT_SYSLOG_CA is for an AUDIT_SYSLOG of tls://.")
    found = Receiver(
        transport, parts.hostname, port or PORTS[transport], _read(authorities)
    )
    if transport is Transport.TLS:
        try:
            found.tls()
        except NoCertificates:
            raise ImproperlyConfigured(
                f"AUDIT_SYSLOG_CA: {authorities} holds no PEM certificates."
            ) from None
    return found


def _read(path: str) -> str:
    try:
        return Path(path).read_text() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"AUDIT_SYSLOG_CA: {path} cannot be read: {type(error).__name__}."
        ) from None
