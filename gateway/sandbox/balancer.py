"""Which node of an upstream gets the next request.

Facts from https://apisix.apache.org/docs/apisix/admin-api/#upstream. Health checks are
not run: a node that refuses connections is passed over for this request only. `ewma` is
balanced as `least_conn`, which it refines by measured delays.
"""

import bisect
import hashlib
import json
from collections.abc import Collection, Hashable, Mapping
from typing import Any, Generic, TypeVar

from gateway.nodes import Node, nodes_of
from gateway.sandbox.exchange import Exchange

T = TypeVar("T", bound=Hashable)

_POINTS_PER_WEIGHT = 160
_MOST_POINTS = 20_000
_KEPT = 1024


class SmoothRoundRobin(Generic[T]):
    """Take turns by weight, spread out evenly, as nginx does.

    Each turn every item gains its weight; the one that has most is taken and pays the
    sum of all: https://github.com/nginx/nginx/commit/52327e0627f4.
    """

    def __init__(self, weights: Mapping[T, int]) -> None:
        self._weights = {item: weight for item, weight in weights.items() if weight > 0}
        self._current = dict.fromkeys(self._weights, 0)

    def next(self, without: Collection[T] = ()) -> T | None:
        """Return whose turn it is, passing over some; None when nobody is left."""
        weights = {
            item: weight
            for item, weight in self._weights.items()
            if item not in without
        }
        if not weights:
            return None
        for item, weight in weights.items():
            self._current[item] += weight
        taken = max(weights, key=lambda item: self._current[item])
        self._current[taken] -= sum(weights.values())
        return taken


class _Ring:
    """Consistent hashing: a key stays with its node while the others come and go."""

    def __init__(self, nodes: Collection[Node]) -> None:
        total = sum(node.weight for node in nodes) or 1
        points: list[tuple[int, Node]] = []
        for node in nodes:
            share = node.weight * min(_POINTS_PER_WEIGHT, _MOST_POINTS // total or 1)
            points += [(_hash(f"{node.address}#{n}"), node) for n in range(share)]
        points.sort(key=lambda point: point[0])
        self._places = [place for place, _ in points]
        self._nodes = [node for _, node in points]

    def find(self, key: str, without: Collection[Node]) -> Node | None:
        """Return the node of this key, or the next one that is not passed over."""
        start = bisect.bisect(self._places, _hash(key))
        for step in range(len(self._nodes)):
            node = self._nodes[(start + step) % len(self._nodes)]
            if node not in without:
                return node
        return None


def _hash(text: str) -> int:
    data = text.encode(errors="surrogateescape")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


class _Pool:
    """The nodes of one upstream that have the same priority."""

    def __init__(self, nodes: list[Node], kind: str) -> None:
        self._kind = kind
        self._wheel = SmoothRoundRobin({node: node.weight for node in nodes})
        self._ring = _Ring(nodes) if kind == "chash" else None
        self._nodes = nodes
        self.active: dict[Node, int] = dict.fromkeys(nodes, 0)

    def pick(self, key: str, without: Collection[Node]) -> Node | None:
        if self._ring is not None:
            return self._ring.find(key, without)
        if self._kind in ("least_conn", "ewma"):
            left = [node for node in self._nodes if node not in without]
            return min(
                left,
                key=lambda node: (self.active[node] + 1) / node.weight,
                default=None,
            )
        return self._wheel.next(without)


class Balancer:
    """Picks nodes, and remembers whose turn it is in every upstream it has seen."""

    def __init__(self) -> None:
        self._pools: dict[str, list[_Pool]] = {}

    def pick(
        self, upstream: Mapping[str, Any], exchange: Exchange, tried: Collection[Node]
    ) -> Node | None:
        """Return the node to try next, or None when all were tried."""
        key = hash_key(upstream, exchange)
        for pool in self._pools_of(upstream):
            node = pool.pick(key, tried)
            if node is not None:
                return node
        return None

    def busy(self, upstream: Mapping[str, Any], node: Node, change: int) -> None:
        """Note that a request to a node began (1) or ended (-1)."""
        for pool in self._pools_of(upstream):
            if node in pool.active:
                pool.active[node] += change

    def _pools_of(self, upstream: Mapping[str, Any]) -> list[_Pool]:
        # Two upstreams that say the same share their turns; a changed one starts anew.
        shape = json.dumps(
            [upstream.get(name) for name in ("id", "nodes", "type", "scheme")],
            sort_keys=True,
        )
        pools = self._pools.get(shape)
        if pools is None:
            if len(self._pools) >= _KEPT:
                self._pools.clear()
            by_priority: dict[int, list[Node]] = {}
            for node in nodes_of(upstream):
                if node.weight > 0:
                    by_priority.setdefault(node.priority, []).append(node)
            kind = str(upstream.get("type", "roundrobin"))
            pools = self._pools[shape] = [
                _Pool(by_priority[priority], kind)
                for priority in sorted(by_priority, reverse=True)
            ]
        return pools


def hash_key(upstream: Mapping[str, Any], exchange: Exchange) -> str:
    """Return what `chash` hashes: a variable, header, cookie or the consumer's name.

    Without a value the client's address is used, as APISIX does.
    """
    hash_on, key = upstream.get("hash_on", "vars"), str(upstream.get("key", ""))
    value: Any
    if hash_on == "consumer":
        value = exchange.variable("consumer_name")
    elif hash_on == "header":
        value = exchange.headers.get(key.removeprefix("http_").replace("_", "-"))
        value = value if value is not None else exchange.headers.get(key)
    elif hash_on == "cookie":
        value = exchange.request.cookies.get(key.removeprefix("cookie_"))
    elif hash_on == "vars_combinations":
        value = exchange.resolve(key)
    else:
        value = exchange.variable(key)
    return exchange.request.remote_addr if value in (None, "") else str(value)
