"""traffic-split: https://apisix.apache.org/docs/apisix/plugins/traffic-split/"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.router.vars import compile_vars
from gateway.sandbox.balancer import SmoothRoundRobin
from gateway.sandbox.exchange import Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use

_KEPT = 1024


class TrafficSplit(Plugin):
    """Send shares of the requests to other upstreams."""

    name = "traffic-split"
    priority = 966

    def __init__(self) -> None:
        self._wheels: dict[str, SmoothRoundRobin[int]] = {}

    async def access(self, use: Use, exchange: Exchange) -> Exit | None:
        """Choose an upstream by the first rule that accepts the request."""
        for number, rule in enumerate(use.conf.get("rules") or ()):
            if _accepts(rule, exchange):
                shares = rule.get("weighted_upstreams") or [{"weight": 1}]
                share = shares[self._turn(f"{use.parent}/{number}", shares)]
                if share.get("upstream") is not None:
                    exchange.upstream = share["upstream"]
                elif share.get("upstream_id") is not None:
                    exchange.upstream_id = str(share["upstream_id"])
                break
        return None

    def _turn(self, place: str, shares: Sequence[Mapping[str, Any]]) -> int:
        # A changed rule starts its own turns.
        key = place + json.dumps(shares, sort_keys=True)
        wheel = self._wheels.get(key)
        if wheel is None:
            if len(self._wheels) >= _KEPT:
                self._wheels.clear()
            weights = {
                index: share.get("weight", 1) for index, share in enumerate(shares)
            }
            wheel = self._wheels[key] = SmoothRoundRobin(weights)
        turn = wheel.next()
        return 0 if turn is None else turn


def _accepts(rule: Mapping[str, Any], exchange: Exchange) -> bool:
    matches = rule.get("match")
    if not matches:
        return True
    return any(compile_vars(one.get("vars"))(exchange.variable) for one in matches)
