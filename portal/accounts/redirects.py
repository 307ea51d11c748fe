"""Where a program may want its answers sent, and whether that is what it registered.

https, or http to this very machine for a program that runs there (RFC 8252, 7.3); no
fragment, no password, no wildcard. An address counts only when it is the registered
one letter by letter; a native program's port alone may differ, for the system chooses
it anew each time. RFC 9700, 2.1.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.utils.translation import gettext

from portal.errors import GatehouseError

LENGTH_LIMIT, NUMBER_LIMIT = 1_000, 10
# As RFC 3986 has them; what else there is a browser would read in its own way.
ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.IGNORECASE)
LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")
LOOPBACK = (*LOOPBACK_ADDRESSES, "localhost")


class BadRedirect(GatehouseError):
    """This is no address to send anybody to."""

    code = "malformed"


def check(uri: object) -> str:
    """Return the address. Raises BadRedirect for one that is never registered."""
    if not isinstance(uri, str) or not uri or len(uri) > LENGTH_LIMIT:
        raise BadRedirect(
            gettext("A redirect URI is text of at most %(limit)s characters.")
            % {"limit": LENGTH_LIMIT}
        )
    shown = uri[:200]
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise BadRedirect(
            gettext("%(shown)r is no address.") % {"shown": shown}
        ) from None
    authority = parts.netloc.removesuffix(f":{port}")
    if not ALLOWED.fullmatch(uri) or not HOST.fullmatch(authority):
        raise BadRedirect(
            gettext(
                "%(shown)r is no address that is redirected to: write it in full, "
                "without a password, a fragment (#) or a wildcard (*)."
            )
            % {"shown": shown}
        )
    if parts.scheme == "https":
        return uri
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return uri
    raise BadRedirect(
        gettext(
            "%(shown)r: use https, or http to 127.0.0.1, [::1] or localhost for a "
            "program on the person's own machine."
        )
        % {"shown": shown}
    )


def check_all(uris: object) -> list[str]:
    """Return the addresses of a list. Raises BadRedirect."""
    if not isinstance(uris, list) or not 0 < len(uris) <= NUMBER_LIMIT:
        raise BadRedirect(
            gettext("Give redirect_uris: a list of 1 to %(limit)s.")
            % {"limit": NUMBER_LIMIT}
        )
    return list(dict.fromkeys(check(uri) for uri in uris))


def is_among(uri: str, registered: Iterable[str], *, any_port: bool) -> bool:
    """Say whether `uri` is registered; a loopback address with any port, if asked."""
    known = list(registered)
    if uri in known:
        return True
    portless = _without_port(uri)
    return (
        any_port
        and portless is not None
        and portless in {_without_port(one) for one in known}
    )


def _without_port(uri: str) -> str | None:
    """Return a loopback address without its port; None for any other."""
    try:
        parts = urlsplit(check(uri))
    except BadRedirect:
        return None
    if parts.scheme != "http" or parts.hostname not in LOOPBACK_ADDRESSES:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # Letter by letter but for the port: not as urlunsplit() would write it.
    return f"http://{host}" + uri.removeprefix(f"http://{parts.netloc}")


def host_of(uri: str) -> str:
    """Return whom an address of `check()` belongs to, for people."""
    host = urlsplit(uri).hostname or ""
    return "this computer" if host in LOOPBACK else host


def scheme_of(uri: str) -> str:
    return urlsplit(uri).scheme
