"""The normal form, on what a real gateway answered and by law."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.canonical import canonical
from gateway.documents import SERVER_MANAGED, digest, normal_form, same
from gateway.kinds import KINDS
from gateway.schemas import Schemas
from tests.contract import contract, contract_document

Path = tuple[str | int, ...]
KEY = b"the tests' fingerprint key"
OLD, NEW = "3.13.0", "3.14.0"
PLURAL = {
    "routes": "route",
    "services": "service",
    "upstreams": "upstream",
    "consumers": "consumer",
    "credentials": "credential",
    "consumer_groups": "consumer_group",
    "plugin_configs": "plugin_config",
    "global_rules": "global_rule",
    "plugin_metadata": "plugin_metadata",
    "stream_routes": "stream_route",
    "secrets": "secret",
    "ssls": "ssl",
    "protos": "proto",
}

# --- What a real gateway gave back


def recorded_schemas() -> Schemas:
    """The schemas of the gateway that the recordings come from."""
    told = contract_document("schema")
    return Schemas(
        version=OLD,
        kinds=told["main"],
        plugins=told["plugins"],
        stream_plugins=told["stream_plugins"],
    )


def pairs() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return (kind, what was sent, what GET then said) of every PUT and POST."""
    found = []
    for line in contract("readback"):
        if line["method"] in {"PUT", "POST"}:
            parts = line["path"].partition("?")[0].split("/")[3:]
            kind = PLURAL["credentials" if "credentials" in parts else parts[0]]
            found.append((kind, line["sent"], line["read"]))
    return found


@pytest.mark.contract
@pytest.mark.parametrize("version", [None, OLD, NEW, "3.18.0", ""])
def test_what_was_sent_equals_what_was_read_back(version: str | None) -> None:
    schemas = recorded_schemas()
    recorded = pairs()
    unequal = [
        (kind, sent, read)
        for kind, sent, read in recorded
        if not same(kind, sent, read, version=version, schemas=schemas)
        or digest(kind, sent, key=KEY) != digest(kind, read, key=KEY)
    ]
    print(f"{len(recorded) - len(unequal)} of {len(recorded)} pairs equal")  # noqa: T201
    assert len(recorded) > 1_000
    assert not unequal, unequal[:3]


@pytest.mark.contract
def test_every_single_field_mutation_is_told_apart() -> None:
    """Some edits are no mutations, each for its reason:

    removing `id` (identity stands beside a document) or what the server manages;
    a numeric id written as text, as the gateway itself does; 1 for 1.0, since Lua has
    one type for both; and what gateway/meaning.py says.
    """
    tried: Counter[str] = Counter()
    missed = []
    seen = set()
    for kind, sent, read in pairs():
        document = {"id": read["id"], **sent} if "id" in read else sent
        if (kind, canonical(document)) in seen:
            continue
        seen.add((kind, canonical(document)))
        for what, path, mutant in mutations(document):
            tried[what] += 1
            if same(kind, mutant, read) and not is_meant(kind, path, document, mutant):
                missed.append((what, path, mutant))
    print(f"{sum(tried.values())} mutations of {len(seen)} documents: {dict(tried)}")  # noqa: T201
    assert sum(tried.values()) > 50_000
    assert not missed, missed[:3]


@pytest.mark.contract
def test_the_same_mutations_have_other_digests() -> None:
    missed = []
    for kind, _, read in pairs()[::40]:
        own = digest(kind, read, key=KEY)
        missed += [
            (what, path, mutant)
            for what, path, mutant in mutations(read)
            # The digest is of the document; the id stands beside it.
            if path != ("id",) and digest(kind, mutant, key=KEY) == own
        ]
    assert not missed, missed[:3]


def mutations(
    document: dict[str, Any],
) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Yield (what, path, mutant) for every single change of the document."""
    for path, value in places(document, ()):
        managed = path[:1] in {(name,) for name in SERVER_MANAGED}
        for what, other in variants(value):
            if path == ("id",) and other == str(value):
                continue
            if path and not managed:
                yield what, path, replaced(document, path, other)
        if path and not managed and path != ("id",):
            yield "removed", path, removed(document, path)
        if isinstance(value, dict) and not managed:
            yield "added key", path, replaced(document, path, {**value, "zzz": 1})


def is_meant(kind: str, path: Path, document: Any, mutant: Any) -> bool:
    """Say whether a mutation is one that gateway/meaning.py is about.

    A reference as number or text, an empty table's form.
    """
    old, new = at(document, path), at(mutant, path)
    return (
        path in {one.path for one in KINDS[kind].references} and str(old) == str(new)
    ) or (old in ({}, []) and new in ({}, []))


def at(document: Any, path: Path) -> Any:
    """Return the value at a path, a mark of its own where there is none."""
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError):
            return "(not there)"
    return document


def places(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    yield path, value
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    for name, member in members:
        yield from places(member, (*path, name))


def variants(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield (what, another value) for one value."""
    if isinstance(value, bool):
        yield from (("value", not value), ("type", int(value)), ("type", str(value)))
    elif isinstance(value, int | float):
        yield from (("value", value + 1), ("value", value - 0.5), ("value", -value - 1))
        yield "type", bool(value)
        yield "type", [value]
        yield "type", str(value)
    elif isinstance(value, str):
        yield from (
            ("value", value + " "),
            ("value", value + "x"),
            ("value", "zzz" + value),
        )
        yield from (("type", [value]), ("type", {value: ""}), ("type", 17))
        if value != value.swapcase():
            yield "value", value.swapcase()
    elif isinstance(value, list):
        yield from (("list longer", [*value, "zzz"]), ("type", {}), ("type", ""))
        if value:
            yield "list shorter", value[:-1]
            yield "list repeats", [*value, value[-1]]
        for index in range(len(value) - 1):
            if canonical(value[index]) != canonical(value[index + 1]):
                swapped = list(value)
                swapped[index : index + 2] = swapped[index + 1], swapped[index]
                yield "list order", swapped
    elif isinstance(value, dict):
        yield from (("type", [value]), ("type", "x"), ("type", 0))
        if not value:
            yield "type", []
    yield "type", None


def replaced(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    copied = copy.copy(document)
    copied[path[0]] = replaced(document[path[0]], path[1:], value)
    return copied


def removed(document: Any, path: Path) -> Any:
    copied = copy.copy(document)
    if len(path) == 1:
        del copied[path[0]]
    else:
        copied[path[0]] = removed(document[path[0]], path[1:])
    return copied


# --- Gateways before 3.14 store the defaults of their schemas


@pytest.mark.contract
@pytest.mark.parametrize("deep", [True, False], ids=["nested too", "outermost only"])
def test_filled_in_defaults_make_no_difference_before_3_14(deep: bool) -> None:
    schemas = recorded_schemas()
    recorded, filled_up, missed = pairs(), 0, []
    for kind, sent, read in recorded:
        stored = with_defaults(schemas, kind, read, deep=deep)
        filled_up += stored != read
        if not same(kind, sent, stored, version=OLD, schemas=schemas):
            missed.append((kind, sent, stored))
        if stored != read:
            # A newer gateway stores what it was sent, so there it is a difference.
            assert not same(kind, sent, stored, version=NEW, schemas=schemas)
            assert not same(kind, sent, stored)
    print(f"{len(recorded) - len(missed)} of {len(recorded)}; {filled_up} had defaults")  # noqa: T201
    assert filled_up > 900
    assert not missed, missed[:3]


@pytest.mark.contract
def test_before_3_14_what_is_no_default_is_still_told_apart() -> None:
    """A mutation away from the default is seen; one to the default is none."""
    schemas = recorded_schemas()
    missed, tried = [], 0
    for kind, sent, read in pairs()[::10]:
        stored = with_defaults(schemas, kind, read, deep=True)
        for what, path, mutant in mutations(sent):
            if is_meant(kind, path, sent, mutant):
                continue
            if same(kind, sent, mutant, version=OLD, schemas=schemas):
                # Allowed only where the gateway would store the same for both.
                filled = with_defaults(schemas, kind, mutant, deep=True)
                if canonical(_meant(filled)) != canonical(_meant(stored)):
                    missed.append((what, path, mutant))
            tried += 1
    print(f"{tried} mutations, {len(missed)} missed")  # noqa: T201
    assert tried > 4_000
    assert not missed, missed[:5]


def _meant(document: dict[str, Any]) -> dict[str, Any]:
    return normal_form("", document)


def with_defaults(
    schemas: Schemas, kind: str, document: dict[str, Any], *, deep: bool
) -> dict[str, Any]:
    """Fill in defaults as the gateway's validator does while it checks."""
    filled: dict[str, Any] = copy.deepcopy(document)
    own = schemas.kinds.get(kind)
    if kind == "plugin_metadata":
        own = schemas.plugin_schema(kind, document["id"])
    fill(filled, own, deep=deep)
    for name, configuration in filled.get("plugins", {}).items():
        fill(configuration, schemas.plugin_schema(kind, name), deep=deep)
    return filled


def fill(value: Any, schema: Any, *, deep: bool) -> None:
    if not isinstance(schema, dict):
        return
    if isinstance(value, list):
        for item in value:
            fill(item, schema.get("items"), deep=deep)
    if isinstance(value, dict):
        for name, own in schema.get("properties", {}).items():
            if name not in value and isinstance(own, dict) and "default" in own:
                value[name] = copy.deepcopy(own["default"])
                if deep:
                    fill(value[name], own, deep=deep)
            elif name in value:
                fill(value[name], own, deep=deep)
    for choice in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(choice, []):
            if choice == "allOf" or is_valid(branch, value):
                fill(value, branch, deep=deep)
    for name, branch in schema.get("dependencies", {}).items():
        if isinstance(value, dict) and name in value:
            fill(value, branch, deep=deep)
    if "if" in schema:
        fill(
            value,
            schema.get("then" if is_valid(schema["if"], value) else "else"),
            deep=deep,
        )


@cache
def _validator(text: str) -> Any:
    return jsonschema_rs.Draft7Validator(json.loads(text), validate_formats=False)


def is_valid(schema: Any, value: Any) -> bool:
    return bool(_validator(json.dumps(schema)).is_valid(value))


# --- Laws

texts = st.text(st.characters(codec="utf-8"), max_size=6)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=12,
)
documents = st.dictionaries(
    texts | st.sampled_from(["id", "create_time", "uri", "plugins"]), values, max_size=5
)


@given(documents)
def test_a_document_is_the_same_as_itself(document: dict[str, Any]) -> None:
    assert same("route", document, json.loads(json.dumps(document)))
    assert digest("route", document, key=KEY) == digest("route", document, key=KEY)


@given(documents, documents)
def test_sameness_goes_both_ways(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert same("route", one, other) == same("route", other, one)


@given(documents)
def test_normalising_twice_changes_nothing_more(document: dict[str, Any]) -> None:
    once = normal_form("route", document)
    assert canonical(normal_form("route", once)) == canonical(once)


@settings(max_examples=50)
@given(documents)
def test_normalising_leaves_its_argument_alone(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    normal_form("route", document)
    assert document == before


@given(values)
def test_the_order_of_keys_does_not_matter(value: Any) -> None:
    assert canonical(value) == canonical(backwards(value))


def backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: backwards(value[name]) for name in reversed(list(value))}
    return [backwards(item) for item in value] if isinstance(value, list) else value


# --- Single facts


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"priority": 1}, {"priority": 1.0}, True),
        ({"priority": 1}, {"priority": True}, False),
        ({"priority": 0}, {"priority": False}, False),
        ({"priority": 0}, {"priority": -0.0}, True),
        ({"priority": 1}, {"priority": "1"}, False),
        ({"id": 1}, {"id": "1"}, True),
        ({"id": "1"}, {"id": "2"}, False),
        ({}, {"id": "2"}, True),
        ({"labels": {}}, {"labels": []}, False),
        ({"labels": {}}, {}, False),
        ({"desc": None}, {}, False),
        ({"create_time": 1}, {"create_time": 2, "update_time": 3}, True),
        ({"plugins": {"x": {"create_time": 1}}}, {"plugins": {"x": {}}}, False),
    ],
)
def test_what_counts_as_the_same(one: Any, other: Any, expected: bool) -> None:
    assert same("route", one, other) is expected


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (123456789012345678, 1.2345678901235e17),
        (0.12345678901234567, 0.12345678901235),
        (100000000000000000000, 1e20),
        (3.0000000000000001e15, 3e15),
    ],
)
def test_numbers_are_compared_with_the_digits_that_the_gateway_keeps(
    sent: float, read: float
) -> None:
    assert same("route", {"vars": [sent]}, {"vars": [read]})
    assert digest("route", {"vars": [sent]}, key=KEY) == digest(
        "route", {"vars": [read]}, key=KEY
    )


def test_a_number_beyond_any_float_is_still_compared() -> None:
    huge = 10**400
    assert same("route", {"priority": huge}, {"priority": huge})
    assert not same("route", {"priority": huge}, {"priority": huge + 1})


def test_a_lone_surrogate_is_still_compared() -> None:
    assert same("route", {"desc": "\ud800"}, {"desc": "\ud800"})
    assert not same("route", {"desc": "\ud800"}, {"desc": "\ud801"})


def test_a_digest_depends_on_kind_key_and_content_only() -> None:
    document = {"uri": "/a", "plugins": {"key-auth": {"key": "hush"}}}
    own = digest("route", document, key=KEY)
    assert own == digest("route", {**document, "update_time": 9, "id": "r"}, key=KEY)
    assert len(own) == 64
    assert own != digest("service", document, key=KEY)
    assert own != digest("route", document, key=b"another")
    assert own != digest(
        "route", {**document, "plugins": {"key-auth": {"key": "Hush"}}}, key=KEY
    )
