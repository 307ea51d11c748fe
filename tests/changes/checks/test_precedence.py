"""Two places say something, and one of them counts."""

import pytest

from tests.changes.checks.looking import (
    KEY_AUTH,
    codes,
    create,
    route,
    the,
    update,
    upstream,
)
from tests.changes.conftest import Desk

LIMIT = {"limit-count": {"count": 2, "time_window": 60, "rejected_code": 429}}
LESS = {"limit-count": {"count": 1, "time_window": 60, "rejected_code": 429}}


def test_an_upstream_that_is_ignored_is_told(desk: Desk) -> None:
    desk.sandbox.put("upstream", "u1", upstream("backend:80"))

    finding = the(desk, "upstream_ignored", create("route", route(upstream_id="u1")))

    assert finding.path == "upstream"
    assert "u1" in finding.words


def test_changing_the_upstream_that_is_ignored_is_told(desk: Desk) -> None:
    desk.sandbox.put("upstream", "u1", upstream("backend:80"))
    desk.sandbox.put("route", "old", route(upstream_id="u1"))

    in_vain = update("route", {"upstream": {"url": "http://other:80"}})

    assert codes(desk, in_vain) == ["upstream_ignored"]
    assert codes(desk, update("route", {"desc": "x"})) == []
    meant = {"upstream": {"url": "http://other:80"}, "upstream_id": None}
    assert codes(desk, update("route", meant)) == []


@pytest.mark.parametrize("kind", ["service", "plugin_config"])
def test_a_plugin_that_replaces_the_shared_one_is_told(desk: Desk, kind: str) -> None:
    desk.sandbox.put(kind, "shared", {"plugins": LIMIT})
    document = route(plugins=KEY_AUTH | LESS, **{f"{kind}_id": "shared"})

    finding = the(desk, "plugin_replaced", create("route", document))

    assert finding.path == "plugins.limit-count"
    assert f"{kind.replace('_', ' ')} shared" in finding.words


def test_what_was_replaced_before_is_not_told_again(desk: Desk) -> None:
    desk.sandbox.put("service", "shared", {"plugins": LIMIT})
    desk.sandbox.put(
        "route", "old", route(plugins=KEY_AUTH | LESS, service_id="shared")
    )

    assert codes(desk, update("route", {"desc": "x"})) == []


def test_a_shared_plugin_that_does_not_reach_some_routes_names_them(desk: Desk) -> None:
    desk.sandbox.put("service", "old", {"plugins": {"prometheus": {}}})
    desk.sandbox.put("route", "own", route(plugins=KEY_AUTH | LESS, service_id="old"))
    desk.sandbox.put("route", "none", route(service_id="old"))
    desk.sandbox.put("route", "other", route(plugins=KEY_AUTH | LESS))

    asked = update("service", {"plugins": LIMIT})

    assert codes(desk, asked) == ["plugin_replaced"]
    assert "does not reach own:" in the(desk, "plugin_replaced", asked).words
