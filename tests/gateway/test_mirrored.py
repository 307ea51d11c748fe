"""What was last seen, each question asked at most once; and the same after a change."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.held import Overlaid
from gateway.mirrored import Mirrored
from tests.factories import make_gateway, make_resource
from tests.held import HeldDocuments

A, B, C = ({"uri": f"/{name}"} for name in "abc")


@pytest.fixture
def mirrored(db: None) -> Mirrored:
    gateway = make_gateway()
    make_resource(gateway, "route", "a", A)
    make_resource(gateway, "upstream", "u", {"nodes": {}})
    make_resource(make_gateway("other"), "route", "b", B)
    return Mirrored(gateway)


def test_it_holds_this_gateway_s_documents(mirrored: Mirrored) -> None:
    assert mirrored.documents("route") == {"a": A}
    assert mirrored.find("route", "a") == A
    assert mirrored.find("route", "b") is None
    assert mirrored.find("upstream", "u") == {"nodes": {}}
    assert mirrored.documents("service") == {}


def test_each_question_is_asked_once(mirrored: Mirrored) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        for _ in range(3):
            mirrored.documents("route")
            mirrored.find("route", "a")
            mirrored.find("upstream", "u")
            mirrored.find("upstream", "gone")

    assert len(asked) == 3


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ({}, {"a": A, "b": B}),
        ({("route", "a"): C}, {"a": C, "b": B}),
        ({("route", "c"): C}, {"a": A, "b": B, "c": C}),
        ({("route", "a"): None}, {"b": B}),
        ({("route", "gone"): None, ("service", "a"): C}, {"a": A, "b": B}),
    ],
)
def test_what_is_written_lies_over_what_is_held(
    written: Any, held: dict[str, Any]
) -> None:
    after = Overlaid(HeldDocuments({"route": {"a": A, "b": B}}), written)

    assert after.documents("route") == held
    for key in ("a", "b", "c", "gone"):
        assert after.find("route", key) == held.get(key)
