"""What is published: the plugin's document within its limits, and unchanged unasked."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from portal.api.documents import (
    finished,
    operations_of,
    plugin_document,
    whole_document,
)

SNAPSHOT = Path(__file__).parent / "openapi.snapshot.json"
PUBLIC_URL = "http://localhost:5000"
READS = {
    "getAllRoutes",
    "getRouteById",
    "listResources",
    "getResource",
    "previewChange",
    "listChanges",
    "getChange",
    "listPlugins",
    "getPlugin",
    "listGateways",
    "simulateRequest",
}
WRITES = {
    "createRoute",
    "updateRoute",
    "deleteRoute",
    "proposeChange",
    "withdrawChange",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return plugin_document(PUBLIC_URL)


def test_the_document_is_as_last_agreed(document: dict[str, Any]) -> None:
    """Renew it with: manage.py plugin_document > tests/api/openapi.snapshot.json"""
    assert document == orjson.loads(SNAPSHOT.read_bytes()), (
        "The published document changed. If that is meant, renew the snapshot: "
        "GATEHOUSE_ENV_FILE= DEBUG=true .venv/bin/python manage.py plugin_document "
        f"> {SNAPSHOT}"
    )


def test_the_command_prints_the_document(document: dict[str, Any]) -> None:
    printed = io.StringIO()

    call_command("plugin_document", stdout=printed)

    assert orjson.loads(printed.getvalue()) == document


@pytest.mark.parametrize("make", [plugin_document, whole_document])
def test_a_document_is_valid_openapi_3_1(make: Any) -> None:
    document = make(PUBLIC_URL)

    validate(document, cls=OpenAPIV31SpecValidator)
    assert document["openapi"].startswith("3.1")


def test_it_holds_exactly_the_contract_s_operations(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations_of(document)]

    assert sorted(ids) == sorted(READS | WRITES)
    assert len(ids) <= 30


def test_writes_are_consequential_and_reads_are_not(document: dict[str, Any]) -> None:
    told = {
        operation["operationId"]: operation["x-openai-isConsequential"]
        for operation in operations_of(document)
    }

    assert told == dict.fromkeys(READS, False) | dict.fromkeys(WRITES, True)


def test_descriptions_keep_openai_s_limits(document: dict[str, Any]) -> None:
    for operation in operations_of(document):
        assert 0 < len(operation["summary"]) <= 300
        assert 0 < len(operation["description"]) <= 300
        for parameter in operation.get("parameters", []):
            assert 0 < len(parameter["description"]) <= 700
            assert parameter["in"] != "header"


def test_every_field_that_a_model_fills_is_described(document: dict[str, Any]) -> None:
    for name in ("Route", "Upstream", "CreateRouteBody", "ProposeBody", "ItemBody"):
        for field, schema in document["components"]["schemas"][name][
            "properties"
        ].items():
            assert schema.get("description"), f"{name}.{field}"
            assert len(schema["description"]) <= 300


def test_it_is_small_and_from_one_https_ready_server() -> None:
    document = plugin_document("https://gatehouse.some-long-organisation.example.com")

    assert len(orjson.dumps(document)) <= 60_000
    assert document["servers"] == [
        {"url": "https://gatehouse.some-long-organisation.example.com"}
    ]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


@pytest.mark.parametrize("make", [plugin_document, whole_document])
def test_every_component_is_used_and_every_reference_resolves(make: Any) -> None:
    document = make(PUBLIC_URL)
    held = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in document["components"][kind]
    }

    assert set(references(document)) == held


def test_a_component_that_nothing_uses_is_left_out() -> None:
    made = finished(
        {
            "paths": {
                "/a": {
                    "get": {"responses": {"200": {"$ref": "#/components/schemas/Used"}}}
                }
            },
            "components": {
                "schemas": {
                    "Used": {"$ref": "#/components/schemas/Deep"},
                    "Deep": {},
                    "Unused": {"$ref": "#/components/schemas/AlsoUnused"},
                    "AlsoUnused": {},
                }
            },
        }
    )

    assert sorted(made["components"]["schemas"]) == ["Deep", "Used"]


def test_refusals_are_documented_wherever_they_can_occur(
    document: dict[str, Any],
) -> None:
    for operation in operations_of(document):
        name = operation["operationId"]
        statuses = set(operation["responses"])
        assert {"400", "401", "403", "429", "503"} <= statuses, name
        if "requestBody" in operation:
            assert {"413", "415"} <= statuses, name
        if name in WRITES:
            assert {"404", "409"} <= statuses, name
        if name in WRITES - {"withdrawChange"}:
            assert {"202", "422"} <= statuses, name
    for response in document["components"]["responses"].values():
        assert list(response["content"]) == ["application/problem+json"]


def with_components(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "components": document["components"]}


def test_every_operation_has_examples_that_its_own_schemas_accept(
    document: dict[str, Any],
) -> None:
    for operation in operations_of(document):
        contents = [
            response["content"]["application/json"]
            for status, response in operation["responses"].items()
            if status < "300"
        ]
        if body := operation.get("requestBody"):
            contents += body["content"].values()
        for content in contents:
            assert content["examples"], operation["operationId"]
            schema = with_components(content["schema"], document)
            for example in content["examples"].values():
                jsonschema_rs.Draft202012Validator(schema).validate(example["value"])


@pytest.mark.django_db
def test_both_forms_of_the_document_are_public_and_equal(client: Client) -> None:
    as_yaml, as_json = client.get("/openapi.yaml"), client.get("/openapi.json")

    assert as_yaml["Content-Type"] == "application/yaml"
    assert as_json["Content-Type"] == "application/json"
    assert yaml.safe_load(as_yaml.content) == orjson.loads(as_json.content)
    assert b"&id" not in as_yaml.content


@pytest.mark.django_db
def test_the_whole_api_is_published_too(client: Client) -> None:
    document = yaml.safe_load(client.get("/api/openapi.yaml").content)

    assert document["info"]["title"] == "Gatehouse REST API"
    flow = document["components"]["securitySchemes"]["oauth"]["flows"]
    assert flow["authorizationCode"]["tokenUrl"] == f"{PUBLIC_URL}/o/token/"
    assert {"oauth": []} in document["security"]
    assert client.get("/api/docs").status_code == 200


def test_the_manifest_may_offer_oauth(client: Client, settings: Any) -> None:
    settings.PLUGIN_AUTH = "oauth"
    settings.PLUGIN_VERIFICATION_TOKENS = {"openai": "abc"}

    auth = client.get("/.well-known/ai-plugin.json").json()["auth"]

    known = client.get("/.well-known/oauth-authorization-server").json()
    assert auth["type"] == "oauth"
    assert auth["client_url"] == known["authorization_endpoint"]
    assert auth["authorization_url"] == known["token_endpoint"]
    assert auth["scope"].split() == known["scopes_supported"]
    assert auth["verification_tokens"] == {"openai": "abc"}


@pytest.mark.django_db
def test_the_manifest_leads_to_everything(client: Client) -> None:
    response = client.get("/.well-known/ai-plugin.json")

    assert response["Content-Type"] == "application/json"
    manifest = response.json()
    assert manifest["schema_version"] == "v1"
    assert manifest["name_for_model"].isalnum()
    assert len(manifest["name_for_model"]) <= 50
    assert len(manifest["name_for_human"]) <= 20
    assert len(manifest["description_for_human"]) <= 100
    assert len(manifest["description_for_model"]) <= 8_000
    assert manifest["auth"] == {"type": "user_http", "authorization_type": "bearer"}
    assert manifest["api"]["type"] == "openapi"
    assert "@" in manifest["contact_email"]
    for url in (
        manifest["api"]["url"],
        manifest["logo_url"],
        manifest["legal_info_url"],
    ):
        assert url.startswith(f"{PUBLIC_URL}/")
        assert client.get(url.removeprefix(PUBLIC_URL)).status_code == 200


@pytest.mark.django_db
def test_the_logo_is_a_square_png(client: Client) -> None:
    response = client.get("/logo.png")

    assert response["Content-Type"] == "image/png"
    assert response.content.startswith(b"\x89PNG")
    width, height = response.content[16:20], response.content[20:24]
    assert int.from_bytes(width) == int.from_bytes(height) == 512


@pytest.mark.django_db
def test_the_legal_page_says_what_is_stored_and_whom_to_ask(
    client: Client, settings: Any
) -> None:
    page = client.get("/legal").content.decode()

    assert "What is stored" in page
    assert "Who may see it" in page
    assert f"mailto:{settings.CONTACT_EMAIL}" in page


@pytest.mark.django_db
def test_an_error_s_type_leads_to_words(client: Client) -> None:
    assert b"blocker" in client.get("/api/problems/blocked").content
    assert client.get("/api/problems/nothing").status_code == 404
