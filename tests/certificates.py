"""Certificates for tests: some sign themselves, others an authority has signed."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def pems(self) -> tuple[str, str]:
        """The certificate and its key."""
        return self.pem, self.key_pem

    def files(self, folder: Path) -> tuple[str, str]:
        """Write certificate and key; return their paths."""
        paths = folder / "cert.pem", folder / "key.pem"
        for path, pem in zip(paths, self.pems, strict=True):
            path.write_text(pem)
        return str(paths[0]), str(paths[1])

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """Return a server's context; files are written, as the ssl module wants."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files(folder))
        return context


def self_signed(
    *names: str, address: str = "", since: int = -1, until: int = 90
) -> Certified:
    """Return one for these names, valid from and until so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    meant: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    if address:
        meant.append(x509.IPAddress(ip_address(address)))
    alternative = [(x509.SubjectAlternativeName(meant), False)] if meant else []
    name = "a.example.com"
    days = timedelta(days=since), timedelta(days=until)
    return Certified(_signed(name, key, name, key, alternative, days), key)


def authority(name: str) -> Certified:
    """Return a certificate authority that signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    extensions = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    return Certified(_signed(name, key, name, key, extensions), key)


def issued(by: Certified, *, host: str = "127.0.0.1") -> Certified:
    """Return a server's certificate for an IP address, signed by the authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
    issuer = by.certificate.subject.rfc4514_string().removeprefix("CN=")
    extensions = [
        (names, False),
        (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()),
            False,
        ),
    ]
    return Certified(_signed("gateway", key, issuer, by.key, extensions), key)


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    by: ec.EllipticCurvePrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    days: tuple[timedelta, timedelta] = (timedelta(days=-1), timedelta(days=1)),
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0])
        .not_valid_after(now + days[1])
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(by, hashes.SHA256())
