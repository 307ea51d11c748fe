"""Rules of this desk for names and labels; none unless the settings say so."""

import re
from typing import Any

import pytest

from portal.changes.findings import Severity
from tests.changes.checks.looking import (
    Document,
    codes,
    create,
    route,
    the,
    update,
)
from tests.changes.conftest import Desk


@pytest.fixture
def named_by_team(settings: Any) -> None:
    settings.NAME_PATTERN = re.compile(r"[a-z]+-[a-z]+")


@pytest.fixture
def labelled(settings: Any) -> None:
    settings.REQUIRED_LABELS = ["team", "env"]


def test_without_rules_any_name_will_do(desk: Desk) -> None:
    assert codes(desk, create("route", route(name="What ever"))) == []


@pytest.mark.usefixtures("named_by_team")
def test_a_new_name_must_match_whole(desk: Desk) -> None:
    bad = create("route", route(name="shop-web 2"))

    finding = the(desk, "name_rule", bad)

    assert (finding.severity, finding.path) == (Severity.BLOCKER, "name")
    assert "[a-z]+-[a-z]+" in finding.mend
    assert codes(desk, create("route", route(name="shop-web"))) == []


@pytest.mark.usefixtures("named_by_team")
def test_a_name_that_was_there_stays_and_a_new_one_must_match(desk: Desk) -> None:
    desk.sandbox.put("route", "old", route(name="Old name"))

    assert codes(desk, update("route", {"desc": "x"})) == []
    assert codes(desk, update("route", {"name": "New name"})) == ["name_rule"]


@pytest.mark.usefixtures("labelled")
@pytest.mark.parametrize(
    ("labels", "missing"),
    [
        ({}, "team, env"),
        ({"labels": {"team": "shop"}}, "env"),
        ({"labels": {"team": "shop", "env": "prod"}}, ""),
    ],
)
def test_what_is_new_needs_every_label(
    desk: Desk, labels: Document, missing: str
) -> None:
    asked = create("route", route(**labels))

    if missing:
        finding = the(desk, "label_missing", asked)
        assert finding.severity is Severity.BLOCKER
        assert finding.words == f"This desk requires the label {missing}."
    else:
        assert codes(desk, asked) == []


@pytest.mark.usefixtures("labelled")
def test_what_has_no_label_may_be_changed_and_what_has_one_keeps_it(desk: Desk) -> None:
    desk.sandbox.put("route", "old", route(labels={"team": "shop"}))

    assert codes(desk, update("route", {"desc": "x"})) == []
    assert codes(desk, update("route", {"labels": None})) == ["label_missing"]


@pytest.mark.usefixtures("labelled")
def test_a_kind_that_takes_no_labels_needs_none(desk: Desk) -> None:
    metadata = create("plugin_metadata", {"log_format": {"a": "$host"}}, "http-logger")

    assert codes(desk, metadata) == []
