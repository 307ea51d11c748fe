"""The laws of forms made of schemas, for every plugin that there is."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sandbox.schemas import PLUGINS, STREAM_PLUGINS
from gateway.schema_example import example
from gateway.schema_fields import alternatives, fields_of, items_of, types_of
from portal.web.asking.schema_form.nodes import MISSING, Node, Widget, node_of
from portal.web.asking.schema_form.read import read

SCHEMAS = {
    f"{name} {which}": described[which]
    for name, plugin in {**STREAM_PLUGINS, **PLUGINS}.items()
    for described in [plugin.described()]
    for which in ("schema", "consumer_schema", "metadata_schema")
    if isinstance(described.get(which), dict)
}
AT = ("plugins", "x")
MANY = int(os.environ.get("SCHEMA_FORM_EXAMPLES", "150"))
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.floats(-9, 9)
    | st.text(max_size=6) | st.sampled_from(["$env://A", "a\nb", "a\r\nb", " a", "a: b"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
    max_leaves=6,
)  # fmt: skip


def documents(schema: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Mostly what a schema describes, and now and then anything else."""
    forms = [_of_form(one, depth) for one in alternatives(schema)]
    return st.one_of(*forms, *forms, *forms, anything) if depth else st.one_of(*forms)


def _of_form(schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if schema.get("enum"):
        return st.sampled_from(schema["enum"])
    types, known = types_of(schema), fields_of(schema)
    if types == ("object",) and known and depth < 4:
        shown = known[:12]
        return st.fixed_dictionaries(
            {},
            optional={f.name: documents(f.schema, depth + 1) for f in shown},
        ).flatmap(
            lambda made: st.dictionaries(
                st.sampled_from(["_meta", "zz", "a/b", "a~b"]), anything, max_size=2
            ).map(lambda more: more | made)
        )
    if types == ("array",) and items_of(schema) and depth < 4:
        return st.lists(documents(items_of(schema), depth + 1), max_size=3)
    return {
        ("string",): st.text(max_size=8) | st.sampled_from(["$env://A", "a\nb"]),
        ("integer",): st.integers(-999, 999),
        ("boolean",): st.booleans(),
    }.get(types, anything)


def leaves(node: Node) -> Iterator[Node]:
    if node.widget in (Widget.GROUP, Widget.LIST):
        for one in node.below:
            yield from leaves(one)
    else:
        yield node


def sent_by_browser(node: Node) -> dict[str, str]:
    """What a browser sends for a form that nobody touched."""
    return {one.name: one.shown.replace("\n", "\r\n") for one in leaves(node)}


@given(st.sampled_from(sorted(SCHEMAS)), st.data())
@settings(max_examples=MANY)
def test_a_form_that_nobody_touched_changes_nothing(
    name: str, data: st.DataObject
) -> None:
    schema = SCHEMAS[name]
    document = data.draw(documents(schema))
    node = node_of(schema, document, AT, secret=schema.get("encrypt_fields", ()))

    value = read(node, sent_by_browser(node)).value

    assert as_text(value) == as_text(document)


@given(st.sampled_from(sorted(SCHEMAS)), st.data())
@settings(max_examples=MANY)
def test_what_is_typed_is_set_and_all_else_stays(
    name: str, data: st.DataObject
) -> None:
    schema = SCHEMAS[name]
    document = data.draw(documents(schema))
    node = node_of(schema, document, AT)
    texts = [one for one in leaves(node) if one.widget in (Widget.TEXT, Widget.HIDDEN)]
    if not texts:
        return
    edited = data.draw(st.sampled_from(texts))

    value = read(node, sent_by_browser(node) | {edited.name: "new text"}).value

    assert at(value, edited.path) == "new text"
    again = node_of(schema, value, AT)
    back = next((one for one in leaves(again) if one.name == edited.name), None)
    assert back is not None
    if edited.value is not MISSING:
        put(value, edited.path, edited.value)
        assert value == document


def as_text(value: Any) -> str:
    """1, 1.0 and true are equal to Python, and not to a gateway."""
    return json.dumps(value, sort_keys=True)


def at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path[len(AT) :]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def put(value: Any, path: tuple[str, ...], leaf: Any) -> None:
    holder = at(value, path[:-1])
    holder[int(path[-1]) if isinstance(holder, list) else path[-1]] = leaf


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_few_fields_of_plugins_need_json(name: str) -> None:
    schema = SCHEMAS[name]
    node = node_of(schema, example(schema, is_plugin=True) or {}, AT)

    assert node.widget is Widget.GROUP or not fields_of(schema)
    as_json = [one for one in leaves(node) if one.widget is Widget.JSON]
    assert len(as_json) <= max(4, len([*leaves(node)]) // 2)


LIMIT = SCHEMAS["limit-count schema"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"count": "7"}, {"count": 7}),
        ({"count": "$env://COUNT"}, {"count": "$env://COUNT"}),
        ({"count": "", "time_window": "60"}, {"time_window": 60}),
        ({"policy": '"redis"'}, {"count": 1, "policy": "redis"}),
        ({"allow_degradation": "true"}, {"count": 1, "allow_degradation": True}),
        ({"sync_interval": "0.5"}, {"count": 1, "sync_interval": 0.5}),
        (
            {"redis_cluster_nodes": "a:1\r\n\r\n b:2 "},
            {"count": 1, "redis_cluster_nodes": ["a:1", "b:2"]},
        ),
        ({"redis_password": "s3"}, {"count": 1, "redis_password": "s3"}),
    ],
)
def test_what_is_typed_becomes_what_the_schema_says(
    sent: dict[str, str], expected: dict[str, Any]
) -> None:
    node = node_of(LIMIT, {"count": 1}, AT, secret=LIMIT["encrypt_fields"])

    typed = {f"plugins/x/{name}": text for name, text in sent.items()}

    assert read(node, typed).value == expected


def test_a_secret_is_never_shown_and_kept_unless_set_anew() -> None:
    node = node_of(
        LIMIT, {"redis_password": "redacted:12345678"}, AT, secret=["redis_password"]
    )
    inputs = {one.label: one for one in leaves(node)}

    assert inputs["redis_password"].widget is Widget.HIDDEN
    assert inputs["redis_password"].shown == ""
    assert read(node, {"plugins/x/redis_password": ""}).value == node.value


def test_items_of_a_list_go_and_stay() -> None:
    node = node_of(LIMIT, {"rules": [{"key": "a"}, {"key": "b", "zz": 1}]}, AT)

    value = read(
        node, {"plugins/x/rules/0/gone": "on", "plugins/x/rules/1/count": "3"}
    ).value

    assert value == {"rules": [{"key": "b", "zz": 1, "count": 3}]}


def test_what_is_no_json_is_told_at_its_input() -> None:
    node = node_of({}, {"a": 1}, AT)

    sent = read(node, {"plugins/x": "{"})

    assert sent.wrong["plugins/x"].startswith("This is not JSON")
