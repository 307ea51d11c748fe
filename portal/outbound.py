"""Every call to the outside, except those to a gateway's Admin API (gateway/client.py).

An address that somebody wrote may lead inside: to this machine, its network, a cloud's
metadata. So a name is looked up once, every address it means is judged, and the
connection goes to one of exactly these: a name that means something else a moment
later (DNS rebinding) reaches nothing. Redirects are answers, not followed; the
environment's proxies are not used; one deadline holds for everything together.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings
from django.core.exceptions import ValidationError

from gateway.deadline import Deadline, addresses_of, deadline_session
from gateway.exchange import cause_of
from gateway.hosts import Place, is_within, place_of
from gateway.models import http_url, origin

LIMIT = 1024 * 1024


class Reach(Enum):
    """Which kinds of address a call may end at.

    Link-local addresses and those of a cloud's metadata are none of either. What the
    setting OUTBOUND_ALLOW lists may be called besides, save a cloud's metadata.
    """

    PUBLIC = frozenset({Place.PUBLIC})
    # For an address that an administrator wrote: gateways stand in private networks.
    CONFIGURED = frozenset({Place.PUBLIC, Place.PRIVATE, Place.LOOPBACK})


class OutboundError(Exception):
    """No answer came. The words hold nothing of what was sent but scheme and host."""


class Refused(OutboundError):
    """It was not sent: this is no address that may be called."""


class NoAnswer(OutboundError):
    """It was or was not sent, and no whole answer came in time."""


@dataclass(frozen=True)
class Fetched:
    """An answer of whatever status; `is_cut` when there is more than `content`.

    `headers` have their names in lower case.
    """

    status: int
    content: bytes
    is_cut: bool
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)


def fetch(
    method: str,
    url: str,
    *,
    reach: Reach,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    at: str = "",
    context: ssl.SSLContext | None = None,
    verify: bool = True,
    limit: int = LIMIT,
) -> Fetched:
    """Send one request, with `content` as its body if given; it takes `seconds` at most.

    `at` is another URL whose host is connected to instead, with the name of `url`
    still asked for. `context` says which certificates are trusted; None: the
    system's. At most `limit` bytes of the answer are read. Raises Refused, NoAnswer.
    """
    target = _checked(at or url)
    _checked(url)

    def look_up(_host: str, _port: int, left: float) -> list[Any]:
        # As connections ask it: an IPv6 address without its brackets.
        host = target.hostname or ""
        port = target.port or {"http": 80, "https": 443}[target.scheme]
        found = addresses_of(host, port, left)
        for *_, address in found:
            place = place_of(address[0])
            if place not in reach.value and not _is_listed(host, address[0], place):
                raise Refused(_refusal(host, address[0], place, reach))
        return found

    with (
        deadline_session(1, context) as session,
        Deadline(seconds, look_up=look_up) as until,
    ):
        try:
            with session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=content,
                timeout=until.seconds_left,
                verify=verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                content, is_cut = _content(response, limit)
                told = {name.lower(): text for name, text in response.headers.items()}
        # ValueError: what requests and http.client let slip.
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
        ) as error:
            raise _no_answer(error, origin(at or url), until) from None
        if until.has_cut:
            raise _late(origin(at or url), until)
    return Fetched(response.status_code, content, is_cut, told)


def _refusal(host: str, address: str, place: Place, reach: Reach) -> str:
    """Say why it is not called; where anybody may ask, no more than that.

    What names mean inside is for those who may write addresses of the inside.
    """
    if reach is Reach.PUBLIC:
        return f"{host} means an address that is not public, which Gatehouse does not call."
    return (
        f"{host} means the address {address} ({place.value}), which Gatehouse does not "
        "call."
    )


def _is_listed(host: str, address: str, place: Place) -> bool:
    """Say whether an administrator of this desk listed the host or its address."""
    return place is not Place.METADATA and any(
        host.lower() == one or is_within(address, one)
        for one in settings.OUTBOUND_ALLOW
    )


def _checked(url: str) -> Any:
    """Return the parts of an http(s) URL. Raises Refused for any other."""
    try:
        http_url(url)
    except ValidationError:
        raise Refused(
            "Only http:// and https:// addresses without a password are called."
        ) from None
    return urlsplit(url)


def _content(response: requests.Response, limit: int) -> tuple[bytes, bool]:
    """Return the body, not compressed by request, up to so many bytes; and if cut."""
    chunks, size = [], 0
    for chunk in response.raw.stream(65_536, decode_content=False):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            break
    content = b"".join(chunks)
    return content[:limit], size > limit


def _no_answer(error: Exception, whom: str, until: Deadline) -> NoAnswer:
    # Our own words: the libraries' could repeat what was sent.
    if until.has_passed or isinstance(error, requests.Timeout):
        return _late(whom, until)
    if not until.has_sent:
        return NoAnswer(f"{whom} cannot be reached: {cause_of(error)}.")
    return NoAnswer(f"{whom} broke the connection before its answer was complete.")


def _late(whom: str, until: Deadline) -> NoAnswer:
    return NoAnswer(f"{whom} did not answer within {round(until.seconds, 1):g} s.")
