"""Whether certificates and private keys can be read and belong together."""

from typing import Any

from gateway.sandbox.store import Document

_REFERENCES = ("$secret://", "$env://", "$ENV://")


def failure(ssl: Document) -> str | None:
    """Return what is wrong with an ssl resource's pairs, or None."""
    pairs = [(ssl.get("cert"), ssl.get("key"))]
    certs, keys = ssl.get("certs") or [], ssl.get("keys") or []
    if len(certs) != len(keys):
        return "mismatched number of certs and keys"
    pairs += zip(certs, keys, strict=True)
    for cert, key in pairs:
        wrong = _pair_failure(cert, key)
        if wrong is not None:
            return wrong
    ca = (ssl.get("client") or {}).get("ca")
    if ca is not None and not ca.startswith(_REFERENCES) and _certificate(ca) is None:
        return "failed to validate client_cert: failed to parse cert"
    return None


def tls_failure(tls: dict[str, Any]) -> str | None:
    """Return what is wrong with the client certificate of an upstream, or None."""
    if "client_cert" not in tls:
        return None
    return _pair_failure(tls["client_cert"], tls["client_key"])


def _pair_failure(cert: Any, key: Any) -> str | None:
    if not isinstance(cert, str) or cert.startswith(_REFERENCES):
        return None
    certificate = _certificate(cert)
    if certificate is None:
        return "failed to parse cert: PEM_read_bio_X509_AUX() failed"
    # Only what looks like PEM is in clear; anything else is what a gateway encrypted.
    if not isinstance(key, str) or not key.startswith("---"):
        return None
    private = _private_key(key)
    if private is None:
        return "failed to parse key: PEM_read_bio_PrivateKey() failed"
    if certificate.public_key() != private.public_key():
        return "certificate and private key do not match"
    return None


def _certificate(pem: str) -> Any:
    # Imported when needed: it takes longer than all the rest of a start.
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None


def _private_key(pem: str) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
