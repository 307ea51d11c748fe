"""How these tests speak to the sandbox's Admin API."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sandbox import KEY, SECONDS, SandboxGateway

Ask = Callable[..., requests.Response]
UPSTREAM = {"type": "roundrobin", "nodes": {"127.0.0.1:8080": 1}}
ROUTE: dict[str, Any] = {"uri": "/hello", "upstream": UPSTREAM}


@pytest.fixture
def ask(sandbox: SandboxGateway) -> Iterator[Ask]:
    """Ask the Admin API: `ask("PUT", "/routes/r1", {...})`."""
    with requests.Session() as session:
        session.trust_env = False

        def send(
            method: str,
            path: str,
            body: Any = None,
            *,
            headers: dict[str, str] | None = None,
        ) -> requests.Response:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body)
            return session.request(
                method,
                f"{sandbox.admin_url}/apisix/admin{path}",
                data=data,
                headers={"X-API-KEY": KEY} | (headers or {}),
                timeout=SECONDS,
            )

        yield send


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate and its private key, in PEM."""

    cert: str
    key: str


def _certificate() -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.org")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return Certificate(cert.public_bytes(pem).decode(), private.decode())


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    """A certificate of example.org."""
    return _certificate()


@pytest.fixture(scope="session")
def other_certificate() -> Certificate:
    """Another one, with another key."""
    return _certificate()
