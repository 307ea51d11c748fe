"""When two documents are the same: laws, for made-up documents of every kind.

Real gateways of 3.18 were recorded (test_documents.py). What others do is known from
their source and covered by these laws.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.canonical import canonical
from gateway.documents import SERVER_MANAGED, normal_form, same
from gateway.kinds import KINDS
from gateway.meaning import meanings
from gateway.schemas import Schemas
from tests.gateway.made_up import METADATA_OF, documents_of, schemas_of
from tests.gateway.test_documents import (
    backwards,
    is_meant,
    mutations,
    places,
    replaced,
    with_defaults,
)

OLD, NEW = "3.13.0", "3.18.0"
SCHEMAS = {version: schemas_of(version) for version in (OLD, NEW)}
EVERY_KIND = pytest.mark.parametrize("kind", sorted(KINDS))
EITHER = pytest.mark.parametrize("version", [OLD, NEW])
FEW = settings(max_examples=15)
HOLDERS_OF_NODES = ["upstream", "route", "service", "stream_route"]


def are_same(kind: str, a: Any, b: Any, version: str = NEW) -> bool:
    return same(kind, a, b, version=version, schemas=SCHEMAS[version])


@EVERY_KIND
@EITHER
def test_a_document_is_the_same_as_itself_in_any_order_of_keys(
    kind: str, version: str
) -> None:
    @FEW
    @given(documents_of(kind))
    def law(document: dict[str, Any]) -> None:
        again = backwards(json.loads(json.dumps(document)))
        assert are_same(kind, document, again, version)
        assert same(kind, document, again)

    law()


@EVERY_KIND
@EITHER
def test_sameness_goes_both_ways(kind: str, version: str) -> None:
    @FEW
    @given(documents_of(kind), st.data())
    def law(document: dict[str, Any], data: st.DataObject) -> None:
        _, _, other = data.draw(st.sampled_from([*mutations(document)]))
        there = are_same(kind, document, other, version)
        assert are_same(kind, other, document, version) == there

    law()


@EVERY_KIND
@EITHER
def test_normalising_twice_equals_once(kind: str, version: str) -> None:
    schemas = SCHEMAS[version]

    def normal(document: dict[str, Any]) -> dict[str, Any]:
        own_id = METADATA_OF if kind == "plugin_metadata" else ""
        return normal_form(
            kind, document, version=version, schemas=schemas, resource_id=own_id
        )

    def meant(document: dict[str, Any]) -> dict[str, Any]:
        (one,) = meanings(kind, document, schemas=schemas, resource_id=METADATA_OF)
        return one

    @FEW
    @given(documents_of(kind))
    def law(document: dict[str, Any]) -> None:
        before = canonical(document)
        for form in (normal, meant):
            once = form(document)
            assert canonical(form(once)) == canonical(once)
        assert canonical(document) == before

    law()


@EVERY_KIND
@pytest.mark.parametrize("deep", [True, False], ids=["nested too", "outermost only"])
def test_before_3_14_defaults_never_count(kind: str, deep: bool) -> None:
    """Added or taken away; the newer gateways store what they were sent."""

    @FEW
    @given(documents_of(kind))
    def law(document: dict[str, Any]) -> None:
        filled = with_defaults(SCHEMAS[OLD], kind, document, deep=deep)
        assert are_same(kind, document, filled, OLD)
        if canonical(filled) != canonical(document):
            assert not are_same(kind, document, filled, NEW)

    law()


@EVERY_KIND
@EITHER
def test_what_the_server_manages_never_counts(kind: str, version: str) -> None:
    managed = st.dictionaries(st.sampled_from(SERVER_MANAGED), st.integers(0))

    @FEW
    @given(documents_of(kind), managed, managed)
    def law(document: Any, one: dict[str, int], other: dict[str, int]) -> None:
        assert are_same(kind, document | one, document | other, version)

    law()


@EVERY_KIND
@EITHER
def test_one_number_has_many_forms(kind: str, version: str) -> None:
    @FEW
    @given(documents_of(kind))
    def law(document: dict[str, Any]) -> None:
        assert are_same(kind, document, as_floats(document), version)

    law()


def as_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_floats(one) for one in value]
    return float(value) if type(value) is int else value


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"plugin_metadata"}))
@EITHER
def test_an_id_is_one_as_number_and_as_text(kind: str, version: str) -> None:
    """Its own, and those that it names. Metadata's is a name, which is no number."""
    paths = [("id",), *(one.path for one in KINDS[kind].references)]

    @FEW
    @given(documents_of(kind), st.sampled_from(paths), st.integers(1, 10**9))
    def law(document: dict[str, Any], path: Any, number: int) -> None:
        one, other = (put(document, path, value) for value in (number, str(number)))
        assert are_same(kind, one, other, version)
        assert not are_same(kind, one, put(document, path, number + 1), version)

    law()


def put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    name, *rest = path
    if rest:
        held = document.get(name)
        value = put(held if isinstance(held, dict) else {}, tuple(rest), value)
    return {**document, name: value}


@EVERY_KIND
@EITHER
def test_an_empty_table_has_two_forms_where_its_schema_knows_which(
    kind: str, version: str
) -> None:
    @FEW
    @given(documents_of(kind))
    def law(document: dict[str, Any]) -> None:
        for path, value in places(document, ()):
            if path and value in ({}, []) and is_typed(SCHEMAS[version], kind, path):
                other = replaced(document, path, [] if value == {} else {})
                assert are_same(kind, document, other, version), path

    law()


def is_typed(schemas: Schemas, kind: str, path: tuple[Any, ...]) -> bool:
    """Say whether a schema plainly wants an object or a list there."""
    if path[0] == "plugins" and len(path) > 1:
        schema: Any = schemas.plugin_schema(kind, path[1])
        path = path[2:]
    else:
        schema = schemas.kinds.get(kind)
        if kind == "plugin_metadata":
            schema = schemas.plugin_schema(kind, METADATA_OF)
    for part in path:
        if not isinstance(schema, dict):
            return False
        if isinstance(part, int):
            schema = schema.get("items")
        else:
            schema = schema.get("properties", {}).get(part)
    return isinstance(schema, dict) and schema.get("type") in {"object", "array"}


@pytest.mark.parametrize(
    ("kind", "one", "other", "expected"),
    [
        ("route", {"labels": {}}, {"labels": []}, True),
        ("route", {"methods": {}}, {"methods": []}, True),
        ("route", {"plugins": {"cors": {}}}, {"plugins": {"cors": []}}, True),
        ("route", {"labels": {}}, {}, False),
        # Nobody says what is due there, and APISIX keeps what was sent.
        (
            "route",
            {"plugins": {"cors": {"x": {}}}},
            {"plugins": {"cors": {"x": []}}},
            False,
        ),
        ("upstream", {"nodes": {}}, {"nodes": []}, True),
    ],
)
def test_which_empty_tables_are_one(
    kind: str, one: Any, other: Any, expected: bool
) -> None:
    assert are_same(kind, one, other) is expected


hosts = st.sampled_from(["10.0.0.1", "a.example.com", "[::1]", "b"])
ports = st.none() | st.integers(1, 65535)
nodes = st.dictionaries(
    st.tuples(hosts, ports), st.integers(0, 100), min_size=1, max_size=4
)


@pytest.mark.parametrize("kind", HOLDERS_OF_NODES)
@EITHER
def test_nodes_mean_the_same_in_either_form(kind: str, version: str) -> None:
    @FEW
    @given(documents_of(kind), nodes, st.data())
    def law(document: dict[str, Any], held: Any, data: st.DataObject) -> None:
        as_object = {
            host if port is None else f"{host}:{port}": weight
            for (host, port), weight in held.items()
        }
        as_list = [
            {"host": host, "weight": weight} | ({"port": port} if port else {})
            for (host, port), weight in held.items()
        ]
        path = ("nodes",) if kind == "upstream" else ("upstream", "nodes")
        one = put(document, path, as_object)
        other = put(document, path, data.draw(st.permutations(as_list)))
        assert are_same(kind, one, other, version)
        assert same(kind, one, other)

        # Of two lists somebody chose the order.
        turned = as_list[::-1]
        is_turned = len(as_list) > 1
        assert (
            same(kind, put(document, path, as_list), put(document, path, turned))
            is not is_turned
        )

        fewer = put(document, path, as_list[1:])
        heavier = [{**as_list[0], "weight": as_list[0]["weight"] + 1}, *as_list[1:]]
        assert not are_same(kind, one, fewer, version)
        assert not are_same(kind, one, put(document, path, heavier), version)

    law()


def test_of_two_nodes_with_one_address_the_order_counts() -> None:
    """The last one wins in APISIX."""
    light, heavy = ({"host": "a", "port": 80, "weight": w} for w in (1, 2))
    assert not same("upstream", {"nodes": [light, heavy]}, {"nodes": [heavy, light]})


@EVERY_KIND
def test_every_other_change_counts(kind: str) -> None:
    """Save those of the laws above: an id's form, an empty table's."""
    tried = 0

    @settings(max_examples=10)
    @given(documents_of(kind))
    def law(document: dict[str, Any]) -> None:
        nonlocal tried
        for what, path, mutant in mutations(document):
            if is_meant(kind, path, document, mutant):
                continue
            tried += 1
            assert not are_same(kind, document, mutant), (what, path)
            assert not same(kind, document, mutant), (what, path)

    law()
    assert tried > 20
