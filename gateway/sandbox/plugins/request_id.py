"""request-id: https://apisix.apache.org/docs/apisix/plugins/request-id/"""

import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Any

from gateway.sandbox.exchange import Exchange, Exit, Reply
from gateway.sandbox.plugins.base import Plugin, Use

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIGKLMNOPQRSTUVWXYZ0123456789"
_NANOID = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KSUID_EPOCH = 1_400_000_000


class RequestID(Plugin):
    """Give each request an id that the upstream and the client see."""

    name = "request-id"
    priority = 12015

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Keep the client's id or make one."""
        header = use.conf.get("header_name", "X-Request-Id")
        given = exchange.headers.get(header)
        if given is None:
            given = exchange.headers[header] = _new_id(use.conf)
        exchange.notes[self.name, header] = given
        return None

    async def header_filter(self, use: Use, exchange: Exchange, reply: Reply) -> None:
        """Tell the client, unless the upstream already did."""
        header = use.conf.get("header_name", "X-Request-Id")
        made = exchange.notes.get((self.name, header))
        if use.conf.get("include_in_response", True) and made is not None:
            reply.headers.setdefault(header, made)


def _new_id(conf: Mapping[str, Any]) -> str:
    algorithm = conf.get("algorithm", "uuid")
    if algorithm == "nanoid":
        return _random(_NANOID, 21)
    if algorithm == "range_id":
        wanted = conf.get("range_id", {})
        return _random(wanted.get("char_set", _LETTERS), wanted.get("length", 16))
    if algorithm == "ksuid":
        return _ksuid()
    if algorithm == "uuidv7":
        return str(_uuid7())
    return str(uuid.uuid4())


def _random(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def _ksuid() -> str:
    seconds = (int(time.time()) - _KSUID_EPOCH).to_bytes(4, "big")
    number = int.from_bytes(seconds + secrets.token_bytes(16), "big")
    digits = ""
    while len(digits) < 27:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


def _uuid7() -> uuid.UUID:
    # RFC 9562, 5.7: 48 bits of milliseconds, then version, variant and random bits.
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0x3 << 62) | 2 << 62
    return uuid.UUID(int=number)
