"""Reading a Control API: which revision a node holds, and what is no Control API."""

import json

import pytest

from gateway.control import TOLD, has_caught_up, index_of, path_of
from gateway.errors import UnexpectedAnswer
from tests.contract import contract


@pytest.mark.parametrize(
    ("held", "stored", "has"),
    [
        (5, 5, True),
        (6, 5, True),
        (4, 5, False),
        (None, 5, False),
        (None, None, True),
        (5, None, False),
    ],
)
def test_a_node_has_caught_up_with_what_is_stored(
    held: int | None, stored: int | None, has: bool
) -> None:
    assert has_caught_up(held, stored) is has


def test_the_revision_of_the_store_counts_not_the_nodes_own() -> None:
    body = json.dumps({"modifiedIndex": "9#1", "orig_modifiedIndex": 9}).encode()
    assert index_of(200, body) == 9
    assert index_of(200, b'{"modifiedIndex":8}') == 8
    assert index_of(404, b'{"error_msg":"route[r1] not found"}') is None


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b""),
        (200, b"{}"),
        (200, b'{"modifiedIndex":"9"}'),
        (404, b"<html>"),
        (404, b'{"message":"Key not found"}'),
        (302, b'{"modifiedIndex":9}'),
        (200, b"\xff"),
    ],
)
def test_what_is_no_control_api_is_named(status: int, content: bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match=f"status {status}"):
        index_of(status, content)


def test_ids_are_quoted() -> None:
    assert path_of("route", "../x") == "/v1/route/..%2Fx"


def test_a_real_node_is_understood() -> None:
    """What a running 3.18.0 answered."""
    lines = {line["path"]: line for line in contract("behaviour")}
    for kind in TOLD - {"service"}:
        for row in lines[f"/v1/{kind}s"]["response"]:
            assert index_of(200, json.dumps(row).encode()) == row["modifiedIndex"]
    missing = lines["/v1/route/r1"]
    content = json.dumps(missing["response"]).encode()
    assert index_of(missing["status"], content) is None
