"""Schemas read for people: fields, words and examples, over every plugin there is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sandbox.schemas import PLUGINS, STREAM_PLUGINS
from gateway.schema_example import example
from gateway.schema_fields import alternatives, fields_of, needs, types_of
from gateway.schema_words import rows, type_words
from gateway.violations import Checker

SCHEMAS = {
    f"{name} {which}": described[which]
    for name, plugin in {**STREAM_PLUGINS, **PLUGINS}.items()
    for described in [plugin.described()]
    for which in ("schema", "consumer_schema", "metadata_schema")
    if isinstance(described.get(which), dict)
}
LIMIT_COUNT = SCHEMAS["limit-count schema"]
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "enum", "required", "oneOf", "if"]
                + ["then", "dependencies", "patternProperties", "pattern", "minimum"]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_fields_of_alternatives_stand_beside_its_own() -> None:
    names = [field.name for field in fields_of(LIMIT_COUNT)]

    assert names[:3] == ["count", "time_window", "rules"]
    assert {"redis_host", "redis_cluster_nodes", "sentinel_password"} <= {*names}
    assert len(names) == len({*names})


def test_what_goes_together_is_said() -> None:
    assert needs(LIMIT_COUNT) == ["Give one of: count with time_window; rules."]


def test_a_row_says_type_default_limits_need_and_secret() -> None:
    found = {
        ".".join(row.path): row
        for row in rows(LIMIT_COUNT, secret=LIMIT_COUNT["encrypt_fields"])
    }

    code = found["rejected_code"]
    assert (code.type, code.default) == ("whole number", "503")
    assert code.limits == ("at least 200", "at most 599")
    assert found["policy"].type == "one of local, redis, redis-cluster, redis-sentinel"
    assert found["count"].type == "whole number or text"
    assert found["rules[].key"].is_needed
    assert not found["key"].is_needed
    assert found["redis_password"].is_secret
    assert not found["redis_host"].is_secret
    assert not any(row.path[0] == "_meta" for row in found.values())


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "names with whole number"),
        ({"enum": ["a", 1]}, "one of a, 1"),
        ({"type": ["string", "null"]}, "text or null"),
        ({"type": "table"}, "object"),
        ({}, "anything"),
    ],
)  # fmt: skip
def test_types_are_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert type_words(schema) == words


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_plugin_can_be_read(name: str) -> None:
    schema = SCHEMAS[name]
    found = rows(schema)

    assert {field.name for field in fields_of(schema)} - {"_meta"} <= {
        row.path[0].removesuffix("[]") for row in found
    }
    assert all(row.type for row in found)
    made = example(schema, is_plugin=True)
    if made is not None:
        assert list(Checker(schema, is_plugin=True).violations(made)) == []


def test_most_plugins_have_an_example() -> None:
    without = [n for n, s in SCHEMAS.items() if example(s, is_plugin=True) is None]

    assert len(without) < len(SCHEMAS) / 10


@given(st.dictionaries(st.sampled_from(["properties", "oneOf", "items", "type"]), odd))
def test_a_schema_of_any_shape_breaks_nothing(schema: dict[str, Any]) -> None:
    rows(schema)
    needs(schema)
    assert all(isinstance(one, str) for one in types_of(schema))
    assert alternatives(schema)
