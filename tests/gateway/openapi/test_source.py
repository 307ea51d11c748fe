"""What is no document is refused in words, and nothing may take all memory or time."""

import json
import socket
from contextlib import ExitStack

import pytest

from gateway.openapi.children import AT_ONCE, room
from gateway.openapi.errors import OpenAPIError, TooBusy
from gateway.openapi.references import pointed_at
from gateway.openapi.source import CHECKED_UP_TO, LIMIT, read_source, trouble_with
from tests.openapi_samples import PETSTORE, petstore

YAML = """
openapi: 3.1.0
info: {title: Shop, version: 1.0}
x-dates: [2026-01-31, on, no, 0x10, 9223372036854775807]
paths:
  /pets:
    get:
      responses:
        200: &ok {description: ok}
        201: *ok
"""


def refusal(source: bytes | str) -> OpenAPIError:
    with pytest.raises(OpenAPIError) as caught:
        read_source(source.encode() if isinstance(source, str) else source)
    return caught.value


def test_json_and_yaml_say_the_same() -> None:
    assert read_source(json.dumps(PETSTORE).encode()) == PETSTORE

    told = read_source(YAML.encode())

    assert told["x-dates"] == ["2026-01-31", "on", "no", 16, 9223372036854775807]
    responses = told["paths"]["/pets"]["get"]["responses"]
    assert responses == {"200": {"description": "ok"}, "201": {"description": "ok"}}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "empty"),
        ("[1]", "is an object"),
        ("just words", "is an object"),
        ('{"a": 1, "a": 2}', '"a" stands twice'),
        ("a: 1\nb: 2\na: 3", 'Line 3: The key "a" stands twice'),
        ('{"a": NaN}', "NaN is no number"),
        ("a: .inf", ".inf is no number"),
        ('{"a": ', "This is not JSON"),
        ("a: [", "neither JSON nor YAML"),
        ("a: !!python/object/apply:os.system [ls]", "Tags are not read"),
        ("a: &a [*a]", "not complete"),
        ("a: {<<: {b: 1}}", "Merge keys"),
        ("a: 1\n---\nb: 1", "A second document"),
        ("a: \x01", "control character"),
        ('{"a": "\\u0000"}', "NUL character"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"a":' * 5_000, "deeper than"),
        ("[" * 100_000, "deeper than"),
        ("a: " + "[" * 200 + "]" * 200, "deeper than"),
        (f'{{"a": {"9" * 400}}}', "too many digits"),
        ('{"a": 1e999}', "too large"),
        ("a: 1e999", "too large"),
        ("openapi: 3.1.0".encode("utf-16"), "UTF-16"),
        (b"a: \xe9t\xe9", "not UTF-8"),
    ],
)
def test_what_is_no_document_is_refused_in_words(
    source: bytes | str, words: str
) -> None:
    assert words in str(refusal(source))


def test_a_line_is_named_where_it_is_known() -> None:
    assert refusal('{"a": 1,\n"b" 2}').line == 2
    assert refusal("a: 1\nb: *none").line == 2


def test_a_billion_laughs_are_refused_in_words() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    assert "aliases written out" in str(refusal("\n".join(lines)))


def test_long_texts_that_stand_for_much_are_refused() -> None:
    source = f"a: &a {'A' * 10_000}\nb: [{', '.join(['*a'] * 20_000)}]"

    assert "40,000,000 characters" in str(refusal(source))


def test_a_key_that_stands_twice_among_very_many_is_found() -> None:
    # Compared with each other they would take hours.
    keys = ",".join(f'"k{number}":1' for number in range(200_000))

    assert '"k199999" stands twice' in str(refusal(f'{{{keys},"k199999":1}}'))


def test_a_reference_by_a_number_without_end_leads_to_nothing() -> None:
    with pytest.raises(OpenAPIError, match="leads to nothing"):
        pointed_at({"tags": ["a"]}, f"#/tags/{'9' * 5_000}", ())


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
@pytest.mark.parametrize("name", ["default", "example", "enum"])
def test_comparing_with_the_rules_asks_nobody(version: str, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        address = f"http://127.0.0.1:{inside.getsockname()[1]}/secret"
        document = petstore()
        del document["openapi"]
        document["swagger" if version == "2.0" else "openapi"] = version
        pet = document["components"]["schemas"]["Pet"]
        value = {"$ref": address}
        pet["properties"]["tag"] = {name: [value] if name == "enum" else value}
        operation = document["paths"]["/pets"]["get"]
        operation["parameters"] = [
            {"name": "tag", "in": "query", "schema": pet["properties"]["tag"]}
        ]

        read_source(json.dumps(document).encode())
        trouble_with(document, 1_000)

        inside.settimeout(0.2)
        with pytest.raises(TimeoutError):
            inside.accept()


def test_what_needs_more_memory_than_a_child_has_is_refused() -> None:
    # Four hundred thousand keys in flow style, each a value of its own.
    deep = "a: {" + ", ".join(f"k{n}: [[], [], [], []]" for n in range(450_000)) + "}"

    assert "more than 2,000,000 values" in str(refusal(deep))


def test_a_document_of_twenty_megabytes_and_a_byte_is_refused() -> None:
    assert "larger than 20,000,000 bytes" in str(refusal(b" " * (LIMIT + 1)))


@pytest.mark.parametrize(
    "reference",
    ["http://127.0.0.1/x.json", "file:///etc/passwd", "other.yaml#/a", "//host/x"],
)
def test_a_reference_that_leads_out_is_refused_and_named(reference: str) -> None:
    document = petstore()
    document["paths"]["/pets"]["get"]["responses"]["200"] = {"$ref": reference}

    error = refusal(json.dumps(document))

    assert "leads out of the document" in str(error)
    assert error.pointer == "#/paths/~1pets/get/responses/200"


def test_what_an_example_holds_refers_to_nothing() -> None:
    document = petstore(**{"x-note": {"$ref": "http://a/"}})
    pet = document["components"]["schemas"]["Pet"]
    pet["example"] = {"$ref": "http://a/"}
    pet["properties"]["$ref"] = {"type": "string"}

    assert read_source(json.dumps(document).encode()) == document


def test_what_is_not_valid_is_told_with_its_pointer() -> None:
    document = petstore(info={"title": "Shop"})
    document["paths"]["/pets/{petId}"]["parameters"] = []

    told = trouble_with(document, 1_000)

    assert any(
        "'version' is a required property" in one.replace('"', "'") for one in told
    )
    assert any("#/info" in one for one in told)
    assert any("petId" in one for one in told)
    assert trouble_with(petstore(), 1_000) == []


def test_a_large_document_is_not_compared_with_every_rule() -> None:
    assert "not compared with all rules" in trouble_with({}, CHECKED_UP_TO + 1)[0]


def test_so_many_documents_are_read_at_once_and_no_more() -> None:
    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(room)
        assert isinstance(refusal(YAML), TooBusy)
        assert read_source(json.dumps(PETSTORE).encode()) == PETSTORE
        assert trouble_with({"openapi": "3.1.0"}, 100)[0].startswith("Nobody compared")

    assert read_source(YAML.encode())["openapi"] == "3.1.0"
