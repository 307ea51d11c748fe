"""Which certificates a gateway must show over TLS."""

import ssl
import sys

from urllib3.util.ssl_ import create_urllib3_context


class NoCertificates(ValueError):
    """A text that was given as certificates holds none."""


def has_system_certificates() -> bool:
    """Say whether this system keeps certificates where OpenSSL looks for them."""
    paths = ssl.get_default_verify_paths()
    return sys.platform == "win32" or bool(paths.cafile or paths.capath)


def trusting(ca_bundle: str, *, and_system: bool = False) -> ssl.SSLContext:
    """Return a context that trusts these PEM certificates and nothing else.

    With `and_system` it trusts those of the system besides. Each of them is trusted as it is, also one that an authority signed which is not
    among them. Raises NoCertificates.
    """
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=ca_bundle)
    except (ssl.SSLError, ValueError, TypeError):
        raise NoCertificates(
            "These are no PEM certificates. Paste them whole, each from "
            "-----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."
        ) from None
    if and_system:
        context.load_default_certs()
    return context
