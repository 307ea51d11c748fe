"""The schemas a gateway reports: what we would refuse, against what a real one did."""

import copy
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.client import AdminClient, new_session
from gateway.kinds import KIND_BY_PATH
from gateway.sandbox.dialect import check
from gateway.schemas import Schemas, fetch_schemas
from gateway.secret_fields import secret_paths
from gateway.violations import Checker
from tests.contract import contract
from tests.gateway.test_documents import mutations, recorded_schemas, replaced
from tests.sandbox import SandboxGateway

Document = dict[str, Any]

# What a 400 says when a schema, and not the code behind it, refused the document.
BY_SCHEMA = re.compile(
    r"validation failed|is required$|additional properties forbidden|match(es|ed)? |"
    r"expect (array|object)|clause did not match|wrong type"
)


def written() -> Iterator[tuple[str, Document, int, str]]:
    """Yield (kind, document, status, error_msg) of every recorded PUT and POST."""
    steps = [
        step
        for name in ("admin", "plugins")
        for line in contract(name)
        for step in line["steps"]
    ]
    for step in [*steps, *contract("behaviour")]:
        parts = step["path"].partition("?")[0].split("/")[3:]
        if step["method"] not in {"PUT", "POST"} or not parts:
            continue
        path = "credentials" if "credentials" in parts else parts[0]
        document = step.get("json")
        if document is None and isinstance(step.get("body"), str):
            document = _parsed(step["body"])
        if path not in KIND_BY_PATH or not isinstance(document, dict):
            continue
        kind = KIND_BY_PATH[path].name
        if kind == "plugin_metadata":
            document = {**document, "id": parts[1] if len(parts) > 1 else ""}
        elif kind not in {"consumer", "secret"} and len(parts) > 1:
            document = {"id": parts[-1], **document}
        answer = step.get("response")
        words = answer.get("error_msg", "") if isinstance(answer, dict) else ""
        yield kind, document, step["status"], str(words)


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def found(schemas: Schemas, kind: str, document: Document) -> list[tuple[str, str]]:
    return [(one.path, one.words) for one in schemas.violations(kind, document)]


# --- Against a real gateway


@pytest.mark.contract
def test_nothing_is_called_wrong_that_a_real_gateway_accepted() -> None:
    schemas = recorded_schemas()
    accepted = [(k, d) for k, d, status, _ in written() if status in {200, 201}]
    wrong = [
        (kind, document, violations)
        for kind, document in accepted
        if (violations := found(schemas, kind, document))
    ]
    print(f"{len(accepted) - len(wrong)} of {len(accepted)} accepted ones found right")  # noqa: T201
    assert len(accepted) > 1_500
    assert not wrong, wrong[:3]


@pytest.mark.contract
def test_what_a_schema_refused_is_found_wrong() -> None:
    """Kinds whose schema the recordings lack (secret) and `id` rules are left out."""
    schemas = recorded_schemas()
    refused = [
        (kind, document, words)
        for kind, document, status, words in written()
        if status == 400 and BY_SCHEMA.search(words)
    ]
    missed = [
        (words, document)
        for kind, document, words in refused
        if not found(schemas, kind, document)
    ]
    print(f"{len(refused) - len(missed)} of {len(refused)} refused by schema found")  # noqa: T201
    for words, _ in missed:
        print("  missed:", words[:150])  # noqa: T201
    assert len(refused) > 150
    assert len(missed) / len(refused) < 0.1


@pytest.mark.contract
def test_words_repeat_no_secret_of_a_document() -> None:
    schemas = recorded_schemas()
    hidden = 0
    for kind, document, _, _ in written():
        for path, _ in secret_paths(
            kind, document, encrypt_fields=schemas.encrypt_fields
        ):
            # What most schemas refuse.
            for wrong in (["hush-hush"], {"a": "hush-hush"}, "hush-hush\n" * 2_000):
                said = found(schemas, kind, replaced(document, path, wrong))
                hidden += bool(said)
                assert "hush-hush" not in str(said)
    assert hidden > 100


@pytest.mark.contract
def test_the_sandbox_agrees_on_what_is_right_and_wrong() -> None:
    """Two readings of APISIX's dialect, made apart, on thousands of broken documents.

    Never do we refuse what the sandbox's accepts. The other way round only an empty
    object or array may pass, which as a part of an alternative we cannot tell.
    """
    chance = random.Random(1)  # noqa: S311
    schemas = recorded_schemas()
    checkers: dict[str, Checker] = {}
    seen: set[str] = set()
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for kind, document, status, _ in written():
        plugins = document.get("plugins")
        if status not in {200, 201} or not isinstance(plugins, dict):
            continue
        for name, configuration in plugins.items():
            schema = schemas.plugin_schema(kind, name)
            text = f"{name} {json.dumps(configuration, sort_keys=True)}"
            if schema is None or text in seen:
                continue
            seen.add(text)
            tried = [*mutations(configuration)]
            for what, path, mutant in chance.sample(tried, min(6, len(tried))):
                called = f"{kind} {name}"
                if called not in checkers:
                    checkers[called] = Checker(schema, is_plugin=True)
                ours = [*checkers[called].violations(mutant)]
                theirs = check(schema, copy.deepcopy(mutant))
                verdicts[bool(ours), theirs is not None] += 1
                assert not ours or theirs is not None, (name, what, path, ours)
                if theirs is not None and not ours:
                    assert _at(mutant, path) in ({}, []), (name, what, path, theirs)
    print(f"agree on {verdicts[True, True]} wrong, {verdicts[False, False]} right;")  # noqa: T201
    print(f"{verdicts[False, True]} not judged by us")  # noqa: T201
    assert verdicts[True, True] > 2_000
    assert verdicts[False, False] > 1_000
    assert verdicts[False, True] < 20


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


# --- The dialect, fact by fact


def schemas_of(**more: Any) -> Schemas:
    return Schemas(
        version="3.18.0",
        **{"kinds": {}, "plugins": {}, "stream_plugins": {}, **more},
    )


def judged(schema: Document, value: Any) -> list[tuple[str, str]]:
    checker = Checker(schema, is_plugin=True)
    return [(one.path, one.words) for one in checker.violations(value)]


def test_a_default_counts_before_a_condition() -> None:
    schema = {
        "properties": {"policy": {"enum": ["local", "redis"], "default": "local"}},
        "if": {"properties": {"policy": {"enum": ["redis"]}}},
        "then": {"required": ["redis_host"]},
    }
    assert judged(schema, {}) == []
    assert judged(schema, {"policy": "redis"}) == [
        ("", 'property "redis_host" is required')
    ]


def test_a_default_does_not_stand_in_for_what_is_required() -> None:
    schema = {"properties": {"a": {"default": 1}}, "required": ["a"]}
    assert judged(schema, {}) == [("", 'property "a" is required')]


def test_defaults_below_arrays_and_objects_count_too() -> None:
    inner = {
        "properties": {"on": {"default": False}, "at": {}},
        "if": {"properties": {"on": {"const": True}}, "required": ["on"]},
        "else": {"not": {"required": ["at"]}},
    }
    assert judged(inner, {"at": 1}) == [("", 'property "at" is not allowed here')]
    schema = {"properties": {"list": {"items": inner}, "one": inner}}
    assert judged(schema, {"list": [{"on": True}, {}], "one": {}}) == []
    assert judged({"allOf": [inner]}, {}) == []


def test_checking_leaves_the_document_alone() -> None:
    document = {"list": [{}], "empty": []}
    schema = {
        "properties": {
            "list": {"items": {"properties": {"a": {"default": {}}}}},
            "empty": {"type": "object"},
            "new": {"default": 1},
        }
    }
    assert judged(schema, document) == []
    assert document == {"list": [{}], "empty": []}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object"}, []),
        ({"type": "array"}, {}),
        ({"type": "table"}, {"a": 1}),
        ({"type": "table"}, [1]),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, {}),
        ({"properties": {"a": {"type": "array"}}}, {"a": {}}),
        ({"type": "integer"}, 1.0),
        ({"format": "uri"}, "no uri"),
        ({"format": "date-time"}, "yesterday"),
        ({"pattern": "b"}, "abc"),
        ({"pattern": r"^\d++$"}, "12"),
        ({"pattern": r"(?i)^ABC$"}, "abc\n"),
        ({"pattern": r"\A[\w]+\Z"}, "abc"),
        ({"pattern": r"^.{2}$"}, "ü"),
        ({"pattern": "("}, "anything"),
        ({"pattern": r"^(a|a)*$"}, "a" * 40 + "b"),
        ({"type": "integer"}, "$env://COUNT"),
        ({"minLength": 64}, "$secret://vault/1/key"),
        ({"oneOf": [{"type": "integer"}, {"pattern": "^x"}]}, "$ENV://X"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, 1),
        ({"type": "nonsense"}, 1),
        ({"properties": 5}, {"a": 1}),
    ],
    ids=str,
)
def test_what_apisix_accepts_or_nobody_can_judge_is_right(
    schema: Document, value: Any
) -> None:
    assert judged(schema, value) == []


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "object"}, [1], [("", "wrong type: expected object, got array")]),
        ({"type": "integer"}, 1.5, [("", "wrong type: expected integer, got number")]),
        ({"type": "string"}, True, [("", "wrong type: expected string, got boolean")]),
        ({"type": "string"}, None, [("", "wrong type: expected string, got null")]),
        (
            {"properties": {"a": {"type": ["string", "number"]}}},
            {"a": []},
            [("a", "wrong type: expected one of number, string, got array")],
        ),
        ({"format": "ipv4"}, "300.1.1.1", [("", "expect valid ipv4 address")]),
        ({"pattern": "^x"}, "hush", [("", 'failed to match pattern "^x"')]),
        ({"pattern": "^" + "x" * 90}, "hush", [("", None)]),
        ({"enum": ["a", 1, None]}, "hush", [("", None)]),
        ({"const": {"a": 1}}, "hush", [("", 'must be {"a": 1}')]),
        ({"minimum": 1}, 0, [("", "expected at least 1, got 0")]),
        (
            {"minLength": 3},
            "ab",
            [("", "string too short, expected at least 3, got 2")],
        ),
        ({"minItems": 1}, [], [("", "expect array to have at least 1 items")]),
        ({"uniqueItems": True}, [1, 1], [("", "expected unique items")]),
        ({"contains": {"const": 1}}, [2], [("", None)]),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"b": 1, "c": 2},
            [("", "additional properties forbidden, found b, c")],
        ),
        (
            {"dependencies": {"a": ["b"]}},
            {"a": 1},
            [("", 'property "b" is required')],
        ),
        (
            {
                "anyOf": [
                    {"required": ["uri", "plugins"]},
                    {"required": ["uri", "upstream"]},
                    {"required": ["uris", "script"]},
                ]
            },
            {"uri": "/"},
            [("", "one of these properties is required: plugins, upstream")],
        ),
        (
            {"oneOf": [{"required": ["a", "x"]}, {"required": ["b", "c", "x"]}]},
            {"a": 1, "b": 1, "c": 1, "x": 1},
            [("", "only one of these properties is allowed: a or b with c")],
        ),
        (
            {"not": {"anyOf": [{"required": ["a", "b"]}, {"required": ["c"]}]}},
            {"a": 1, "b": 1},
            [("", "a and b exclude each other")],
        ),
        (
            {
                "anyOf": [
                    {"type": "object", "additionalProperties": {"type": "integer"}},
                    {"type": "array", "items": {"required": ["host"]}},
                ]
            },
            [{"host": "a"}, {"hots": "b"}],
            [("1", 'property "host" is required')],
        ),
        (
            {
                "oneOf": [
                    {"properties": {"alg": {"enum": ["HS256"]}}},
                    {
                        "properties": {"alg": {"enum": ["RS256"]}},
                        "required": ["public_key"],
                    },
                ]
            },
            {"alg": "RS256"},
            [("", 'property "public_key" is required')],
        ),
        (
            {"anyOf": [{"minimum": 5}, {"maximum": -5}]},
            0,
            [
                (
                    "",
                    "matches none of what is allowed: expected at least 5, got 0; "
                    "or expected at most -5, got 0",
                )
            ],
        ),
        ({"not": {"type": "string"}}, "hush", [("", "has a form that is not allowed")]),
        ({"propertyNames": {"maxLength": 1}}, {"hush": 1}, [("", None)]),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_in_words(
    schema: Document, value: Any, expected: list[tuple[str, str | None]]
) -> None:
    said = judged(schema, value)
    assert [path for path, _ in said] == [path for path, _ in expected]
    for (_, words), (_, wanted) in zip(said, expected, strict=True):
        assert wanted is None or words == wanted
        assert words
        assert "hush" not in words


def test_a_reference_to_a_secret_is_a_text_as_any_other_outside_plugins() -> None:
    short = {"properties": {"key": {"type": "string", "minLength": 64}}}
    schemas = schemas_of(kinds={"ssl": short})
    assert found(schemas, "ssl", {"key": "$env://KEY"}) == [
        ("key", "string too short, expected at least 64, got 10")
    ]


# --- Which schema counts where

STRICT = {"type": "object", "properties": {}, "additionalProperties": False}
CATALOGUE = {
    "key-auth": {
        "type": "auth",
        "schema": {"properties": {"header": {"type": "string"}}},
        "consumer_schema": {"required": ["key"], "encrypt_fields": ["key"]},
    },
    "limit-count": {
        "schema": {"required": ["count"], "encrypt_fields": ["redis_password", "x.y"]},
        "metadata_schema": {"properties": {"limit_header": {"type": "string"}}},
    },
}


def test_a_plugin_is_checked_by_the_schema_of_its_place() -> None:
    schemas = schemas_of(
        plugins=CATALOGUE, stream_plugins={"key-auth": {"schema": STRICT}}
    )
    on = {"plugins": {"key-auth": {"header": 1}}}
    assert found(schemas, "route", on) == [
        ("plugins.key-auth.header", "wrong type: expected string, got number")
    ]
    for kind in ("consumer", "credential"):
        assert found(schemas, kind, on) == [
            ("plugins.key-auth", 'property "key" is required')
        ]
    assert found(schemas, "stream_route", on) == [
        ("plugins.key-auth", "additional properties forbidden, found header")
    ]
    for kind in ("consumer", "service", "global_rule", "plugin_config"):
        assert found(schemas, kind, {"plugins": {"limit-count": {}}}) == [
            ("plugins.limit-count", 'property "count" is required')
        ]


def test_plugin_metadata_is_checked_without_its_id() -> None:
    metadata = {"metadata_schema": STRICT}
    schemas = schemas_of(plugins={**CATALOGUE, "echo": metadata})
    assert found(schemas, "plugin_metadata", {"id": "echo"}) == []
    assert found(schemas, "plugin_metadata", {"id": "limit-count", "a": 1}) == []
    assert found(
        schemas, "plugin_metadata", {"id": "limit-count", "limit_header": 5}
    ) == [("limit_header", "wrong type: expected string, got number")]
    assert found(schemas, "plugin_metadata", {"id": "nosuch", "a": 1}) == []


def test_a_plugin_that_is_switched_off_need_not_be_right() -> None:
    schemas = schemas_of(plugins=CATALOGUE)
    for disabled, expected in ((True, 0), (False, 1), ("true", 1)):
        plugins = {"limit-count": {"_meta": {"disable": disabled}}}
        assert len(found(schemas, "route", {"plugins": plugins})) == expected


def test_a_credential_holds_one_plugin_that_authenticates() -> None:
    schemas = schemas_of(plugins=CATALOGUE)
    both = {"plugins": {"key-auth": {"key": "a"}, "limit-count": {"count": 1}}}
    assert found(schemas, "credential", both) == [
        ("plugins", "expect object to have at most 1 properties"),
        (
            "plugins.limit-count",
            "only supports auth type plugins in consumer credential",
        ),
    ]
    # A gateway that does not tell which plugins authenticate is not second-guessed.
    silent = schemas_of(plugins={"key-auth": {"schema": {}}})
    assert found(silent, "credential", {"plugins": {"key-auth": {}}}) == []


@pytest.mark.parametrize("document", [{}, {"plugins": 5}, {"plugins": {"x": "y"}}])
def test_without_schemas_nothing_is_wrong(document: Document) -> None:
    for kind in [*KIND_BY_PATH.values()]:
        assert found(schemas_of(), kind.name, document) == []


def test_encrypt_fields_are_those_of_all_a_plugins_schemas() -> None:
    odd = {"odd": {"schema": {"encrypt_fields": 5}, "consumer_schema": "no schema"}}
    schemas = schemas_of(
        plugins={**CATALOGUE, **odd},
        stream_plugins={"limit-count": {"schema": {"encrypt_fields": ["z"]}}},
    )
    assert schemas.encrypt_fields == {
        "key-auth": ("key",),
        "limit-count": ("z", "redis_password", "x.y"),
    }


def test_schemas_survive_being_stored() -> None:
    schemas = schemas_of(
        kinds={"route": STRICT},
        plugins=CATALOGUE,
        stream_plugins={"a": {"schema": STRICT}},
    )
    found(schemas, "route", {"plugins": {"limit-count": {}}})
    again = Schemas.from_json(json.loads(json.dumps(schemas.as_json())))
    assert again == schemas


# --- From a gateway


def client_of(sandbox: SandboxGateway) -> AdminClient:
    return AdminClient(
        admin_url=sandbox.admin_url,
        admin_key=sandbox.key,
        session=new_session(),
        deadline=60,
    )


def test_everything_is_fetched_from_a_gateway(sandbox: SandboxGateway) -> None:
    with client_of(sandbox) as client:
        schemas = fetch_schemas(client)
    assert schemas.version == "3.18.0"
    assert {"route", "service", "upstream", "ssl", "consumer"} <= set(schemas.kinds)
    assert schemas.plugins["key-auth"]["consumer_schema"]["required"] == ["key"]
    assert "ip-restriction" in schemas.stream_plugins
    assert schemas.encrypt_fields["key-auth"] == ("key",)
    assert found(schemas, "route", {"uri": "/", "plugins": {"limit-count": {}}})
    assert len(sandbox.requests()) <= 15
    assert sandbox.requests("write") == []
