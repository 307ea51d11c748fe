"""Every version comes to one form, and that one is valid."""

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.openapi.errors import OpenAPIError
from gateway.openapi.keep import kept_of
from gateway.openapi.upgrade import upgraded
from tests.openapi_samples import PETSTORE_TWO, as_large_as_github, petstore


@pytest.mark.parametrize(
    "document", [petstore(), PETSTORE_TWO, petstore(openapi="3.1.0")]
)
def test_the_inner_form_is_valid_openapi(document: dict) -> None:
    if document.get("openapi") == "3.1.0":
        limit = document["paths"]["/pets"]["get"]["parameters"][0]["schema"]
        limit.pop("exclusiveMaximum")

    OpenAPIV31SpecValidator(upgraded(document)).validate()


def test_three_says_what_schemas_say_today() -> None:
    made = upgraded(petstore())

    limit = made["paths"]["/pets"]["get"]["parameters"][0]["schema"]
    assert limit == {"type": "integer", "exclusiveMaximum": 9223372036854775807}
    tag = made["components"]["schemas"]["Pet"]["properties"]["tag"]
    assert tag == {"type": ["string", "null"]}


def test_a_property_may_be_called_as_a_word_of_schemas_is() -> None:
    document = petstore()
    names = {"nullable": {"type": "boolean"}, "exclusiveMinimum": {"type": "string"}}
    document["components"]["schemas"]["Pet"]["properties"] = names

    assert upgraded(document)["components"]["schemas"]["Pet"]["properties"] == names


def test_two_is_moved_to_where_three_has_it() -> None:
    made = upgraded(PETSTORE_TWO)

    # Of several schemes the safest.
    assert made["servers"] == [{"url": "https://petstore.example.com/v1"}]
    pets = made["paths"]["/pets"]
    assert pets["get"]["parameters"] == [{"$ref": "#/components/parameters/tags"}]
    tags = made["components"]["parameters"]["tags"]
    assert (tags["style"], tags["explode"], tags["schema"]["type"]) == (
        "form",
        True,
        "array",
    )
    pet = {"$ref": "#/components/schemas/Pet"}
    body = pets["post"]["requestBody"]
    assert body == {"content": {"application/json": {"schema": pet}}, "required": True}
    photo = made["paths"]["/pets/{petId}/photo"]["post"]["requestBody"]["content"]
    assert photo["multipart/form-data"]["schema"]["properties"]["photo"] == {
        "type": "string",
        "format": "binary",
    }
    schemes = made["components"]["securitySchemes"]
    assert schemes["basic"] == {"type": "http", "scheme": "basic"}
    assert list(schemes["oauth"]["flows"]) == ["authorizationCode"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"openapi": "4.0.0"},
        {"openapi": 3},
        {"swagger": "1.2"},
        {"openapi": ["3.0.0"]},
    ],
)
def test_an_unknown_version_is_refused(document: dict) -> None:
    with pytest.raises(OpenAPIError, match="OpenAPI|openapi"):
        upgraded(document)


def test_what_is_kept_holds_no_secret_and_no_word_to_a_gateway() -> None:
    document = petstore(**{"x-apisix-plugins": {"jwt-auth": {"secret": "s3cret"}}})
    post = document["paths"]["/pets"]["post"]
    post["requestBody"]["content"]["application/json"]["example"] = {
        "name": "Rex",
        "api_key": "k3y",
    }

    kept = json.dumps(kept_of(upgraded(document)))

    assert "s3cret" not in kept
    assert "k3y" not in kept
    assert "Rex" in kept


def test_a_large_document_is_kept_whole() -> None:
    kept = kept_of(upgraded(as_large_as_github()))

    assert kept is not None
    assert len(kept["paths"]) == 800
