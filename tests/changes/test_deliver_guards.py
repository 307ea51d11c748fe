"""The gateway's reference guards read memory that lags: wait for them, never force."""

import pytest

from portal.changes import write
from portal.changes.states import State
from tests.changes.conftest import Desk
from tests.changes.delivering import (
    approved,
    creates,
    deletes,
    delivery_of,
    replaces,
    sent,
    steps_of,
    upstream,
)

pytestmark = pytest.mark.django_db

LAG = 300  # milliseconds


@pytest.fixture
def referred(desk: Desk) -> Desk:
    """An upstream with one route that names it; guards know it late."""
    desk.sandbox.put("upstream", "u", upstream())
    desk.sandbox.put("route", "r", {"uri": "/r", "upstream_id": "u"})
    return desk


def test_what_lost_its_only_referrer_just_now_is_deleted(referred: Desk) -> None:
    both = approved(referred, deletes("route", "r"), deletes("upstream", "u"))
    referred.sandbox.misbehave(do="lag", milliseconds=LAG)

    referred.deliver(both)

    assert both.state == State.APPLIED
    assert referred.live("u", "upstream") is None
    assert sent(referred)[0] == "DELETE routes/r"
    assert set(sent(referred)[1:]) == {"DELETE upstreams/u"}
    assert ("write", "invalid") in steps_of(both)


def test_it_may_have_been_another_change_that_deleted_the_referrer(
    referred: Desk,
) -> None:
    first = approved(referred, deletes("route", "r"))
    referred.sandbox.delete("route", "r")
    second = approved(referred, deletes("upstream", "u"))
    referred.sandbox.put("route", "r", {"uri": "/r", "upstream_id": "u"})
    referred.sandbox.misbehave(do="lag", milliseconds=LAG)

    referred.deliver(first)

    second.refresh_from_db()
    assert (first.state, second.state) == (State.APPLIED, State.APPLIED)
    assert referred.live("u", "upstream") is None


def test_a_real_referrer_is_no_lag(referred: Desk) -> None:
    referred.sandbox.delete("route", "r")
    change = approved(referred, deletes("upstream", "u"))
    referred.sandbox.put("route", "r", {"uri": "/r", "upstream_id": "u"})

    referred.deliver(change)

    assert change.state == State.FAILED
    assert sent(referred) == ["DELETE upstreams/u"]
    assert "route [r] is still using it now" in delivery_of(change).outcome
    assert referred.live("u", "upstream") is not None


def test_a_guard_that_never_sees_it_ends_in_a_failure_with_its_words(
    referred: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "GUARDS_LAG_AT_MOST", 0.4)
    both = approved(referred, deletes("route", "r"), deletes("upstream", "u"))
    referred.sandbox.misbehave(do="lag", milliseconds=3_600_000)

    referred.deliver(both)

    assert both.state == State.FAILED
    outcome = delivery_of(both).outcome
    assert "still using it now" in outcome
    assert "route r was restored to what it was before." in outcome
    assert referred.live("r") is not None


def test_force_is_never_used(referred: Desk) -> None:
    both = approved(referred, deletes("route", "r"), deletes("upstream", "u"))
    referred.sandbox.misbehave(do="lag", milliseconds=LAG)

    referred.deliver(both)

    assert all(not request["query"] for request in referred.writes())


def test_restoring_waits_for_guards_too(desk: Desk) -> None:
    """Upstream and route are made, the third is refused: both must go again."""
    desk.sandbox.put("upstream", "gone", upstream())
    change = approved(
        desk,
        creates("upstream", "u", **upstream()),
        creates("route", "a", uri="/a", upstream_id="u"),
        creates("route", "b", uri="/b", upstream_id="gone"),
    )
    desk.sandbox.delete("upstream", "gone")
    desk.sandbox.misbehave(do="lag", milliseconds=LAG)

    desk.deliver(change)

    assert change.state == State.FAILED
    assert desk.live("a") is None
    assert desk.live("u", "upstream") is None
    assert "upstream u was restored" in delivery_of(change).outcome


def test_a_global_rule_waits_for_the_plugin_to_leave_another(desk: Desk) -> None:
    stays = {"request-id": {}}
    desk.sandbox.put("global_rule", "old", {"plugins": {"cors": {}, **stays}})
    first = approved(desk, replaces("global_rule", "old", plugins=stays))
    desk.sandbox.put("global_rule", "old", {"plugins": stays})
    second = approved(desk, creates("global_rule", "new", plugins={"cors": {}}))
    desk.sandbox.put("global_rule", "old", {"plugins": {"cors": {}, **stays}})
    desk.sandbox.misbehave(do="lag", milliseconds=LAG)

    desk.deliver(first)

    second.refresh_from_db()
    assert (first.state, second.state) == (State.APPLIED, State.APPLIED)


def test_a_plugin_that_is_really_in_another_rule_fails_at_once(desk: Desk) -> None:
    change = approved(desk, creates("global_rule", "new", plugins={"cors": {}}))
    desk.sandbox.put("global_rule", "old", {"plugins": {"cors": {}}})

    desk.deliver(change)

    assert change.state == State.FAILED
    assert sent(desk) == ["PUT global_rules/new"]
    assert "already exists in global rule" in delivery_of(change).outcome


def test_other_refusals_are_final(desk: Desk) -> None:
    desk.sandbox.put("upstream", "u", upstream())
    change = approved(desk, creates("route", "a", uri="/a", upstream_id="u"))
    desk.sandbox.delete("upstream", "u")

    desk.deliver(change)

    assert sent(desk) == ["PUT routes/a"]
    assert change.state == State.FAILED


def test_unrelated_references_do_not_count(referred: Desk) -> None:
    referred.sandbox.put("upstream", "other", upstream())
    referred.sandbox.put("route", "x", {"uri": "/x", "upstream_id": "other"})
    both = approved(referred, deletes("route", "r"), deletes("upstream", "u"))
    referred.sandbox.misbehave(do="lag", milliseconds=LAG)

    referred.deliver(both)

    assert both.state == State.APPLIED
    assert referred.live("other", "upstream") is not None
