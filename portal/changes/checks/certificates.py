"""Certificates: in time, for the right names, and with their own key."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.utils import timezone
from django.utils.translation import gettext_noop

from gateway.certificates import covers, names_of, read, snis_of
from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.parts import named, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

Document = dict[str, Any]

SOON = timedelta(days=30)

CERTIFICATE_EXPIRED = Code(
    "certificate_expired",
    Severity.WARNING,
    gettext_noop("A certificate is valid no more, or not yet."),
)
CERTIFICATE_EXPIRES_SOON = Code(
    "certificate_expires_soon",
    Severity.WARNING,
    f"A certificate is valid for less than {SOON.days} days more.",
)
CERTIFICATE_KEY_MISMATCH = Code(
    "certificate_key_mismatch",
    Severity.BLOCKER,
    gettext_noop(
        "A private key is not the one of its certificate, so no connection would succeed."
    ),
)
CERTIFICATE_NAME_MISMATCH = Code(
    "certificate_name_mismatch",
    Severity.WARNING,
    gettext_noop(
        "An SNI is not among the names of the certificate, so clients would refuse it."
    ),
)


def certificate_dates(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Told at every write: who writes a certificate can replace it."""
    now = timezone.now()
    for index, wanted in _certified(plan):
        for path, certificate, _ in _pairs(wanted):
            until = certificate.not_valid_after_utc
            since = certificate.not_valid_before_utc
            if until <= now:
                code, words = CERTIFICATE_EXPIRED, f"expired on {_day(until)}"
            elif since > now:
                code, words = CERTIFICATE_EXPIRED, f"is valid from {_day(since)} only"
            elif until - now < SOON:
                code, words = CERTIFICATE_EXPIRES_SOON, f"expires on {_day(until)}"
            else:
                continue
            yield code.finding(
                index,
                f"The certificate {words}.",
                f"Give one that is valid now, with its key, in {path} and {_key(path)}.",
                path=path,
            )


def certificate_pairs(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Only a key that the change brings can be compared."""
    for index, wanted in _certified(plan):
        for path, certificate, key in _pairs(wanted):
            if key is not None and key.public_key() != certificate.public_key():
                yield CERTIFICATE_KEY_MISMATCH.finding(
                    index,
                    f"The private key is not the one of the certificate in {path}.",
                    f"Give the certificate's own key in {_key(path)}.",
                    path=_key(path),
                )


def certificate_names(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Several certificates (RSA beside ECDSA) must each be for every SNI."""
    for index, wanted in _certified(plan):
        snis = snis_of(wanted)
        for path, certificate, _ in _pairs(wanted):
            names = names_of(certificate)
            missing = [sni for sni in snis if not covers(names, sni)]
            if missing:
                yield CERTIFICATE_NAME_MISMATCH.finding(
                    index,
                    f"The certificate in {path} is not for {named(missing)}"
                    + (f", but for {named(sorted(names))}." if names else "."),
                    "Give a certificate for all names, or leave these out of snis.",
                    path="snis" if "snis" in wanted else "sni",
                )


def _certified(plan: Plan) -> Iterator[tuple[int, Document]]:
    for index, item, wanted in written(plan):
        if item.kind.name == "ssl":
            yield index, wanted


def _pairs(ssl: Document) -> Iterator[tuple[str, x509.Certificate, Any]]:
    """Yield (path, certificate, its key or None) of what can be read here.

    What cannot be read the gateway refuses itself; a reference is no certificate.
    """
    places = [("cert", ssl.get("cert"), ssl.get("key"))]
    certs, keys = ssl.get("certs"), ssl.get("keys")
    if isinstance(certs, list):
        keys = keys if isinstance(keys, list) and len(keys) == len(certs) else certs
        pairs = enumerate(zip(certs, keys, strict=True))
        places += [(f"certs.{i}", cert, key) for i, (cert, key) in pairs]
    for path, cert, key in places:
        if certificate := read(cert):
            yield path, certificate, _private_key(key)


def _key(path: str) -> str:
    """Return where the key of the certificate at this path stands."""
    return path.replace("cert", "key", 1)


def _private_key(pem: Any) -> Any:
    try:
        return load_pem_private_key(pem.encode(), password=None)
    except (AttributeError, ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


SUBJECT = Subject(
    title=gettext_noop("Certificates"),
    matters=gettext_noop(
        "Callers get an error at once when a certificate does not fit its host or has run out."
    ),
    checks=(certificate_dates, certificate_pairs, certificate_names),
    codes=(
        CERTIFICATE_EXPIRED,
        CERTIFICATE_EXPIRES_SOON,
        CERTIFICATE_KEY_MISMATCH,
        CERTIFICATE_NAME_MISMATCH,
    ),
)
