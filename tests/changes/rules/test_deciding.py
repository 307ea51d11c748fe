"""Rules in life: who must approve, what passes by itself, and what proves it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.utils import timezone

from portal.accounts.actor import Actor, Channel
from portal.accounts.errors import (
    NotAllowed,
    NotPresent,
    OwnProposal,
    SecondPersonNeeded,
)
from portal.accounts.models import Ownership, Person, PolicyChange, PolicyState, Vouched
from portal.accounts.policy.deciding import accept_policy
from portal.accounts.roles import Role
from portal.accounts.vouchings import vouch
from portal.audit.models import AuditEvent
from portal.changes.asked import ItemAsked
from portal.changes.deliver import deliver
from portal.changes.errors import Malformed, SelfReview, WouldNotCount
from portal.changes.models import ChangeRequest, Delivery, RuleApproval, RuleSet
from portal.changes.propose import revise
from portal.changes.quorum import standing
from portal.changes.review import approve
from portal.changes.rollback import rollback
from portal.changes.rules.changing import propose_rules
from portal.changes.rules.rule import KNOWN
from portal.changes.states import State
from portal.changes.terms import Terms
from tests.actors import present, program
from tests.changes.conftest import Desk, conference
from tests.factories import Cast, make_change, make_gateway, make_person

pytestmark = pytest.mark.django_db

SECURITY = {
    "name": "Guarded",
    "when": {"uris": ["/speaker/*"]},
    "needs": [
        {"approvals": 1, "groups": ["security"]},
        {"approvals": 1, "groups": ["owners"]},
    ],
}
TRIVIAL = {
    "name": "Trivial",
    "when": {"channels": ["portal"], "kinds": ["route"]},
    "no_approval": True,
}

# Nothing of it deserves a second look.
HARMLESS: dict[str, Any] = {
    "plugins": {"key-auth": {}},
    "upstream": {"type": "roundrobin", "nodes": {"speakers.example.com:80": 1}},
}


def put_in_force(*rules: dict[str, Any]) -> PolicyChange:
    """Let two administrators make these the rules."""
    ada, ben = (
        Person.objects.filter(username=name).first()
        or make_person(name, Role.ADMINISTRATOR)
        for name in ("ada", "ben")
    )
    change = propose_rules(list(rules), reason="Safer.", actor=present(ada))
    return accept_policy(change, actor=present(ben))


def member(person: Person, *groups: str) -> Person:
    for name in groups:
        person.groups.add(Group.objects.get_or_create(name=name)[0])
    return person


@pytest.fixture
def groups(people: Cast) -> None:
    """Riley is of security, omar of owners."""
    member(people.riley, "security")
    member(people.omar, "owners")


class TestGroups:
    def test_each_group_gives_its_approval(
        self, change: ChangeRequest, people: Cast, groups: None
    ) -> None:
        put_in_force(SECURITY)
        stand = standing(change)
        assert (stand.given, stand.required) == (0, 2)
        assert [name for name, _ in stand.rules] == ["Guarded"]
        assert "1 approval missing from group security (riley)" in stand.missing
        assert "1 approval missing from group owners (omar)" in stand.missing

        approve(change.latest_revision(), actor=present(people.riley))
        change.refresh_from_db()
        assert change.state == State.IN_REVIEW
        assert "security" not in standing(change).missing
        approve(change.latest_revision(), actor=present(people.omar))

        change.refresh_from_db()
        assert change.state == State.APPROVED
        told = AuditEvent.objects.filter(event="change.approved").first()
        assert told is not None
        assert told.details["rules_version"] == 1

    def test_whoever_is_of_neither_group_fills_no_place(
        self, change: ChangeRequest, people: Cast, groups: None
    ) -> None:
        put_in_force(SECURITY)
        for person in (make_person(role=Role.REVIEWER), people.admin):
            with pytest.raises(WouldNotCount):
                approve(change.latest_revision(), actor=present(person))
        assert (standing(change).given, standing(change).has_quorum) == (0, False)

    def test_the_author_gives_none_even_of_the_group(
        self, change: ChangeRequest, people: Cast, groups: None
    ) -> None:
        member(people.alice, "security")
        put_in_force(SECURITY)
        assert "alice" not in standing(change).missing

    def test_a_group_that_nobody_is_of_is_told(
        self, change: ChangeRequest, people: Cast, groups: None
    ) -> None:
        people.riley.groups.clear()
        put_in_force(SECURITY)
        assert "nobody of it may decide on default now" in standing(change).missing

    def test_the_gateway_says_the_least(
        self, change: ChangeRequest, people: Cast
    ) -> None:
        change.gateway.approvals_required = 3
        change.gateway.save()
        put_in_force({"name": "Two", "needs": [{"approvals": 2}]})
        assert standing(change).required == 3

    def test_whoever_wrote_what_it_reverts_may_be_barred(self, people: Cast) -> None:
        gateway = make_gateway()
        earlier = make_change(gateway=gateway, author=people.riley)
        change = make_change(gateway=gateway, author=people.alice, reverts=earlier)
        put_in_force({"name": "Fresh eyes", "last_editor_counts": False})

        with pytest.raises(SelfReview):
            approve(change.latest_revision(), actor=present(people.riley))
        approve(change.latest_revision(), actor=present(people.omar))

        change.refresh_from_db()
        assert change.state == State.APPROVED


OWNERS = {
    "name": "Owned",
    "needs": [{"approvals": 1, "groups": ["security"], "owners": True}],
}


def owned_by(*groups: str) -> None:
    for name in groups:
        group, _ = Group.objects.get_or_create(name=name)
        Ownership.objects.create(group=group, uri_prefix="/speaker")


class TestOwners:
    def test_one_of_those_who_own_it_must_approve(
        self, change: ChangeRequest, people: Cast, groups: None
    ) -> None:
        member(people.omar, "talks")
        owned_by("talks", "stage")
        put_in_force(OWNERS)

        assert (
            "1 approval missing from group stage or talks for route conference-x1y2z3 "
            "(omar)"
        ) in standing(change).missing
        approve(change.latest_revision(), actor=present(people.omar))

        change.refresh_from_db()
        assert change.state == State.APPROVED
        told = AuditEvent.objects.filter(event="change.approved").first()
        assert told is not None
        assert told.details["owned"] == [
            {"groups": ["stage", "talks"], "what": "route conference-x1y2z3", "more": 0}
        ]

    def test_for_what_nobody_owns_the_rule_names_somebody_or_asks_nobody(
        self, change: ChangeRequest, people: Cast, groups: None
    ) -> None:
        put_in_force(OWNERS)
        [need] = standing(change).demand.needs
        assert (need.groups, need.approvals) == (("security",), 1)
        put_in_force({"name": "Owned", "needs": [{"owners": True}]})
        [need] = standing(change).demand.needs
        assert need.groups == ()

    def test_who_owned_it_when_it_was_approved_counts_at_the_delivery(
        self, desk: Desk
    ) -> None:
        member(desk.people.riley, "talks", "security")
        owned_by("talks")
        put_in_force(OWNERS)
        change = desk.create()
        assert [one.group for one in change.awaited.all()] == ["talks"]
        desk.approve(change)
        Ownership.objects.update(uri_prefix="/other")
        owned_by("stage")

        assert desk.deliver(change).state == State.APPLIED

    def test_an_owner_who_left_the_group_proves_nothing(self, desk: Desk) -> None:
        member(desk.people.riley, "talks", "security")
        owned_by("talks")
        put_in_force(OWNERS)
        change = desk.create()
        desk.approve(change)
        desk.people.riley.groups.remove(Group.objects.get(name="talks"))

        assert desk.deliver(change).state == State.FAILED
        assert desk.writes() == []


class TestVersions:
    def test_what_was_decided_stays_decided(self, desk: Desk) -> None:
        change = desk.create()
        desk.approve(change)
        put_in_force({"name": "Two", "needs": [{"approvals": 2}]})

        assert desk.deliver(change).state == State.APPLIED

    def test_what_waits_is_held_to_the_rules_in_force(self, desk: Desk) -> None:
        change = desk.create()
        put_in_force({"name": "Two", "needs": [{"approvals": 2}]})
        desk.approve(change)
        change.refresh_from_db()
        assert change.state == State.IN_REVIEW

    def test_an_approval_of_somebody_who_left_the_group_proves_nothing(
        self, desk: Desk
    ) -> None:
        member(desk.people.riley, "security")
        member(desk.people.omar, "owners")
        put_in_force(SECURITY)
        change = desk.create()
        desk.approve(change)
        approve(change.latest_revision(), actor=present(desk.people.omar))
        desk.people.riley.groups.clear()

        assert desk.deliver(change).state == State.FAILED
        assert desk.writes() == []

    def test_rules_altered_in_the_database_prove_nothing(self, desk: Desk) -> None:
        put_in_force({"name": "One", "needs": [{"approvals": 1}]})
        change = desk.create()
        desk.approve(change)
        RuleSet.objects.update(rules=[TRIVIAL])

        assert desk.deliver(change).state == State.FAILED
        assert desk.writes() == []

    def test_versions_are_kept_in_order(self, people: Cast) -> None:
        put_in_force(TRIVIAL)
        put_in_force()
        put_in_force(TRIVIAL)
        assert list(RuleSet.objects.values_list("version", flat=True)) == [3, 2, 1]
        assert RuleSet.objects.get(version=2).rules == []
        told = AuditEvent.objects.filter(event="rules.changed")
        assert [event.details["version"] for event in told] == [3, 2, 1]


class TestNoApproval:
    def test_what_a_rule_lets_pass_is_delivered_as_its_decision(
        self, desk: Desk
    ) -> None:
        put_in_force(TRIVIAL)

        change = desk.create(**HARMLESS)

        assert change.state == State.APPROVED, change.latest_revision().findings
        assert RuleApproval.objects.get().rule == "Trivial"
        told = AuditEvent.objects.get(event="change.passed_by_rule")
        assert (told.actor, told.details["rule"]) == ("Gatehouse itself", "Trivial")
        assert told.details["rules_version"] == 1
        assert desk.deliver(change).state == State.APPLIED
        assert standing(change).passed_by == "Trivial"

    def test_it_may_be_taken_back_after_its_time(self, desk: Desk) -> None:
        put_in_force(TRIVIAL)
        item = ItemAsked(
            action="create",
            kind="route",
            id="conference",
            document=conference(**HARMLESS),
        )
        terms = Terms(expires_after=timedelta(hours=1))
        change = desk.deliver(desk.ask(item, terms=terms))
        inverse = change.reverted_by.get()

        with time_machine.travel(timezone.now() + timedelta(hours=2)):
            assert desk.deliver(inverse).state == State.APPLIED
        assert desk.live() is None

    def test_a_warning_or_a_program_keeps_it_in_review(self, desk: Desk) -> None:
        put_in_force(TRIVIAL)
        by_program = desk.ask(
            ItemAsked(action="create", kind="route", document=conference(uri="/a")),
            actor=program(desk.people.alice),
        )
        assert by_program.state == State.IN_REVIEW
        assert not RuleApproval.objects.exists()

    def test_a_program_has_nothing_pass_by_another_channel(self, desk: Desk) -> None:
        """What it promotes, or writes into a change of another door, is by a program."""
        when = {"channels": ["portal", "admin-api", "rollback"]}
        put_in_force(TRIVIAL | {"when": when})
        live = desk.deliver(desk.create(**HARMLESS))
        assert live.state == State.APPLIED
        by_api = program(desk.people.alice)
        by_facade = replace(by_api, channel=Channel.ADMIN_API)
        warned = ItemAsked(action="create", kind="route", document=conference(uri="/a"))
        waiting = desk.ask(warned, actor=by_facade)
        better = ItemAsked(
            action="create", kind="route", document=conference(uri="/a", **HARMLESS)
        )

        undone = rollback(live, reason="So.", actor=by_api).change
        revise(waiting, desk.asked(better), actor=replace(by_api, channel=Channel.MCP))

        waiting.refresh_from_db()
        assert (undone.state, waiting.state) == (State.IN_REVIEW, State.IN_REVIEW)
        assert RuleApproval.objects.count() == 1
        assert waiting.latest_revision().channels == ["mcp"]
        # One that comes by a channel that the rule names needs nobody.
        named = ItemAsked(
            action="create", kind="route", document=conference(uri="/b", **HARMLESS)
        )
        assert desk.ask(named, actor=by_facade).state == State.APPROVED

    def test_what_waits_already_still_needs_somebody(self, desk: Desk) -> None:
        change = desk.create(**HARMLESS)
        put_in_force(TRIVIAL)

        assert standing(change).required == 1
        desk.approve(change)

        assert desk.deliver(change).state == State.APPLIED

    def test_a_forged_row_delivers_nothing(self, desk: Desk) -> None:
        put_in_force({"name": "One", "needs": [{"approvals": 1}]})
        change = desk.create()
        revision = change.latest_revision()
        RuleApproval.objects.create(
            revision=revision,
            rule_set_id=1,
            rule="One",
            digest=revision.digest,
        )
        ChangeRequest.objects.filter(pk=change.pk).update(state=State.APPROVED)
        delivery = Delivery.objects.create(revision=revision, gateway=desk.gateway)

        deliver(delivery.pk)

        assert desk.writes() == []
        assert AuditEvent.objects.filter(event="delivery.refused").exists()

    def test_it_is_asked_again_at_the_delivery(self, desk: Desk) -> None:
        """A gateway that became production meanwhile takes nothing unseen."""
        put_in_force(TRIVIAL)
        change = desk.create(**HARMLESS)
        desk.gateway.environment = "production"
        desk.gateway.save()

        assert desk.deliver(change).state == State.FAILED
        assert desk.writes() == []


class TestChangingThem:
    def test_one_administrator_makes_no_rule_that_lets_pass(self, people: Cast) -> None:
        with pytest.raises(SecondPersonNeeded):
            propose_rules([TRIVIAL], reason="Why not.", actor=present(people.admin))
        assert not PolicyChange.objects.exists()

    @pytest.mark.parametrize("made_by", ["author", "other", "both by one"])
    def test_nor_do_two_accounts_of_one(self, people: Cast, made_by: str) -> None:
        ada, ben = (make_person(one, Role.ADMINISTRATOR) for one in ("ada", "ben"))
        makes = {
            "author": [(ada, ben)],
            "other": [(ben, ada)],
            "both by one": [(people.admin, ada), (people.admin, ben)],
        }
        for by, person in makes[made_by]:
            vouch(by, [person], Vouched.MADE)
        change = propose_rules([TRIVIAL], reason="Why not.", actor=present(ada))

        with pytest.raises(OwnProposal, match="less than 7 days ago"):
            accept_policy(change, actor=present(ben))
        with time_machine.travel(timezone.now() + timedelta(days=8)):
            accept_policy(change, actor=present(ben))

        assert RuleSet.objects.count() == 1

    def test_but_others_and_keeps_what_two_had_made(self, people: Cast) -> None:
        put_in_force(TRIVIAL)
        Person.objects.filter(username__in=["ada", "ben"]).update(is_active=False)
        two = {"name": "Two", "needs": [{"approvals": 2}]}

        change = propose_rules(
            [TRIVIAL, two], reason="Safer.", actor=present(people.admin)
        )

        assert (change.state, change.alone) == (
            PolicyState.ACCEPTED,
            "there is no second administrator",
        )
        looser = TRIVIAL | {"when": {"channels": ["portal", "api"]}}
        with pytest.raises(SecondPersonNeeded):
            propose_rules([looser, two], reason="So.", actor=present(people.admin))

    def test_nobody_else_and_no_token(self, people: Cast) -> None:
        gateway = make_gateway()
        local = make_person(role=Role.ADMINISTRATOR, gateway=gateway)
        actors: list[tuple[Actor, type[Exception]]] = [
            (program(people.admin), NotPresent),
            (Actor.system("x"), NotPresent),
            (present(people.omar), NotAllowed),
            (present(local), NotAllowed),
        ]
        for actor, error in actors:
            with pytest.raises(error):
                propose_rules([], reason="Less.", actor=actor)

    def test_a_group_that_there_is_not_is_named(self, people: Cast) -> None:
        with pytest.raises(Malformed) as wrong:
            propose_rules([SECURITY], reason="Safer.", actor=present(people.admin))
        assert wrong.value.field == "rules.0.needs.0.groups"

    def test_what_would_be_different_is_said_rule_by_rule(self, people: Cast) -> None:
        put_in_force({"name": "Two", "needs": [{"approvals": 2}]}, TRIVIAL)
        put_in_force(TRIVIAL, {"name": "Two", "needs": [{"approvals": 3}]})
        told = AuditEvent.objects.filter(event="policy.accepted").first()
        assert told is not None
        assert told.details["points"] == [
            "Rule “Two” becomes: Always: 3 approvals from any reviewer needed. It said: "
            "Always: 2 approvals from any reviewer needed.",
            "The rules stand in another order: Trivial, Two.",
        ]


def test_channels_are_known_to_rules() -> None:
    assert KNOWN["channels"] == set(Channel.values) - {"system"}
