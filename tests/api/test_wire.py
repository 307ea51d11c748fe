"""What is JSON here, and what is not."""

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from portal.api.wire import read_object
from tests.api.conftest import Desk, Program, assert_problem, stored


@given(st.binary(max_size=60))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    value: object = None
    with suppress(ParseError):
        value = read_object(body)
    assert value is None or value == orjson.loads(body)


REFUSED = {
    "nothing": b"",
    "not JSON": b"{reason: 1}",
    "a list": b"[1]",
    "a text": b'"x"',
    "null": b"null",
    "a number": b"7",
    "two objects": b"{}{}",
    "a cut object": b'{"reason": "x"',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "a float beyond all": b'{"a": 1e999}',
    "a huge integer": b'{"a": 123456789012345678901234567890}',
    "an integer that doubles cannot keep": b'{"a": 9007199254740993}',
    "a million digits": b'{"a": ' + b"9" * 1_000_000 + b"}",
    "a key twice": b'{"reason": "x", "reason": "y"}',
    "a key twice, deep": b'{"route": {"uri": "/a", "uri": "/b"}}',
    "deep lists": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 200 + b"1" + b"}" * 200,
    "a NUL": b'{"reason": "a\\u0000b"}',
    "a NUL in a key": b'{"a\\u0000b": 1}',
    "a lone surrogate": b'{"reason": "\\ud83d"}',
    "not UTF-8": b'{"reason": "\xff"}',
    "UTF-16": '{"reason": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a control character": b'{"reason": "a\x01b"}',
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/routes"),
        ("PATCH", "/api/routes/r1"),
        ("POST", "/api/changes"),
        ("POST", "/api/changes/preview"),
    ],
)
def test_what_is_no_strict_json_object_is_400_and_stores_nothing(
    method: str, path: str, body: bytes, desk: Desk, alice: Program
) -> None:
    before = stored()

    assert_problem(alice.send(method, path, body), 400, "malformed")
    assert stored() == before
    assert desk.sandbox.requests() == []


def test_text_that_is_refused_is_named(desk: Desk, alice: Program) -> None:
    body = {"reason": "x", "route": {"labels": {"team": "a\x00b"}}}

    answer = assert_problem(alice.post("/api/routes", body), 400)
    assert answer["field"] == "route.labels.team"


@pytest.mark.parametrize("size", [2 * 1024 * 1024, 1_500_001])
def test_a_body_that_is_too_large_is_413_and_stores_nothing(
    size: int, desk: Desk, alice: Program
) -> None:
    before = stored()
    body = b'{"reason": "' + b"x" * size + b'"}'

    assert_problem(alice.send("POST", "/api/routes", body), 413, "too_large")
    assert stored() == before


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=latin-1",
        "application/json-seq",
        "",
        "nonsense",
    ],
)
def test_what_is_not_sent_as_json_is_415(
    content_type: str, desk: Desk, alice: Program
) -> None:
    response = alice.send(
        "POST", "/api/routes", b'{"reason": "x"}', content_type=content_type
    )

    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=UTF-8",
        "application/merge-patch+json",
        "Application/JSON",
    ],
)
def test_both_media_types_of_a_patch_are_read(
    content_type: str, desk: Desk, alice: Program
) -> None:
    response = alice.send(
        "PATCH", "/api/routes/r1", b'{"reason": 5}', content_type=content_type
    )

    assert_problem(response, 400, "malformed", "reason")


def test_a_chunked_body_without_length_is_411(desk: Desk, alice: Program) -> None:
    response = alice.send("POST", "/api/routes", None, Transfer_Encoding="chunked")

    assert_problem(response, 411, "length_required")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*"])
def test_whatever_is_accepted_the_answer_is_json(
    accept: str, desk: Desk, alice: Program
) -> None:
    response = alice.get("/api/routes", Accept=accept)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
