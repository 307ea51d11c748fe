"""What a request must look like, in words that the gateway's plugin knows."""

from typing import Any

import pytest

from gateway.openapi.operations import operations_of
from gateway.openapi.upgrade import upgraded
from gateway.openapi.validation import LIMIT, validation_for
from tests.openapi_samples import petstore

BODY = "/pets", "post"


def settings_of(document: dict[str, Any], path: str, method: str) -> tuple[Any, ...]:
    inner = upgraded(document)
    one = next(
        one
        for one in operations_of(inner)
        if (one.path, one.method) == (path, method.upper())
    )
    return validation_for(inner, one)


def with_body(schema: Any, **body: Any) -> dict[str, Any]:
    document = petstore()
    media = {"application/json": {"schema": schema}}
    document["paths"]["/pets"]["post"]["requestBody"] = {
        "required": True,
        "content": media,
    } | body
    return document


def test_references_are_written_out_and_a_circle_is_cut() -> None:
    made, remarks = settings_of(petstore(), *BODY)

    pet = made["body_schema"]
    # What only answers hold is not asked for.
    assert pet["required"] == ["name"]
    assert pet["properties"]["tag"] == {"type": ["string", "null"]}
    assert pet["properties"]["mother"] == {}
    assert "contains itself" in remarks[0]


def test_headers_are_asked_for_in_small_letters() -> None:
    made, remarks = settings_of(petstore(), "/pets/{petId}", "get")

    assert made == {
        "header_schema": {
            "type": "object",
            "properties": {"x-tenant": {"type": "string", "minLength": 2}},
            "required": ["x-tenant"],
        }
    }
    assert remarks == ()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 3}),
        ({"type": "integer", "maximum": 9223372036854775807}, {"type": "integer"}),
        ({"type": "string", "format": "uuid", "example": "a"}, {"type": "string"}),
        ({"type": "string", "format": "email"}, {"type": "string", "format": "email"}),
        ({"type": "object", "additionalProperties": False}, {"type": "object", "additionalProperties": False}),
        ({"prefixItems": [{"type": "string"}, True]}, {"items": [{"type": "string"}, {}]}),
        ({"oneOf": [{"const": 1}], "discriminator": {}}, {"oneOf": [{"const": 1}]}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
    ],
)  # fmt: skip
def test_each_word_is_said_as_draft_seven_says_it(said: Any, meant: Any) -> None:
    made, _ = settings_of(with_body(said), *BODY)

    assert made["body_schema"] == meant


def test_a_schema_that_is_too_large_is_told_and_left_out() -> None:
    large = {
        "type": "object",
        "properties": {f"p{n}": {"enum": ["x" * 1000]} for n in range(80)},
    }

    made, remarks = settings_of(with_body(large), *BODY)

    assert made == {}
    assert f"{LIMIT:,} bytes" in remarks[0]


def test_a_schema_that_doubles_at_each_step_comes_to_an_end() -> None:
    document = with_body({"$ref": "#/components/schemas/s0"})
    for n in range(60):
        below = {"$ref": f"#/components/schemas/s{n + 1}"}
        document["components"]["schemas"][f"s{n}"] = {"allOf": [below, below]}
    document["components"]["schemas"]["s60"] = {}

    made, remarks = settings_of(document, *BODY)

    assert made == {}
    assert remarks


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"required": False}, "left out"),
        ({"content": {"application/json": {}, "application/xml": {}}}, "other forms"),
    ],
)
def test_what_the_plugin_would_refuse_wrongly_is_not_validated(
    body: dict[str, Any], words: str
) -> None:
    made, remarks = settings_of(with_body({"type": "object"}, **body), *BODY)

    assert made == {}
    assert words in remarks[0]
