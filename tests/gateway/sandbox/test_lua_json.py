"""JSON is read as a Lua program reads it, and bad JSON refused where it is bad."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sandbox.lua_json import DecodeError, decode

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@given(VALUES)
def test_what_was_written_is_read(value):
    assert decode(json.dumps(value).encode()) == value


@given(VALUES, st.integers(0, 200))
def test_what_is_cut_off_is_refused(value, place):
    text = json.dumps(value)
    cut = text[: place % (len(text) + 1)]
    if not is_json(cut):
        with pytest.raises(DecodeError, match="at character|Expected"):
            decode(cut.encode())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.0", 1),
        ("-0.0", 0),
        ("1e3", 1000),
        ("1.5", 1.5),
        (str(2**53 + 1), 2**53),
        ("true", True),
        ('"line\nbreak"', "line\nbreak"),
        (" [ ] ", []),
    ],
)
def test_numbers_are_doubles_and_strings_may_hold_line_breaks(text, value):
    read = decode(text.encode())

    assert read == value
    assert type(read) is type(value)
