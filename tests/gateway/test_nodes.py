"""The nodes of an upstream, in either of the forms that a document may have."""

from typing import Any

import pytest

from gateway.nodes import Node, nodes_of


@pytest.mark.parametrize(
    ("upstream", "expected"),
    [
        ({"nodes": {"a.org:81": 2}}, Node("a.org", 81, 2)),
        ({"nodes": {"a.org": 2}}, Node("a.org", 80, 2)),
        ({"nodes": {"a.org": 2}, "scheme": "https"}, Node("a.org", 443, 2)),
        ({"nodes": {"[::1]:81": 1}}, Node("[::1]", 81)),
        (
            {"nodes": [{"host": "a", "port": 9, "weight": 3, "priority": -1}]},
            Node("a", 9, 3, -1),
        ),
        ({"nodes": [{"host": "::1", "weight": 1}]}, Node("::1", 80)),
    ],
)
def test_nodes_are_read_in_both_forms(upstream: dict[str, Any], expected: Node) -> None:
    assert nodes_of(upstream) == [expected]
