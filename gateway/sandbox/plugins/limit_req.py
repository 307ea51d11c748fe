"""limit-req: https://apisix.apache.org/docs/apisix/plugins/limit-req/

The leaky bucket of https://github.com/openresty/lua-resty-limit-traffic (limit.req):
each request fills it by one, `rate` leak out a second; what is above zero waits for its
turn, what would be above `burst` is refused and fills nothing.
"""

import asyncio
import time

from gateway.sandbox.exchange import Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use
from gateway.sandbox.plugins.counting import key_of, place_of

_KEPT = 10_000
# Shorter waits are none.
_SHORTEST = 0.001


class LimitReq(Plugin):
    """Let requests pass at a steady rate. Buckets live in this process."""

    name = "limit-req"
    priority = 1001

    def __init__(self) -> None:
        # {place: (how full it was, when)}
        self._buckets: dict[str, tuple[float, float]] = {}

    async def access(self, use: Use, exchange: Exchange) -> Exit | None:
        """Let the request wait for its turn, or refuse it."""
        conf = use.conf
        if conf.get("policy", "local") != "local":
            exchange.ignore("limit-req.policy")
        rate, now = float(conf["rate"]), time.monotonic()
        place = f"{place_of(use)}:{key_of(conf, exchange)}"
        fullness, then = self._buckets.get(place, (-1.0, now))
        fullness = max(fullness - rate * (now - then) + 1, 0.0)
        if fullness > conf["burst"]:
            message = conf.get("rejected_msg")
            return Exit(
                conf.get("rejected_code", 503),
                {"error_msg": message} if message else None,
            )
        if place not in self._buckets and len(self._buckets) >= _KEPT:
            self._buckets.clear()
        self._buckets[place] = (fullness, now)
        wait = fullness / rate
        if wait >= _SHORTEST and not conf.get("nodelay"):
            await asyncio.sleep(wait)
        return None
