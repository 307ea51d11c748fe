"""Where an address leads, in one spelling: two rows for one gateway would be two laws."""

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}


def endpoint(url: str) -> tuple[str, int]:
    """Return the host and port that a URL leads to. No name is looked up.

    The path does not count: a proxy takes many spellings of one.
    """
    parts = urlsplit(url)
    return _host(parts.hostname or ""), parts.port or PORTS.get(parts.scheme, 0)


def _host(host: str) -> str:
    name = host.rstrip(".")
    if name == "localhost":
        return "127.0.0.1"
    try:
        address = ip_address(name)
    except ValueError:
        return _encoded(name)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def _encoded(name: str) -> str:
    """Return a name as DNS has it (RFC 3490); what is none as it is."""
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name
