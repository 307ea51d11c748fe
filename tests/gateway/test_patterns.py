"""Patterns that anybody may write: all come to an end, and soon."""

import time

import pytest

from gateway.patterns import (
    LENGTH_LIMIT,
    SIZE_LIMIT,
    TooSlow,
    compiled,
    patience,
    search,
)

LONG_TEXT = "a" * 200 + "!"


@pytest.mark.parametrize(
    "pattern",
    [
        "(((a{1000}){1000}){1000})",
        "(?:(?:(?:a{1000}){,1000}){1000,})",
        "((((a{99}){99}){99}){99})",
        # Nothing that looks like a comment or a set hides it.
        "(?x)#[\n(((a{1000}){1000}){1000})#]",
        "(?x)#[\n(([)]a{1000}){1000}){1000}#]",
        "[](](((a{1000}){1000}){1000})",
        r"\((((a{1000}){1000}){1000})",
        "(" * 1000 + ")" * 1000,
        "a" * (LENGTH_LIMIT + 1),
        f"(ab){{{SIZE_LIMIT}}}",
        "(",
    ],
)
def test_what_is_too_large_or_broken_is_not_even_made_ready(pattern: str) -> None:
    before = time.thread_time()

    assert compiled(pattern) is None
    assert search(pattern, "a") is None

    assert time.thread_time() - before < 5


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^(\d{1,3}\.){3}\d{1,3}$", "127.0.0.1"),
        (r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "0" * 8 + "-0000" * 3 + "-" + "0" * 12),
        (r"^/v\d+/[^/(){}]+\{x\}$", "/v1/a{x}"),
        ("^a{2,}b?[)]$", "aaa)"),
        ("{", "{"),
    ],
)  # fmt: skip
def test_what_people_write_is_searched(pattern: str, text: str) -> None:
    assert search(pattern, text) is not None


def test_many_patterns_share_the_patience() -> None:
    def match_all() -> None:
        with patience(0.5):
            for n in range(1_000):
                search(f"^(a|aa|a?|{n})+$", LONG_TEXT)

    before = time.thread_time()

    with pytest.raises(TooSlow):
        match_all()

    assert time.thread_time() - before < 10
    assert search("a", "a") is not None
