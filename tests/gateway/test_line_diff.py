"""Two texts line by line."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.line_diff import AROUND, AT_MOST, line_diff

texts = st.lists(st.sampled_from(["a", "b", "{", "}", ""]), min_size=1).map("\n".join)


@given(texts, texts)
def test_all_lines_of_both_are_there_in_order(before: str, after: str) -> None:
    found = line_diff(before, after)

    assert [one for s in found for one in s.before] == before.split("\n")
    assert [one for s in found for one in s.after] == after.split("\n")


@given(texts, texts)
def test_what_is_far_from_a_change_stays_and_has_near_lines_around(
    before: str, after: str
) -> None:
    found = line_diff(before, after)
    for one, following in zip(found, found[1:], strict=False):
        assert not (one.is_far and not one.is_kept)
        assert not (one.is_far and not following.is_kept)
        assert not (following.is_far and not one.is_kept)


def test_one_line_in_the_middle_folds_what_is_far_on_both_sides() -> None:
    before = [str(n) for n in range(40)]
    after = [*before[:20], "new", *before[21:]]

    found = line_diff("\n".join(before), "\n".join(after))

    assert [(len(s.before), s.is_kept, s.is_far) for s in found] == [
        (20 - AROUND, True, True),
        (AROUND, True, False),
        (1, False, False),
        (AROUND, True, False),
        (19 - AROUND, True, True),
    ]


def test_texts_that_nobody_reads_by_lines_are_not_compared() -> None:
    assert line_diff("a\n" * AT_MOST, "b") == []
