"""Where a request came from, as far as that can be known."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

ADDRESS_LIMIT = 64


def address_of(request: HttpRequest) -> str:
    """Return the caller's address.

    Behind our TLS proxy that is what the proxy itself wrote last, never what the
    caller wrote before it.
    """
    if settings.SECURE_PROXY_SSL_HEADER:
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if told:
            return told[:ADDRESS_LIMIT]
    return str(request.META.get("REMOTE_ADDR", ""))[:ADDRESS_LIMIT]


def network_of(request: HttpRequest) -> str:
    """Return what tries are counted by: the address, or the /64 of an IPv6 one.

    Whoever has one IPv6 address has all of its /64.
    """
    told = address_of(request)
    try:
        address = ip_address(told)
    except ValueError:
        return told
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address.packed, 64), strict=False))
    return told
