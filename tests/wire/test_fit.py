"""Answers fit, and say when they were cut."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portal.wire.answers.fit import CUT, fit, fitting, page_of, size

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=200),
    lambda inner: (
        st.lists(inner, max_size=20)
        | st.dictionaries(st.text(max_size=50), inner, max_size=20)
    ),
    max_leaves=100,
)


@given(VALUES, st.integers(50, 3_000))
def test_a_value_is_given_whole_or_cut_to_fit(value: Any, room: int) -> None:
    told, was_cut = fit(value, room)

    assert size(told) <= room
    assert was_cut == (size(value) > room)
    assert was_cut or told == value


@given(VALUES)
def test_cutting_leaves_the_original_alone(value: Any) -> None:
    before = repr(value)

    fit(value, 50)

    assert repr(value) == before


def test_a_cut_says_how_much_is_missing() -> None:
    told, _ = fit({"list": list(range(10_000)), "text": "x" * 10_000}, 5_000)

    assert told["list"][-1].startswith(CUT)
    assert told["text"].endswith(CUT)


@given(
    st.lists(st.integers(1, 400), max_size=40),
    st.integers(1, 20),
    st.integers(100, 900),
)
def test_pages_give_every_row_once_and_fit(
    sizes: list[int], limit: int, room: int
) -> None:
    rows = list(enumerate(sizes))
    seen: list[int] = []
    start: int | None = 0
    while start is not None:
        results, last = page_of(
            rows[start : start + limit + 1],
            limit=limit,
            shape=lambda row: {"n": row[0], "text": "x" * row[1]},
            key=lambda row: row[0],
            room=room,
        )
        assert len(results) <= limit
        assert len(results) == 1 or sum(size(row) + 1 for row in results) <= room
        assert last is None or results
        seen += [row["n"] for row in results]
        start = None if last is None else last + 1

    assert seen == [number for number, _ in rows]


def test_entries_are_read_only_as_far_as_they_fit() -> None:
    read: list[int] = []

    def entries() -> Any:
        for number in range(1_000):
            read.append(number)
            yield {"n": number, "text": "x" * 100}

    kept, was_cut = fitting(entries(), 1_000)

    assert was_cut
    assert len(kept) == 8
    assert len(read) == 9


def test_a_first_entry_that_is_too_long_is_told_without_its_lists() -> None:
    kept, was_cut = fitting([{"n": 1, "list": ["x" * 500]}], 100)

    assert was_cut
    assert kept == [{"n": 1, "list": []}]
