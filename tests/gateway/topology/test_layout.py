"""Nothing overlaps, nothing is lost, and lines go round what they do not lead to."""

from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.topology.layout import APART, GAP, HEIGHT, WIDTH, Layout, crossings, layout

Edges = list[tuple[str, str]]


@st.composite
def pictures(draw: st.DrawFn) -> tuple[dict[str, int], Edges]:
    """Boxes in five columns, and edges to the right between some of them."""
    chosen = draw(st.lists(st.integers(0, 4), min_size=1, max_size=24))
    columns = {f"b{number}": column for number, column in enumerate(chosen)}
    able = [
        (one, other)
        for one in columns
        for other in columns
        if columns[one] < columns[other]
    ]
    edges = draw(st.lists(st.sampled_from(able), unique=True)) if able else []
    return columns, edges


def level_parts(found: Layout) -> list[tuple[str, str, int, int]]:
    """Return (start, end, x, y) where a line passes a column of boxes."""
    return [
        (line.start, line.end, x, y)
        for line in found.lines
        for (x, y), (right, bottom) in pairwise(line.points)
        if right - x == WIDTH and y == bottom
    ]


@given(pictures())
def test_a_picture_holds_everything_apart(
    picture: tuple[dict[str, int], Edges],
) -> None:
    columns, edges = picture

    found = layout(columns, edges)

    assert {box.key for box in found.boxes} == set(columns)
    for one, other in combinations(found.boxes, 2):
        if one.x == other.x:
            assert abs(one.y - other.y) >= HEIGHT + GAP - 1
        else:
            assert abs(one.x - other.x) >= WIDTH + APART
    for box in found.boxes:
        assert 0 <= box.x <= found.width - WIDTH
        assert 0 <= box.y <= found.height - HEIGHT


@given(pictures())
def test_each_line_joins_its_boxes_and_meets_no_other(
    picture: tuple[dict[str, int], Edges],
) -> None:
    columns, edges = picture

    found = layout(columns, edges)

    places = {box.key: box for box in found.boxes}
    assert {(line.start, line.end) for line in found.lines} == set(edges)
    for line in found.lines:
        start, end = places[line.start], places[line.end]
        assert line.points[0] == (start.x + WIDTH, start.y + HEIGHT // 2)
        assert line.points[-1] == (end.x, end.y + HEIGHT // 2)
    for _, _, x, y in level_parts(found):
        assert not [
            box for box in found.boxes if box.x == x and box.y <= y <= box.y + HEIGHT
        ]


def test_what_was_drawn_crosswise_is_untangled() -> None:
    columns = {f"a{n}": 0 for n in range(6)} | {f"b{n}": 1 for n in range(6)}
    edges = [(f"a{n}", f"b{5 - n}") for n in range(6)]

    found = layout(columns, edges)

    order = {box.key: box.y for box in found.boxes}
    assert all(order[start] == order[end] for start, end in edges)


def test_columns_that_hold_nothing_take_no_room() -> None:
    found = layout({"a": 0, "b": 4}, [("a", "b")])

    assert found.width == 2 * WIDTH + APART
    assert found.height == HEIGHT


def test_an_edge_to_the_left_is_refused() -> None:
    with pytest.raises(ValueError, match="right of"):
        layout({"a": 1, "b": 1}, [("a", "b")])


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), unique=True, min_size=1)
)
def test_crossings_are_counted_as_one_would(pairs: Sequence[tuple[int, int]]) -> None:
    layers = [[(f"a{n}",) for n in range(8)], [(f"b{n}",) for n in range(8)]]
    ways = [[(f"a{one}",), (f"b{other}",)] for one, other in pairs]

    naive = sum(
        (one[0] - other[0]) * (one[1] - other[1]) < 0
        for one, other in combinations(pairs, 2)
    )
    assert crossings(layers, ways) == naive
