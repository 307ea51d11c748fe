"""What a rule passes over: whole resources, and parts of one."""

from typing import Any

import pytest

from portal.drift.models import DriftRule
from portal.drift.rules import fitting, passed_over

Document = dict[str, Any]

LABELLED: Document = {"uri": "/", "labels": {"managed-by": "adc", "build": 12}}


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({}, True),
        ({"kind": "route"}, True),
        ({"kind": "upstream"}, False),
        ({"resource_id": "test-1"}, True),
        ({"resource_id": "test-*"}, True),
        ({"resource_id": "test-?"}, True),
        ({"resource_id": "test"}, False),
        ({"resource_id": "TEST-*"}, False),
        ({"label": "managed-by"}, True),
        ({"label": "managed-by=adc"}, True),
        ({"label": "managed-by=ad"}, False),
        ({"label": "managed-by="}, False),
        ({"label": "build=12"}, True),
        ({"label": "team"}, False),
        ({"kind": "route", "resource_id": "test-*", "label": "managed-by"}, True),
        ({"kind": "route", "resource_id": "test-*", "label": "team"}, False),
    ],
    ids=repr,
)
def test_all_that_a_rule_says_must_fit(rule: dict[str, str], *, fits: bool) -> None:
    found = fitting([DriftRule(**rule)], "route", "test-1", LABELLED)

    assert bool(found) is fits


@pytest.mark.parametrize("labels", [None, "managed-by", ["managed-by"], {}])
def test_labels_may_be_anything(labels: Any) -> None:
    rule = DriftRule(label="managed-by")

    assert fitting([rule], "route", "a", {"labels": labels}) == []


BASELINE: Document = {
    "uri": "/a",
    "labels": {"team": "x", "build-1": "1"},
    "upstream": {"nodes": {"127.0.0.1:1": 1}, "type": "roundrobin"},
}
LIVE: Document = {
    "uri": "/b",
    "labels": {"team": "x", "build-2": "2"},
    "upstream": {"nodes": {"127.0.0.1:2": 1}, "type": "chash"},
}


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ([], BASELINE),
        (["uri"], BASELINE | {"uri": "/b"}),
        (["upstream"], BASELINE | {"upstream": LIVE["upstream"]}),
        (
            ["upstream.nodes"],
            BASELINE
            | {"upstream": {"nodes": {"127.0.0.1:2": 1}, "type": "roundrobin"}},
        ),
        (["*.type"], BASELINE | {"upstream": BASELINE["upstream"] | {"type": "chash"}}),
        (["labels.build-*"], BASELINE | {"labels": LIVE["labels"]}),
        (
            ["labels.build-*", "u*"],
            {
                "uri": "/b",
                "labels": LIVE["labels"],
                "upstream": LIVE["upstream"],
            },
        ),
        (["ur"], BASELINE),
        (["*"], LIVE),
    ],
    ids=repr,
)
def test_fields_are_passed_over_as_they_are_live(
    fields: list[str], left: Document
) -> None:
    assert passed_over(BASELINE, LIVE, fields) == left


class TestAddedAndTakenAway:
    def test_a_field_that_came(self) -> None:
        live = {"uri": "/a", "desc": "new"}

        assert passed_over({"uri": "/a"}, live, ["desc"]) == live

    def test_a_field_that_went(self) -> None:
        assert passed_over({"uri": "/a", "desc": "x"}, {"uri": "/a"}, ["desc"]) == {
            "uri": "/a"
        }

    def test_an_object_that_came_for_what_is_passed_over_in_it(self) -> None:
        live = {"uri": "/a", "labels": {"build": "1"}}

        assert passed_over({"uri": "/a"}, live, ["labels.build"]) == live

    def test_the_rest_of_an_object_that_came_still_counts(self) -> None:
        live = {"labels": {"build": "1", "team": "x"}}

        assert passed_over({}, live, ["labels.build"]) == {"labels": {"build": "1"}}

    def test_an_object_that_went_with_what_is_passed_over_in_it(self) -> None:
        baseline = {"uri": "/a", "labels": {"build": "1"}}

        assert passed_over(baseline, {"uri": "/a"}, ["labels.build"]) == {"uri": "/a"}

    def test_the_rest_of_an_object_that_went_still_counts(self) -> None:
        baseline = {"labels": {"build": "1", "team": "x"}}

        assert passed_over(baseline, {}, ["labels.build"]) == {"labels": {"team": "x"}}

    def test_an_empty_object_that_went_still_counts(self) -> None:
        assert passed_over({"labels": {}}, {}, ["labels.build"]) == {"labels": {}}

    def test_lists_count_whole(self) -> None:
        baseline, live = {"uris": ["/a"]}, {"uris": ["/b"]}

        assert passed_over(baseline, live, ["uris.0"]) == baseline
        assert passed_over(baseline, live, ["uris"]) == live
