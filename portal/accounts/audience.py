"""For what a token counts: RFC 8707's `resource`, one of this desk's own addresses.

The desk as a whole is PUBLIC_URL; /mcp, /api and /apisix/admin are parts of it. A token
for the whole opens every part, one for a part opens that part and nothing else, so what
an MCP client was given does not open the API.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings

PARTS = ("/mcp", "/api", "/apisix/admin")
DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(resource: str) -> str | None:
    """Return this desk's own spelling of an audience; None: it is none of ours."""
    place = _place(resource)
    desk = _place(settings.PUBLIC_URL)
    if place is None or desk is None or place[0] != desk[0]:
        return None
    rest = place[1].removeprefix(desk[1])
    if not place[1].startswith(desk[1]) or rest not in ("", *PARTS):
        return None
    return f"{settings.PUBLIC_URL}{rest}"


def reaches(audiences: Iterable[str], part: str) -> bool:
    """Say whether a token for these opens this part ("/api", …; "": the whole)."""
    return not {settings.PUBLIC_URL, f"{settings.PUBLIC_URL}{part}"}.isdisjoint(
        audiences
    )


def covers(granted: Iterable[str], asked: Iterable[str]) -> bool:
    """Say whether each that is asked for, as `canonical` has it, lies within these."""
    held = list(granted)
    return all(reaches(held, one.removeprefix(settings.PUBLIC_URL)) for one in asked)


def _place(url: str) -> tuple[tuple[str, str, int | None], str] | None:
    """Return ((scheme, host, port), path without its last slash) of an http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if (
        parts.scheme not in DEFAULT_PORTS
        or not parts.hostname
        or "@" in parts.netloc
        or "#" in url
        or "?" in url
    ):
        return None
    whose = (parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme])
    return whose, parts.path.rstrip("/")
