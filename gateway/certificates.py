"""Certificates as gateways hold them: whose, by whom, from when and until when. Pure.

Only the public part is read; keys are no part of this.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.effective import texts

Document = dict[str, Any]


@dataclass(frozen=True)
class Certificate:
    """One certificate of an SSL resource. `path` is the field that holds it."""

    path: str
    names: frozenset[str]
    issuer: str
    since: datetime
    until: datetime


def certificates_in(ssl: Document) -> Iterator[Certificate]:
    """Yield what can be read of an SSL resource; a `$secret://…` cannot."""
    certs = ssl.get("certs")
    places = [("cert", ssl.get("cert"))]
    places += [
        (f"certs.{index}", one)
        for index, one in enumerate(certs if isinstance(certs, list) else [])
    ]
    for path, pem in places:
        if found := read(pem):
            yield Certificate(
                path=path,
                names=frozenset(names_of(found)),
                issuer=_issuer(found),
                since=found.not_valid_before_utc,
                until=found.not_valid_after_utc,
            )


def read(pem: Any) -> x509.Certificate | None:
    """Return the first certificate, the server's own; a chain may follow."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except (AttributeError, ValueError):
        return None


def names_of(certificate: x509.Certificate) -> set[str]:
    """Return the DNS names that it is for; addresses are no SNI (RFC 6066, 3)."""
    try:
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except (x509.ExtensionNotFound, ValueError):
        return set()
    return {name.lower() for name in found.value.get_values_for_type(x509.DNSName)}


def fitting(sni: str) -> tuple[str, str]:
    """Return the names that are for this one: itself, and a wildcard over it."""
    return sni, f"*.{sni.partition('.')[2]}"


def covers(names: Iterable[str], sni: str) -> bool:
    """Say whether one of the names is for this one.

    A wildcard stands for one label (RFC 6125, 6.4.3), at the gateway too
    (`match_and_set` in apisix/ssl/router/radixtree_sni.lua, 3.18).
    """
    return any(name in names for name in fitting(sni))


def snis_of(ssl: Document) -> list[str]:
    """Return for which names the gateway shows it, in lower case; [] for its own use."""
    if ssl.get("type") == "client":
        return []
    return [sni.lower() for sni in texts(ssl.get("snis")) or texts(ssl.get("sni"))]


def _issuer(certificate: x509.Certificate) -> str:
    """Return by whom it is, as people call them."""
    try:
        issuer = certificate.issuer
    except ValueError:
        return ""
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in issuer.get_attributes_for_oid(kind):
            if isinstance(attribute.value, str) and attribute.value:
                return attribute.value
    return issuer.rfc4514_string()
