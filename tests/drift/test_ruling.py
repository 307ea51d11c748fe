"""Administrators rule what is ignored; what that does to what stands and what comes."""

from typing import Any

import pytest

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotPresent
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from portal.drift.errors import Malformed
from portal.drift.models import Drift, DriftRule, DriftState
from portal.drift.ruling import add_rule, remove_rule
from tests.actors import present, program
from tests.changes.conftest import conference
from tests.drift.conftest import Watched
from tests.drift.test_resolve import refused
from tests.factories import make_gateway, make_person


@pytest.fixture
def ruled(desk: Watched) -> Watched:
    desk.outside("route", "a", conference(uri="/a", labels={"build": "1"}))
    desk.scan()
    return desk


def rule(desk: Watched, actor: Actor | None = None, **fields: Any) -> DriftRule:
    """Let the administrator make a rule for this gateway."""
    made = DriftRule(**{"gateway": desk.gateway, "reason": "Built nightly."} | fields)
    return add_rule(made, actor=actor or present(desk.people.admin))


class TestWhatComes:
    def test_what_fits_is_not_recorded_at_all(self, ruled: Watched) -> None:
        rule(ruled, resource_id="test-*")
        ruled.outside("route", "test-1", conference(uri="/test"))
        ruled.outside("route", "b", conference(uri="/b"))

        ruled.scan()

        assert ruled.found() == [("created", "route", "b")]
        assert Drift.objects.count() == 1

    def test_a_field_is_passed_over_and_the_rest_counts(self, ruled: Watched) -> None:
        rule(ruled, kind="route", field="labels.build")
        ruled.outside("route", "a", conference(uri="/a", labels={"build": "2"}))
        ruled.scan()
        assert ruled.found() == []

        ruled.outside("route", "a", conference(uri="/z", labels={"build": "3"}))
        ruled.scan()

        assert [one.describe() for one in Drift.objects.get().differences] == [
            "uri: /a → /z"
        ]

    def test_a_label_that_came_with_it_hides_nothing(self, ruled: Watched) -> None:
        rule(ruled, label="managed-by=adc")
        labels = {"build": "1", "managed-by": "adc"}
        ruled.outside("route", "a", conference(uri="/evil", labels=labels))

        ruled.scan()

        assert ruled.found() == [("altered", "route", "a")]

    def test_a_rule_of_another_gateway_counts_for_nothing(self, ruled: Watched) -> None:
        rule(ruled, gateway=make_gateway("other"), kind="route")
        ruled.outside("route", "b", conference(uri="/b"))

        ruled.scan()

        assert ruled.found() == [("created", "route", "b")]

    def test_a_rule_for_all_gateways_counts(self, ruled: Watched) -> None:
        rule(ruled, gateway=None, kind="route")
        ruled.outside("route", "b", conference(uri="/b"))

        ruled.scan()

        assert Drift.objects.count() == 0


class TestWhatStands:
    @pytest.fixture
    def drifted(self, ruled: Watched) -> Watched:
        ruled.outside("route", "test-1", conference(uri="/test"))
        ruled.outside("route", "a", conference(uri="/a", labels={"build": "2"}))
        ruled.scan()
        ruled.start_counting()
        return ruled

    def test_what_fits_is_ignored_from_now_on(self, drifted: Watched) -> None:
        made = rule(drifted, resource_id="test-*")

        drift = Drift.objects.get(resource_id="test-1")
        assert (drift.state, drift.rule, drift.reason) == (
            DriftState.IGNORED,
            made,
            "Built nightly.",
        )
        assert drifted.found() == [("altered", "route", "a")]
        assert drifted.events() == ["drift_rule.added", "drift.ignored"]

    def test_what_differs_in_the_field_alone_too(self, drifted: Watched) -> None:
        before = Drift.objects.get(resource_id="a")

        rule(drifted, field="labels.*")

        drift = Drift.objects.get(resource_id="a")
        assert drift.state == DriftState.IGNORED
        assert drift.last_seen == before.last_seen, "it did not move"
        drifted.scan()
        assert drifted.found() == [("created", "route", "test-1")]

    def test_it_stays_ignored_while_it_moves(self, drifted: Watched) -> None:
        rule(drifted, resource_id="test-*")
        drifted.outside("route", "test-1", conference(uri="/again"))

        drifted.scan()

        drift = Drift.objects.get(resource_id="test-1")
        assert drift.state == DriftState.IGNORED
        assert (drift.live or {})["uri"] == "/again"

    def test_without_the_rule_it_counts_when_it_moves(self, drifted: Watched) -> None:
        remove_rule(
            rule(drifted, resource_id="test-*"), actor=present(drifted.people.admin)
        )
        drifted.scan()
        assert drifted.found("ignored") == [("created", "route", "test-1")]

        drifted.outside("route", "test-1", conference(uri="/again"))
        drifted.scan()

        assert ("created", "route", "test-1") in drifted.found()
        assert drifted.events() == [
            "drift_rule.added",
            "drift.ignored",
            "drift_rule.removed",
            "drift.moved",
        ]


class TestWho:
    @pytest.mark.parametrize("name", ["alice", "riley", "omar", "audrey"])
    def test_only_administrators_make_rules(self, ruled: Watched, name: str) -> None:
        actor = present(getattr(ruled.people, name))

        refused(NotAllowed, lambda: rule(ruled, actor, kind="route"))

        assert not DriftRule.objects.exists()

    def test_no_program_does(self, ruled: Watched) -> None:
        actor = program(ruled.people.admin)

        refused(NotPresent, lambda: rule(ruled, actor, kind="route"))
        refused(NotPresent, lambda: rule(ruled, actor, kind="route", gateway=None))

    def test_of_one_gateway_they_rule_that_one_alone(self, ruled: Watched) -> None:
        actor = present(make_person("gina", Role.ADMINISTRATOR, gateway=ruled.gateway))

        made = rule(ruled, actor, kind="route")

        assert made.author == actor.person
        refused(NotAllowed, lambda: rule(ruled, actor, kind="route", gateway=None))

    @pytest.mark.parametrize("name", ["omar", "gina"])
    def test_only_they_remove_them(self, ruled: Watched, name: str) -> None:
        make_person("gina", Role.ADMINISTRATOR, gateway=make_gateway("other"))
        made = rule(ruled, kind="route", gateway=None)
        actor = present(type(ruled.people.omar).objects.get(username=name))

        refused(NotAllowed, lambda: remove_rule(made, actor=actor))

        assert DriftRule.objects.count() == 1

    def test_removing_twice_is_told_once(self, ruled: Watched) -> None:
        made = rule(ruled, kind="route")
        admin = present(ruled.people.admin)

        remove_rule(made, actor=admin)
        remove_rule(made, actor=admin)

        assert ruled.events() == ["drift_rule.added", "drift_rule.removed"]
        event = AuditEvent.objects.get(event="drift_rule.removed")
        assert (event.subject_id, event.gateway) == (str(made.pk), ruled.gateway.slug)


class TestWords:
    def test_a_rule_must_say_something(self, ruled: Watched) -> None:
        error = refused(Malformed, lambda: rule(ruled))

        assert isinstance(error, Malformed)
        assert error.field == "kind"

    @pytest.mark.parametrize("reason", [" ", "x" * 5_001])
    def test_and_why(self, ruled: Watched, reason: str) -> None:
        error = refused(Malformed, lambda: rule(ruled, kind="route", reason=reason))

        assert isinstance(error, Malformed)
        assert error.field == "reason"

    def test_it_reads_as_words(self, db: None) -> None:
        gateway = Gateway(slug="default")

        assert str(DriftRule(kind="route", resource_id="test-*", gateway=gateway)) == (
            "route test-* on default"
        )
        assert str(DriftRule(label="managed-by=adc", field="labels.build-*")) == (
            "anything labelled managed-by=adc field labels.build-* on all gateways"
        )
