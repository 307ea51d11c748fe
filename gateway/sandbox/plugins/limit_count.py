"""limit-count: https://apisix.apache.org/docs/apisix/plugins/limit-count/"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.exchange import Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use
from gateway.sandbox.plugins.counting import key_of, place_of

_HEADERS = {
    "limit_header": "X-RateLimit-Limit",
    "remaining_header": "X-RateLimit-Remaining",
    "reset_header": "X-RateLimit-Reset",
}
_SWEEP_ABOVE = 10_000
_LARGEST = 2**53 - 1


@dataclass(frozen=True)
class _Limit:
    """At most `count` requests in `window` seconds for each `key`."""

    count: int
    window: int
    key: str
    header_prefix: str | None = None


@dataclass
class _Counter:
    """What one key used: in the window that began at `start`, and in the one before."""

    start: float
    window: int
    used: int = 0
    before: int = 0


class LimitCount(Plugin):
    """Count requests and refuse those beyond the limit. Counts live in this process."""

    name = "limit-count"
    priority = 1002

    def __init__(self) -> None:
        self._counters: dict[str, _Counter] = {}

    async def access(self, use: Use, exchange: Exchange) -> Exit | None:
        """Count this request against every limit; refuse it at the first that is full."""
        conf = use.conf
        if conf.get("policy", "local") != "local":
            exchange.ignore("limit-count.policy")
        limits = list(_limits(conf, exchange))
        if not limits:
            return None if conf.get("allow_degradation") else Exit(500)
        for limit in limits:
            remaining, reset = self._count(_place(use, limit), limit, conf)
            if conf.get("show_limit_quota_header", True):
                _tell(use, exchange, limit, max(0, remaining), reset)
            if remaining < 0:
                message = conf.get("rejected_msg")
                return Exit(
                    conf.get("rejected_code", 503),
                    {"error_msg": message} if message else None,
                )
        return None

    def _count(
        self, place: str, limit: _Limit, conf: Mapping[str, Any]
    ) -> tuple[int, int]:
        """Return (requests left, seconds until the count starts again)."""
        now = time.time()
        self._sweep(now)
        sliding = conf.get("window_type", "fixed") == "sliding"
        counter = self._counters.get(place)
        if counter is None or now >= counter.start + 2 * limit.window:
            start = now - now % limit.window if sliding else now
            counter = self._counters[place] = _Counter(start, limit.window)
        elif now >= counter.start + limit.window:
            start = counter.start + limit.window if sliding else now
            counter = self._counters[place] = _Counter(
                start, limit.window, before=counter.used if sliding else 0
            )
        passed = (now - counter.start) / limit.window
        earlier = math.floor(counter.before * (1 - passed))
        remaining = limit.count - earlier - counter.used - 1
        # A refused request does not use up a sliding window any further.
        if remaining >= 0 or not sliding:
            counter.used += 1
        return remaining, max(0, math.ceil(counter.start + limit.window - now))

    def _sweep(self, now: float) -> None:
        if len(self._counters) > _SWEEP_ABOVE:
            self._counters = {
                place: counter
                for place, counter in self._counters.items()
                if now < counter.start + 2 * counter.window
            }


def _limits(conf: Mapping[str, Any], exchange: Exchange) -> Iterator[_Limit]:
    if "rules" not in conf:
        count = _number(conf.get("count"), exchange)
        window = _number(conf.get("time_window"), exchange)
        if count is not None and window is not None:
            yield _Limit(count, window, key_of(conf, exchange))
        return
    for index, rule in enumerate(conf["rules"], start=1):
        count = _number(rule["count"], exchange)
        window = _number(rule["time_window"], exchange)
        key, found = exchange.resolve_counting(rule["key"])
        # A rule whose key has no value for this request does not count it.
        if count is not None and window is not None and found:
            prefix = rule.get("header_prefix") or str(index)
            yield _Limit(count, window, key, prefix)


def _number(value: Any, exchange: Exchange) -> int | None:
    text = exchange.resolve(value) if isinstance(value, str) else value
    try:
        # JSON knows no integers: 60.0 is 60.
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and 0 < number <= _LARGEST else None


def _place(use: Use, limit: _Limit) -> str:
    prefix = f":{limit.header_prefix}" if limit.header_prefix else ""
    group = use.conf.get("group")
    if group:
        return f"{group}:{limit.key}{prefix}"
    return f"{place_of(use)}:{limit.key}{prefix}"


def _tell(
    use: Use, exchange: Exchange, limit: _Limit, remaining: int, reset: int
) -> None:
    for field, value in (
        ("limit_header", limit.count),
        ("remaining_header", remaining),
        ("reset_header", reset),
    ):
        name = str(use.metadata.get(field, _HEADERS[field]))
        if limit.header_prefix is not None:
            name = f"X-{limit.header_prefix}-{name.removeprefix('X-')}"
        exchange.answer_headers[name] = str(value)
