"""Turns are fair and spread out; hashing moves as few keys as it can."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from starlette.datastructures import MutableHeaders

from gateway.nodes import Node
from gateway.router.match import Request
from gateway.sandbox.balancer import Balancer, SmoothRoundRobin
from gateway.sandbox.exchange import Exchange

WEIGHTS = st.dictionaries(
    st.sampled_from("abcdef"), st.integers(0, 9), min_size=1
).filter(lambda weights: any(weights.values()))


def exchange(**query: str) -> Exchange:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return Exchange(Request.build("GET", f"/?{text}"), MutableHeaders())


@limits(deadline=None)
@given(weights=WEIGHTS)
def test_one_round_gives_each_exactly_its_weight(weights: dict[str, int]) -> None:
    wheel = SmoothRoundRobin(weights)
    rounds = [
        Counter(wheel.next() for _ in range(sum(weights.values()))) for _ in range(3)
    ]
    expected = Counter({item: weight for item, weight in weights.items() if weight})
    assert rounds == [expected] * 3


def test_turns_are_spread_out() -> None:
    wheel = SmoothRoundRobin({"a": 5, "b": 1, "c": 1})
    turns = [wheel.next() for _ in range(7)]
    # The example of nginx's own description.
    assert turns == ["a", "a", "b", "a", "c", "a", "a"]


@limits(deadline=None)
@given(weights=WEIGHTS, without=st.sets(st.sampled_from("abcdef")))
def test_who_is_passed_over_gets_no_turn(
    weights: dict[str, int], without: set[str]
) -> None:
    wheel = SmoothRoundRobin(weights)
    turns = {wheel.next(without) for _ in range(20)}
    left = {item for item, weight in weights.items() if weight} - without
    assert turns <= (left or {None})


def test_hashing_moves_only_the_keys_of_a_lost_node() -> None:
    balancer, keys = Balancer(), [str(number) for number in range(500)]

    def places(count: int) -> list[Node | None]:
        nodes = {f"10.0.0.{number}:80": 1 for number in range(count)}
        upstream = {"nodes": nodes, "type": "chash", "key": "arg_u"}
        return [balancer.pick(upstream, exchange(u=key), ()) for key in keys]

    four, five = places(4), places(5)
    moved = [after for before, after in zip(four, five, strict=True) if before != after]
    assert {node.host for node in moved if node} == {"10.0.0.4"}
    # About a fifth, and surely not most of them.
    assert 0 < len(moved) < len(keys) / 2


def test_tried_nodes_are_not_picked_again() -> None:
    for kind in ("roundrobin", "chash", "least_conn", "ewma"):
        upstream = {"nodes": {"a:1": 1, "b:1": 2, "c:1": 3}, "type": kind}
        balancer, tried = Balancer(), []
        while (node := balancer.pick(upstream, exchange(), tried)) is not None:
            tried.append(node)
        assert sorted(node.host for node in tried) == ["a", "b", "c"]


def test_least_busy_node_is_asked() -> None:
    upstream = {"nodes": {"a:1": 1, "b:1": 1}, "type": "least_conn"}
    balancer = Balancer()
    picked = []
    for _ in range(4):
        node = balancer.pick(upstream, exchange(), ())
        assert node is not None
        picked.append(node.host)
        balancer.busy(upstream, node, 1)
    assert all(before != after for before, after in pairwise(picked))
    slow = Node("a", 1)
    for _ in range(2):
        balancer.busy(upstream, slow, -1)
    again = [balancer.pick(upstream, exchange(), ()) for _ in range(2)]
    assert again == [slow, slow]
