"""What the gateway tells of its plugins and schemas, and its dry runs."""

import json

import jsonschema_rs
import pytest

from gateway.sandbox.dialect_values import pattern
from gateway.sandbox.plugins import OFFERED
from gateway.sandbox.schemas import (
    KIND_SCHEMAS,
    PLUGINS,
    SECRET_SCHEMAS,
    STREAM_PLUGINS,
)
from tests.gateway.sandbox.conftest import ROUTE, UPSTREAM


def test_plugins_are_listed_by_priority(ask):
    listed = ask("GET", "/plugins/list").json()
    told = ask("GET", "/plugins?all=true").json()

    assert listed == sorted(listed, key=lambda name: -told[name]["priority"])
    assert set(listed) == set(told) == set(PLUGINS)
    assert ask("GET", "/plugins/list?subsystem=stream").json() == list(STREAM_PLUGINS)


def test_what_the_data_plane_runs_is_offered_with_the_same_priority():
    assert {name: PLUGINS[name].priority for name in OFFERED} == dict(OFFERED)


def test_schemas_are_told_for_plugins_consumers_and_kinds(ask):
    schema = ask("GET", "/plugins/limit-count").json()

    assert schema == ask("GET", "/schema/plugins/limit-count").json()
    assert "_meta" in schema["properties"]
    consumer = ask("GET", "/schema/plugins/key-auth?schema_type=consumer").json()
    assert consumer["required"] == ["key"]
    assert ask("GET", "/schema/route").json()["properties"]["uri"]["maxLength"] == 4096


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/plugins/nosuch", 404, "plugin not found in subsystem http"),
        ("/plugins", 404, "plugin not found in subsystem http"),
        ("/plugins/cors?subsystem=stream", 404, "plugin not found in subsystem stream"),
        ("/plugins/list?subsystem=tcp", 400, "unsupported subsystem: tcp"),
        ("/schema/routes", 400, "not found schema: routes"),
        ("/schema/plugins/nosuch", 404, "plugin not found in subsystem http"),
    ],
)
def test_what_there_is_not_is_said(ask, path, status, words):
    answer = ask("GET", path)

    assert (answer.status_code, answer.json()["error_msg"]) == (status, words)


def test_plugins_are_reloaded_by_put_only(ask):
    assert ask("PUT", "/plugins/reload").text == "done"
    assert ask("GET", "/plugins/reload").status_code == 405


def test_a_schema_is_validated_without_plugins_or_references(ask):
    path = "/schema/validate/routes"

    assert ask("POST", path, ROUTE | {"upstream_id": "x"}).text == ""
    assert ask("POST", path, {"uri": "/", "plugins": {"nosuch": {}}}).ok
    assert ask("POST", path, {"uri": 1}).json() == {
        "error_msg": 'property "uri" validation failed: wrong type:'
        " expected string, got number"
    }
    assert "got nil" in ask("POST", path).json()["error_msg"]
    assert ask("POST", "/schema/validate/route", ROUTE).status_code == 404
    assert ask("GET", "/routes").json()["total"] == 0


def test_a_whole_configuration_is_validated_and_every_error_told(ask):
    configuration = {
        "routes": [
            {"id": "a", "uri": 1, "upstream": UPSTREAM},
            {"id": "a", "uri": "/", "plugins": {"nosuch": {}}},
            {"id": "b", "uri": "/", "service_id": "not-there"},
        ],
        "consumers": [{"username": "jo"}, {"username": "jo"}],
        "secrets": [{"id": "vault/1", "uri": "http://a", "prefix": "p", "token": "t"}],
        "plugin_metadata": [{"id": "nosuch"}],
    }

    answer = ask("POST", "/configs/validate", configuration)

    assert answer.status_code == 400
    assert answer.json()["error_msg"] == "Configuration validation failed"
    told = {
        (one["resource_type"], one["index"], one["resource_id"], one["error"][:21])
        for one in answer.json()["errors"]
    }
    assert told == {
        ("routes", 0, "a", "invalid configuration"),
        ("routes", 1, "a", "unknown plugin [nosuc"),
        ("routes", 1, "a", "found duplicate id a "),
        ("consumers", 1, "jo", "found duplicate usern"),
        ("plugin_metadata", 0, "nosuch", "invalid plugin name"),
    }
    assert ask("GET", "/routes").json()["total"] == 0


def test_a_sound_configuration_is_validated_as_json_and_as_yaml(ask):
    body = {"routes": [ROUTE | {"id": "a"}]}
    yaml = b"routes:\n- id: a\n  uri: /\n  plugins: {}\n"

    assert ask("POST", "/configs/validate", body).json() == {}
    answer = ask(
        "POST", "/configs/validate", yaml, headers={"Content-Type": "application/yaml"}
    )
    assert answer.json() == {}
    assert ask("POST", "/configs/validate", b"{").status_code == 400


def _every_schema():
    for name, schema in (KIND_SCHEMAS | SECRET_SCHEMAS).items():
        yield pytest.param(schema, id=name)
    for name, plugin in (PLUGINS | STREAM_PLUGINS).items():
        for part in (
            plugin.full_schema(),
            plugin.consumer_schema,
            plugin.metadata_schema,
        ):
            if part is not None:
                yield pytest.param(part, id=f"plugin-{name}")


@pytest.mark.parametrize("schema", list(_every_schema()))
def test_every_schema_is_a_sound_json_schema(schema):
    jsonschema_rs.Draft7Validator(_without_patterns(json.loads(json.dumps(schema))))


def _without_patterns(schema):
    """Patterns are PCRE, which the validator does not know; they must compile."""
    if isinstance(schema, list):
        return [_without_patterns(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("pattern"), str):
        assert pattern(schema["pattern"])
        schema = {key: value for key, value in schema.items() if key != "pattern"}
    return {key: _without_patterns(value) for key, value in schema.items()}


@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_what_is_to_be_encrypted_is_a_field_that_exists(name):
    plugin = PLUGINS[name]
    for schema in (plugin.schema, plugin.consumer_schema, plugin.metadata_schema):
        for path in (schema or {}).get("encrypt_fields", ()):
            assert _leads_somewhere(schema, path.split(".")), path


def _leads_somewhere(schema, path):
    if not path or not {"type", "properties", "then", "else"} & schema.keys():
        # A schema that says nothing allows everything.
        return True
    for part in ("then", "else"):
        if part in schema and _leads_somewhere(schema[part], path):
            return True
    if "items" in schema:
        return _leads_somewhere(schema["items"], path)
    for part in ("properties", "patternProperties"):
        below = schema.get(part, {}).get(path[0])
        if below is not None and _leads_somewhere(below, path[1:]):
            return True
    return False
