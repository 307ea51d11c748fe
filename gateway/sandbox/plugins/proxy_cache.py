"""proxy-cache: https://apisix.apache.org/docs/apisix/plugins/proxy-cache/"""

import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.exchange import Exchange, Exit, Reply
from gateway.sandbox.plugins.base import Plugin, Use

_STATUS = "apisix-cache-status"
_PENDING = "proxy-cache.pending"
_HIT = "proxy-cache.hit"
_CACHE_HEADERS = frozenset({"cache-control", "expires"})
_NOT_KEPT = frozenset({_STATUS, "age", "content-length"})
_MOST_ENTRIES = 1000
_DEFAULT_LIMIT = 67_108_864


@dataclass(frozen=True)
class _Entry:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    stored: float
    ttl: float


class ProxyCache(Plugin):
    """Keep answers of the upstream in memory and give them again."""

    name = "proxy-cache"
    priority = 1085

    def __init__(self) -> None:
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def access(self, use: Use, exchange: Exchange) -> Exit | None:
        """Answer from memory, if there is something fresh that may be used."""
        conf = use.conf
        if conf.get("cache_strategy", "disk") != "memory":
            exchange.ignore("proxy-cache.cache_strategy")
        key = _key(use, exchange)
        if exchange.method == "PURGE":
            return Exit(200, "") if self._entries.pop(key, None) else Exit(404)
        asked = _directives(exchange.headers.get("cache-control"))
        refused = _may_not_be_cached(conf, exchange, asked)
        if refused:
            exchange.answer_headers[_STATUS] = refused
            return None
        exchange.notes[_PENDING] = key
        entry = self._entries.get(key)
        now = time.time()
        if entry is None:
            exchange.answer_headers[_STATUS] = "MISS"
            only_cached = conf.get("cache_control") and "only-if-cached" in asked
            return Exit(504) if only_cached else None
        if now - entry.stored >= entry.ttl:
            del self._entries[key]
            exchange.answer_headers[_STATUS] = "EXPIRED"
            return None
        if conf.get("cache_control") and _is_too_old(entry, asked, now):
            exchange.answer_headers[_STATUS] = "STALE"
            return None
        return self._hit(conf, exchange, entry, now)

    def _hit(
        self, conf: Mapping[str, Any], exchange: Exchange, entry: _Entry, now: float
    ) -> Exit:
        hidden = _CACHE_HEADERS if conf.get("hide_cache_headers") else frozenset()
        for raw_name, raw_value in entry.headers:
            name = raw_name.decode("latin-1")
            if name not in hidden:
                exchange.answer_headers.append(name, raw_value.decode("latin-1"))
        exchange.answer_headers["age"] = str(int(now - entry.stored))
        exchange.answer_headers[_STATUS] = "HIT"
        exchange.notes[_HIT] = entry.body
        return Exit(entry.status, "")

    async def header_filter(self, use: Use, exchange: Exchange, reply: Reply) -> None:
        """Decide whether this answer may be kept."""
        pending = exchange.notes.get(_PENDING)
        if (
            pending is None
            or _HIT in exchange.notes
            or not exchange.facts.get("proxied")
        ):
            exchange.notes[_PENDING] = None
            return
        given = _directives(reply.headers.get("cache-control"))
        ttl = _time_to_live(use.conf, exchange, reply, given)
        if ttl <= 0:
            exchange.notes[_PENDING] = None
            return
        # As it is now: plugins that come later change a kept answer each time anew.
        headers = [
            (name, value)
            for name, value in reply.headers.raw
            if name.decode("latin-1") not in _NOT_KEPT
        ]
        entry = _Entry(reply.status, headers, b"", time.time(), ttl)
        exchange.notes[_PENDING] = (pending, entry)

    async def body_filter(self, use: Use, exchange: Exchange, reply: Reply) -> None:
        """Send what was kept; or keep what is sent, as it passes."""
        if _HIT in exchange.notes:
            reply.body = exchange.notes[_HIT]
            return
        pending = exchange.notes.get(_PENDING)
        if pending is None or exchange.method == "HEAD":
            return
        key, entry = pending
        limit = use.conf.get("max_resp_body_size", _DEFAULT_LIMIT)
        if isinstance(reply.body, bytes):
            self._keep(key, entry, reply.body, limit)
        else:
            reply.body = self._keep_passing(key, entry, reply.body, limit)

    async def _keep_passing(
        self, key: str, entry: _Entry, body: AsyncIterator[bytes], limit: int
    ) -> AsyncIterator[bytes]:
        parts: list[bytes] = []
        size = 0
        async for part in body:
            size += len(part)
            if size <= limit:
                parts.append(part)
            yield part
        # Only reached when the upstream sent everything.
        if size <= limit:
            self._keep(key, entry, b"".join(parts), limit)

    def _keep(self, key: str, entry: _Entry, body: bytes, limit: int) -> None:
        if len(body) > limit:
            return
        self._entries[key] = _Entry(
            entry.status, entry.headers, body, entry.stored, entry.ttl
        )
        self._entries.move_to_end(key)
        while len(self._entries) > _MOST_ENTRIES:
            self._entries.popitem(last=False)


def _key(use: Use, exchange: Exchange) -> str:
    parts = [_joined(use.conf.get("cache_key", ["$host", "$request_uri"]), exchange)]
    if use.conf.get("consumer_isolation", True) and exchange.consumer is not None:
        parts.append(exchange.consumer.username)
    return "\n".join(parts)


def _joined(texts: Sequence[str], exchange: Exchange) -> str:
    values = [
        exchange.variable(text[1:]) if text.startswith("$") else text for text in texts
    ]
    return "".join("" if value is None else str(value) for value in values)


def _is_set(texts: Sequence[str] | None, exchange: Exchange) -> bool:
    return bool(texts) and _joined(texts or (), exchange) not in ("", "0")


def _directives(header: str | None) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in re.findall(r"([\w-]+)(?:=\"?([^\s,\"]*)\"?)?", header or "")
    }


def _seconds(directives: Mapping[str, str], name: str) -> float | None:
    value = directives.get(name, "")
    return float(value) if value.isdecimal() else None


def _may_not_be_cached(
    conf: Mapping[str, Any], exchange: Exchange, asked: Mapping[str, str]
) -> str | None:
    if exchange.method not in conf.get("cache_method", ("GET", "HEAD")):
        return "MISS"
    if _is_set(conf.get("cache_bypass"), exchange):
        return "BYPASS"
    if conf.get("cache_control") and ("no-store" in asked or "no-cache" in asked):
        return "BYPASS"
    return None


def _is_too_old(entry: _Entry, asked: Mapping[str, str], now: float) -> bool:
    age = now - entry.stored
    oldest, freshness = _seconds(asked, "max-age"), _seconds(asked, "min-fresh")
    if oldest is not None and age > oldest:
        return True
    return freshness is not None and entry.ttl - age < freshness


def _time_to_live(
    conf: Mapping[str, Any], exchange: Exchange, reply: Reply, given: Mapping[str, str]
) -> float:
    """Return for how many seconds an answer may be kept; 0 is not at all."""
    if reply.status not in conf.get("cache_http_status", (200, 301, 404)):
        return 0
    if _is_set(conf.get("no_cache"), exchange):
        return 0
    if "set-cookie" in reply.headers and not conf.get("cache_set_cookie"):
        return 0
    if not conf.get("cache_control"):
        return float(conf.get("cache_ttl", 300))
    if any(name in given for name in ("private", "no-store", "no-cache")):
        return 0
    shared = _seconds(given, "s-maxage")
    own = _seconds(given, "max-age")
    return shared if shared is not None else own or 0
