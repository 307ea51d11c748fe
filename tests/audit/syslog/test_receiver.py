"""AUDIT_SYSLOG: read as it is meant, or refused by name when the desk starts."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.audit.syslog.receiver import Receiver, Transport, receiver


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("", None),
        ("udp://logs.example.com", Receiver(Transport.UDP, "logs.example.com", 514)),
        ("tcp://10.0.0.7:601", Receiver(Transport.TCP, "10.0.0.7", 601)),
        ("tls://[2001:db8::7]", Receiver(Transport.TLS, "2001:db8::7", 6514)),
    ],
    ids=["none", "udp", "tcp", "tls"],
)
def test_an_address_is_read(address: str, found: Receiver | None) -> None:
    assert receiver(address) == found


@pytest.mark.parametrize(
    "address",
    [
        "logs.example.com:514",
        "https://logs.example.com",
        "tcp://",
        "tcp://logs:many",
        "tcp://logs:99999",
        "tcp://me:secret@logs",
        "udp://logs/path",
        "udp://[::1",
    ],
)
def test_what_cannot_be_meant_is_refused(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"AUDIT_SYSLOG .*udp://HOST:PORT"):
        receiver(address)


def test_authorities_are_read_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    with pytest.raises(ImproperlyConfigured, match="AUDIT_SYSLOG_CA: .*cannot be read"):
        receiver("tls://logs", str(path))
    path.write_text("nothing")
    with pytest.raises(ImproperlyConfigured, match="holds no PEM certificates"):
        receiver("tls://logs", str(path))
    with pytest.raises(ImproperlyConfigured, match="for an AUDIT_SYSLOG of tls://"):
        receiver("tcp://logs", str(path))
