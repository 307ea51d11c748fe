"""The dialect decides as a standard validator does, save where Lua differs."""

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sandbox.dialect import check
from gateway.sandbox.schemas.words import (
    above,
    any_of,
    array,
    choice,
    flag,
    mapping,
    needs,
    number,
    obj,
    one_of,
    text,
    unless,
    when,
    whole,
)

# Without empty containers, which Lua cannot tell apart, and without null in objects,
# which is there for a validator and there for Lua, but under another type name.
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-5, 5),
    st.floats(-5, 5, allow_nan=False).map(lambda value: round(value, 1)),
    st.text("ab-1", max_size=4),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)

LEAVES = st.one_of(
    st.builds(text, st.integers(0, 3), st.integers(2, 4)),
    st.builds(
        lambda pattern: text(pattern=pattern), st.sampled_from(["^a", "b$", "-"])
    ),
    st.builds(whole, st.integers(-3, 0), st.integers(0, 3)),
    st.builds(number, st.integers(-3, 0), st.integers(0, 3)),
    st.builds(above, st.integers(-2, 2)),
    st.just(flag()),
    st.builds(choice, st.sampled_from(["a", "b"]), st.just("ab")),
    st.just({"enum": [1, "a", True]}),
    st.builds(lambda value: {"const": value}, SCALARS),
    st.builds(needs, st.sampled_from("abc")),
)


def _nested(inner):
    properties = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    return st.one_of(
        st.builds(lambda known: obj(known), properties),
        st.builds(lambda known: obj(known, closed=True), properties),
        st.builds(lambda known: obj(known, required=["a"]), properties),
        st.builds(lambda known: obj(known, dependencies={"a": ["b"]}), properties),
        st.builds(lambda below: obj(dependencies={"b": below}), inner),
        st.builds(lambda below: obj(patternProperties={"^[ab]": below}), inner),
        st.builds(mapping, inner),
        st.just(obj(minProperties=2, maxProperties=2)),
        st.builds(lambda below: array(below, 1, 2), inner),
        st.builds(lambda below: array(below, uniqueItems=True), inner),
        st.builds(lambda below: {"type": "array", "contains": below}, inner),
        st.builds(any_of, inner, inner),
        st.builds(one_of, inner, inner),
        st.builds(lambda one, other: {"allOf": [one, other]}, inner, inner),
        st.builds(unless, inner),
        st.builds(when, inner, inner, inner),
    )


SCHEMAS = st.recursive(LEAVES, _nested, max_leaves=5)


@given(SCHEMAS, VALUES)
def test_it_accepts_what_a_standard_validator_accepts(schema, value):
    accepted = check(schema, value) is None

    assert accepted == jsonschema_rs.Draft7Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        (text(), None, "wrong type: expected string, got userdata"),
        (text(), {}, "wrong type: expected string, got table"),
        (whole(), 1.5, "wrong type: expected integer, got number"),
        (whole(1), -1, "expected -1 to be at least 1"),
        (above(0), 0, "expected 0 to be greater than 0"),
        (number(0, 1), 1.25, "expected 1.25 to be at most 1"),
        (text(2), "a", "string too short, expected at least 2, got 1"),
        (text(0, 2), "äöü", "string too long, expected at most 2, got 3"),
        (text(pattern="^\\d"), 'a"b', 'failed to match pattern "^\\\\d" with "a\\"b"'),
        (choice("a"), "b", "matches none of the enum values"),
        (obj(required=["a"]), {}, 'property "a" is required'),
        (obj({}, closed=True), {"x": 1}, "additional properties forbidden, found x"),
        (
            obj({"a": obj({"b": whole()})}),
            {"a": {"b": ""}},
            'property "a" validation failed: property "b" validation failed:'
            " wrong type: expected integer, got string",
        ),
        (array(text(), 1), [], "expect array to have at least 1 items"),
        (array(text()), [1], "failed to validate item 1: wrong type: expected string,"),
        (
            array(uniqueItems=True),
            ["a", "b", "a"],
            "expected unique items but items 1 and 3 are equal",
        ),
        (
            any_of(needs("a"), needs("a", "b")),
            {"c": 1},
            'object matches none of the required: ["a"] or ["a","b"]',
        ),
        (any_of(text(), whole()), True, "object matches none of the required"),
        (
            one_of(needs("a"), needs("b")),
            {"a": 1, "b": 1},
            "value should match only one schema, but matches both schemas 1 and 2",
        ),
        (unless(text()), "a", "value wasn't supposed to match schema"),
        (
            {"allOf": [whole(), text()]},
            1,
            "allOf 2 failed: wrong type: expected string",
        ),
        (when(True, needs("b")), {"a": 1}, "then clause did not match"),
        (when(needs("b"), {}, needs("c")), {"a": 1}, "else clause did not match"),
        (
            obj({"a": {}}, dependencies={"a": ["b"]}),
            {"a": 1},
            'property "b" is required when "a" is set',
        ),
        (
            obj(patternProperties={".*": whole()}),
            {"k": ""},
            'failed to validate k (matching ".*"): wrong type: expected integer,',
        ),
        (text(format="ipv4"), "1.2.3", "expect valid ipv4 address but got: 1.2.3"),
    ],
)
def test_it_says_what_is_wrong_in_the_gateways_words(schema, value, words):
    assert (check(schema, value) or "nothing").startswith(words)


@pytest.mark.parametrize("empty", [{}, []])
def test_an_empty_array_and_an_empty_object_are_the_same(empty):
    assert check(obj(), empty) is None
    assert check(array(), empty) is None
    assert check(obj(required=["a"]), empty) is not None
    assert check({"const": {}}, empty) is None


def test_defaults_are_filled_in_before_conditions_are_looked_at():
    schema = obj(
        {"policy": choice("local", "redis", default="redis")},
        **when({"properties": {"policy": {"enum": ["redis"]}}}, needs("host")),
    )
    value = {}

    assert check(schema, value) == "then clause did not match"
    assert value == {"policy": "redis"}


def test_a_filled_default_is_no_longer_the_schemas_own():
    schema = obj({"list": array(default=[1])})
    first, second = {}, {}
    check(schema, first)
    first["list"].append(2)
    check(schema, second)

    assert second == {"list": [1]}
