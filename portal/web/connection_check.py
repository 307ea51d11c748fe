"""Whether programs on the outside can find this desk: it asks for its own addresses.

From where the desk stands, that is: what a firewall keeps from others it cannot see.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.outbound import Fetched, OutboundError, Reach, fetch

SECONDS = 5.0
LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Found:
    """What one check found; `words` say what to do where it is not good."""

    title: str
    is_good: bool
    words: str


def check_connection() -> list[Found]:
    """Ask for what programs ask for; stop at the first address that does not answer.

    Takes `SECONDS` for each at most.
    """
    found = [_https()]
    for title, path, fault in CHECKS:
        one = _asked(str(title), path, fault)
        found.append(one)
        if path == "/healthz" and not one.is_good:
            break
    return found


def _https() -> Found:
    parts = urlsplit(settings.PUBLIC_URL)
    title = gettext("The address is public and uses https")
    if parts.hostname in LOCAL:
        return Found(
            title,
            False,
            gettext(
                "%(public_url)s means this machine alone. ChatGPT and other hosted "
                "programs need a public https address: set PUBLIC_URL. Programs on this "
                "machine work as it is."
            )
            % {"public_url": settings.PUBLIC_URL},
        )
    if parts.scheme != "https":
        return Found(
            title,
            False,
            gettext("Programs refuse http. Put TLS in front and set PUBLIC_URL."),
        )
    if parts.port not in (None, 443):
        return Found(title, False, gettext("A GPT Action calls port 443 only."))
    return Found(title, True, settings.PUBLIC_URL)


def _asked(title: str, path: str, fault: Callable[[Fetched], str]) -> Found:
    url = f"{settings.PUBLIC_URL}{path}"
    try:
        answer = fetch("GET", url, reach=Reach.CONFIGURED, seconds=SECONDS)
    except OutboundError as error:
        return Found(title, False, str(error))
    if answer.status != 200:
        return Found(
            title,
            False,
            gettext("%(url)s answered %(status)s instead of 200.")
            % {"url": url, "status": answer.status},
        )
    wrong = fault(answer)
    return Found(title, not wrong, wrong or url)


def _names(*path: str, wanted: str) -> Callable[[Fetched], str]:
    """Return a check that a JSON answer holds this address of ours at this place."""

    def fault(answer: Fetched) -> str:
        value = _json(answer)
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        expected = f"{settings.PUBLIC_URL}{wanted}"
        if value == expected:
            return ""
        return gettext(
            "%(path)s is not %(expected)s. Does the proxy in front pass the request "
            "on to this desk?"
        ) % {"path": ".".join(path), "expected": expected}

    return fault


def _is_document(answer: Fetched) -> str:
    value = _json(answer)
    known = isinstance(value, dict) and str(value.get("openapi", "")).startswith("3.")
    return "" if known else gettext("It is no OpenAPI document.")


def _json(answer: Fetched) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None


def _anything(answer: Fetched) -> str:
    return ""


CHECKS: tuple[tuple[str | Promise, str, Callable[[Fetched], str]], ...] = (
    (_("The desk answers there"), "/healthz", _anything),
    (
        _("The plugin's manifest"),
        "/.well-known/ai-plugin.json",
        _names("api", "url", wanted="/openapi.yaml"),
    ),
    (_("Its OpenAPI document"), "/openapi.json", _is_document),
    (
        _("Where programs sign in (OAuth)"),
        "/.well-known/oauth-authorization-server",
        _names("issuer", wanted=""),
    ),
    (
        _("Where MCP clients connect"),
        "/.well-known/oauth-protected-resource/mcp",
        _names("resource", wanted="/mcp"),
    ),
)
