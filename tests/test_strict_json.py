"""What is read as JSON is exactly what was written, or refused."""

import json
import time
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.strict_json import DEPTH_LIMIT, EXACT, NotStrict, read_object

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-EXACT, EXACT)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(
                st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES))
def test_every_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assert read_object(json.dumps(value)) == value
    assert read_object(json.dumps(value, ensure_ascii=False)) == value


@given(st.text(max_size=60) | st.text(alphabet='{}[]":,\\u019ae-', max_size=30))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    value: object = None
    with suppress(NotStrict):
        value = read_object(text)
    assert value is None or value == orjson.loads(text)


def test_nesting_up_to_the_limit_is_read() -> None:
    deep = '{"a":' + "[" * (DEPTH_LIMIT - 1) + "]" * (DEPTH_LIMIT - 1) + "}"

    assert read_object(deep)


def test_brackets_inside_text_are_no_nesting() -> None:
    assert read_object('{"a": "' + "[{" * 1_000 + '\\""}')


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"route": {"labels": {"team": "a\\u0000b"}}}', "route.labels.team"),
        ('{"uris": ["/a", "\\ud83d"]}', "uris.1"),
    ],
)
def test_text_that_is_refused_is_named(text: str, field: str) -> None:
    with pytest.raises(NotStrict) as refused:
        read_object(text)

    assert refused.value.field == field


@pytest.mark.parametrize("text", ['{"a": "' + '\\"' * 300_000, '"' + "\\" * 599_999])
def test_a_string_without_an_end_is_told_at_once(text: str) -> None:
    before = time.thread_time()

    with pytest.raises(NotStrict, match="not JSON"):
        read_object(text)

    assert time.thread_time() - before < 2
