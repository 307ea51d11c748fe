"""Read an HTTP request that somebody describes, to try it."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, unquote, urlsplit

from django.utils.translation import gettext

from gateway.router.index import KNOWN_METHODS
from gateway.router.match import Request
from portal.changes.errors import Malformed

METHODS = tuple(sorted(KNOWN_METHODS))
URL_LIMIT, HEADERS_LIMIT, HEADER_LIMIT = 4_000, 100, 8_000
DEFAULT_ADDRESS = "127.0.0.1"
DEFAULT_PORTS = {"http": 80, "https": 443}
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
UNSENDABLE = re.compile(r"[\x00-\x1f\x7f]")


def read_request(
    *,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    remote_addr: str = "",
) -> Request:
    """Return the request that somebody describes.

    `url` is absolute, or a path; then the Host header names the host. Raises Malformed
    whose field is one of these names.
    """
    if method not in KNOWN_METHODS:
        raise Malformed(
            gettext("Use one of %(methods)s.") % {"methods": ", ".join(METHODS)},
            field="method",
        )
    scheme, host, port, target = _address(url)
    sent = _headers(headers or {})
    if host and not any(name.lower() == "host" for name, _ in sent):
        sent.append(("Host", host))
    address = remote_addr.strip() or DEFAULT_ADDRESS
    try:
        ip_address(address)
    except ValueError:
        raise Malformed(
            gettext("It is no IP address. Give one such as 203.0.113.7."),
            field="remote_addr",
        ) from None
    return Request.build(
        method, target, headers=sent, remote_addr=address, scheme=scheme, port=port
    )


def _address(url: str) -> tuple[str, str, int, str]:
    """Return scheme, Host header ("" for none), port and what is asked for."""
    url = url.strip()
    mend = "Give one such as https://shop.example.com/cart, or a path such as /cart."
    if len(url) > URL_LIMIT:
        raise Malformed(
            gettext("It is longer than %(limit)s characters.")
            % {"limit": f"{URL_LIMIT:,}"},
            field="url",
        )
    if UNSENDABLE.search(url) or " " in url:
        raise Malformed(
            gettext("It holds a blank or a line break. %(mend)s") % {"mend": mend},
            field="url",
        )
    # As browsers send it.
    url = quote(url.partition("#")[0], safe=PRINTABLE)
    if url.startswith("/") and not url.startswith("//"):
        return "http", "", DEFAULT_PORTS["http"], url
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        host = unquote(parts.hostname or "").encode("idna").decode()
    except (KeyError, ValueError):
        raise Malformed(
            gettext("It is no address. %(mend)s") % {"mend": mend}, field="url"
        ) from None
    if not host:
        raise Malformed(
            gettext("It names no host. %(mend)s") % {"mend": mend}, field="url"
        )
    if "@" in parts.netloc:
        raise Malformed(gettext("Leave out user and password."), field="url")
    return parts.scheme, _host_header(parts, host), port, _target(parts)


def _host_header(parts: SplitResult, host: str) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"{named}:{parts.port}" if parts.port else named


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    if len(headers) > HEADERS_LIMIT:
        raise Malformed(
            gettext("Give at most %(limit)s headers.") % {"limit": HEADERS_LIMIT},
            field="headers",
        )
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name):
            raise Malformed(
                gettext("%(name)r is no name of a header. Give one such as X-Version.")
                % {"name": name[:80]},
                field="headers",
            )
        if UNSENDABLE.search(value) or len(value) > HEADER_LIMIT:
            raise Malformed(
                gettext(
                    "%(name)s holds a line break or more than %(limit)s characters."
                )
                % {"name": name, "limit": f"{HEADER_LIMIT:,}"},
                field="headers",
            )
    return list(headers.items())
