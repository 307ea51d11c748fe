"""YAML: what is written reads as it was, and bad files are told with their line."""

import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import given

from gateway.canonical import number_form
from gateway.formats.errors import FormatError
from gateway.formats.reader import VALUES_LIMIT, read_yaml
from gateway.formats.writer import write_yaml
from tests.gateway.formats.documents import TRAPS, values


def refusal(source: bytes | str) -> FormatError:
    with pytest.raises(FormatError) as caught:
        read_yaml(source.encode() if isinstance(source, str) else source)
    return caught.value


@given(values)
def test_any_value_reads_as_it_was_written(value: Any) -> None:
    value = number_form(value)
    text = write_yaml({"value": value}, head=["Made by a test"])

    read, _ = read_yaml(text.encode())

    assert number_form(read) == {"value": value}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_text_stays_a_text_for_older_readers_too(trap: str) -> None:
    text = write_yaml({"value": [trap, {trap: 1}]}, head=[])

    assert yaml.safe_load(text) == {"value": [trap, {trap: 1}]}


@pytest.mark.parametrize(
    ("plain", "meant"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("012", "012"),
        ("1_000", "1_000"),
        ("2026-01-31", "2026-01-31"),
        ("1:30", "1:30"),
        ("true", True),
        ("0x1f", 31),
        ("0o17", 15),
        ("-7", -7),
        ("1e3", 1000.0),
        ("~", None),
        ("", None),
        ("'1'", "1"),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(plain: str, meant: object) -> None:
    read, _ = read_yaml(f"value: {plain}\n".encode())

    assert read == {"value": meant}
    assert type(read["value"]) is type(meant)


def test_keys_are_texts_as_they_stand() -> None:
    read, _ = read_yaml(b"nodes:\n  127.0.0.1:80: 1\n1: one\nyes: two\n")

    assert read == {"nodes": {"127.0.0.1:80": 1}, "1": "one", "yes": "two"}


def test_the_line_of_each_part_is_known() -> None:
    source = b"routes:\n- id: a\n  uri: /a\n- id: b\n  plugins:\n    cors: {}\n"

    _, lines = read_yaml(source)

    assert lines.of("routes", 0) == 2
    assert lines.of("routes", 1) == 4
    assert lines.of("routes", 1, "plugins", "cors") == 6
    assert lines.of("routes", 1, "nothing", "there") == 4


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("a: 1\nb: *a\n", 2, "Aliases"),
        ("a: &a [*a]\n", 1, "Aliases"),
        ("a: 1\n<<: {b: 2}\n", 2, "Merge keys"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "Tags"),
        ("a: !secret x\n", 1, "Tags"),
        ("a: 1\nb: 2\na: 3\n", 3, "stands twice"),
        ("a: 1\n? [b]\n: 2\n", 2, "A key must be a text"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: 1\nb: .inf\n", 2, "no number"),
        ("a: .nan\n", 1, "no number"),
        ("a: 9007199254740993\n", 1, "more digits than gateways keep"),
        (f"a: {'9' * 5000}\n", 1, "more digits than gateways keep"),
        ("a: 1e999\n", 1, "too large"),
        ("a: [1, 2\n", 2, "no YAML"),
        ("a: 1\n\tb: 2\n", 2, "no YAML"),
        ('a: "\\q"\n', 1, "no YAML"),
        ("a: 1\nb: x\x07y\n", 2, "control character"),
        ("a: 1\nb: \x00\n", 2, "control character"),
        ("a: " + "[" * 60 + "]" * 60, 1, "nests deeper"),
    ],
)
def test_what_no_file_may_hold_is_told_with_its_line(
    source: str, line: int, words: str
) -> None:
    error = refusal(source)

    assert error.line == line
    assert words in str(error)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        ("a: 1\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff\x00a", "UTF-16"),
    ],
)
def test_a_file_in_another_form_is_refused(source: bytes, words: str) -> None:
    assert words in str(refusal(source))


def test_a_byte_that_is_not_utf_8_is_told_with_its_line() -> None:
    error = refusal("a: 1\nb: é\n".encode("latin-1"))

    assert error.line == 2
    assert "0xe9" in str(error)


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    assert read_yaml(b"\xef\xbb\xbfa: 1\n")[0] == {"a": 1}


def test_a_bomb_is_refused_before_it_grows() -> None:
    levels = "\n".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)
    )
    tracemalloc.start()
    try:
        error = refusal(f"a0: &a0 [lol]\n{levels}\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert "Aliases" in str(error)
    assert peak < 2_000_000


def test_more_values_than_any_gateway_holds_are_refused() -> None:
    error = refusal(f"a: [{'1,' * (VALUES_LIMIT + 1)}]\n")

    assert "more than" in str(error)


def test_comments_cannot_end_early() -> None:
    text = write_yaml({"a": 1}, head=["one\nb: 2", "\x85c: 3"])

    assert read_yaml(text.encode())[0] == {"a": 1}


def test_progress_is_told() -> None:
    told: list[float] = []

    read_yaml(b"a: [" + b"1, " * 50_000 + b"1]\n", progress=told.append)

    assert told == sorted(told)
    assert 0.5 < told[-1] <= 1
