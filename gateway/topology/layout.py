"""Where the boxes of a layered picture stand, and how its lines go. Pure.

After Sugiyama, Tagawa and Toda (1981): boxes stand in columns; where a line passes a
column, a bend takes a place in it; the order in each column is by the middle of the
neighbours, swept to and fro, which keeps crossings few; last, each moves as near to its
neighbours as the order lets it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT = 184, 44
# Between boxes of a column; between columns, where the lines bend.
GAP, APART = 14, 48
BEND = 8
SWEEPS = 8

Key = str
# What takes a place in a column: a box, or a bend of an edge there.
Place = tuple[str, ...]


@dataclass(frozen=True)
class Placed:
    """A box, by its upper left corner."""

    key: Key
    x: int
    y: int


@dataclass(frozen=True)
class Line:
    """An edge, by the points it goes through; it is level at each."""

    start: Key
    end: Key
    points: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Layout:
    boxes: Sequence[Placed]
    lines: Sequence[Line]
    width: int
    height: int


def layout(columns: Mapping[Key, int], edges: Iterable[tuple[Key, Key]]) -> Layout:
    """Lay out boxes, given as {key: column}; each edge leads to a column further right.

    Raises ValueError for an edge that does not. Empty columns take no room.
    """
    used = {column: at for at, column in enumerate(sorted(set(columns.values())))}
    at = {key: used[column] for key, column in columns.items()}
    layers: list[list[Place]] = [[] for _ in used]
    for key, column in at.items():
        layers[column].append((key,))
    ways: dict[tuple[Key, Key], list[Place]] = {}
    for start, end in edges:
        if at[start] >= at[end]:
            raise ValueError(f"{end} does not stand to the right of {start}.")
        bends = range(at[start] + 1, at[end])
        way: list[Place] = [(start,), *((start, end, str(n)) for n in bends), (end,)]
        for column, bend in zip(bends, way[1:-1], strict=True):
            layers[column].append(bend)
        ways[start, end] = way
    _order(layers, ways.values())
    middles = _middles(layers, ways.values())
    return _drawn(at, layers, ways, middles)


def crossings(
    layers: Sequence[Sequence[Place]], ways: Iterable[Sequence[Place]]
) -> int:
    """Count how often lines cross between the columns."""
    places = _places(layers)
    between = defaultdict(list)
    for way in ways:
        for first, second in pairwise(way):
            (column, one), (_, other) = places[first], places[second]
            between[column].append((one, other))
    return sum(_inversions(pairs) for pairs in between.values())


def _inversions(pairs: list[tuple[int, int]]) -> int:
    count, seen = 0, [0]
    size = max(end for _, end in pairs) + 2
    seen = [0] * (size + 1)
    for number, (_, end) in enumerate(sorted(pairs)):
        # Those that ended at or above this one do not cross it (Fenwick tree).
        below, at = 0, end + 1
        while at:
            below += seen[at]
            at -= at & -at
        count += number - below
        at = end + 1
        while at <= size:
            seen[at] += 1
            at += at & -at
    return count


def _places(layers: Sequence[Sequence[Place]]) -> dict[Place, tuple[int, int]]:
    return {
        place: (column, row)
        for column, layer in enumerate(layers)
        for row, place in enumerate(layer)
    }


def _neighbours(
    ways: Iterable[Sequence[Place]],
) -> tuple[dict[Place, list[Place]], dict[Place, list[Place]]]:
    """Return what stands before each place, and what behind it."""
    before: dict[Place, list[Place]] = defaultdict(list)
    behind: dict[Place, list[Place]] = defaultdict(list)
    for way in ways:
        for first, second in pairwise(way):
            behind[first].append(second)
            before[second].append(first)
    return before, behind


def _order(layers: list[list[Place]], ways: Iterable[Sequence[Place]]) -> None:
    """Bring each column in an order of few crossings."""
    ways = list(ways)
    before, behind = _neighbours(ways)
    best, fewest = [list(layer) for layer in layers], crossings(layers, ways)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        near = before if forward else behind
        for column in range(len(layers)) if forward else reversed(range(len(layers))):
            rows = {place: row for place, (_, row) in _places(layers).items()}
            layers[column].sort(
                key=lambda place: _mean([rows[one] for one in near[place]], rows[place])
            )
        count = crossings(layers, ways)
        if count < fewest:
            best, fewest = [list(layer) for layer in layers], count
    layers[:] = best


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _size(place: Place) -> int:
    return HEIGHT if len(place) == 1 else BEND


def _middles(
    layers: Sequence[Sequence[Place]], ways: Iterable[Sequence[Place]]
) -> dict[Place, float]:
    """Return the height of each place's middle, near its neighbours' and none too near."""
    before, behind = _neighbours(ways)
    middles: dict[Place, float] = {}
    for layer in layers:
        top = 0.0
        for place in layer:
            middles[place] = top + _size(place) / 2
            top += _size(place) + GAP
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        near = before if forward else behind
        for layer in layers if forward else reversed(layers):
            wished = [
                _mean([middles[one] for one in near[place]], middles[place])
                for place in layer
            ]
            middles.update(zip(layer, _kept_apart(layer, wished), strict=True))
    return middles


def _kept_apart(layer: Sequence[Place], wished: Sequence[float]) -> list[float]:
    """Return the heights nearest to those wished that keep the order and the gaps.

    By pooling adjacent violators: once what stands between is taken off, the heights
    must not fall; where they would, neighbours share their mean.
    """
    offsets, top = [], 0.0
    for place in layer:
        offsets.append(top + _size(place) / 2)
        top += _size(place) + GAP
    blocks: list[tuple[float, int]] = []
    for wish, offset in zip(wished, offsets, strict=True):
        mean, count = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, others = blocks.pop()
            mean = (mean * count + other * others) / (count + others)
            count += others
        blocks.append((mean, count))
    levels = [mean for mean, count in blocks for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _drawn(
    at: Mapping[Key, int],
    layers: Sequence[Sequence[Place]],
    ways: Mapping[tuple[Key, Key], Sequence[Place]],
    middles: Mapping[Place, float],
) -> Layout:
    tops = [middles[place] - _size(place) / 2 for place in middles]
    first = min(tops, default=0.0)
    # In whole units, which never brings two nearer than a unit.
    middle = {place: round(value - first) for place, value in middles.items()}
    boxes = [
        Placed(key, at[key] * (WIDTH + APART), middle[key,] - HEIGHT // 2) for key in at
    ]
    lines = [
        Line(start, end, _points(way, at[start], middle))
        for (start, end), way in ways.items()
    ]
    bottom = [box.y + HEIGHT for box in boxes] + [
        y for line in lines for _, y in line.points
    ]
    columns = len(layers)
    return Layout(
        boxes,
        lines,
        width=columns * WIDTH + max(columns - 1, 0) * APART,
        height=max(bottom, default=0),
    )


def _points(
    way: Sequence[Place], column: int, middle: Mapping[Place, int]
) -> list[tuple[int, int]]:
    """Return the points of a line: from the box's right side to the next one's left."""
    points = []
    for number, place in enumerate(way):
        left = (column + number) * (WIDTH + APART)
        if number:
            points.append((left, middle[place]))
        if number < len(way) - 1:
            points.append((left + WIDTH, middle[place]))
    return points
