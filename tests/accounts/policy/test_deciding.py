"""Policy is changed by two administrators, or by the only one, who is told so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import (
    Malformed,
    NotAllowed,
    NotPresent,
    NotVisible,
    OwnProposal,
    PolicyMoved,
    PolicySettled,
    SecondPersonNeeded,
)
from portal.accounts.models import Person, PolicyChange, PolicyState, Vouched
from portal.accounts.policy.deciders import foretold
from portal.accounts.policy.deciding import (
    accept_policy,
    propose_policy,
    refuse_policy,
    withdraw_policy,
)
from portal.accounts.policy.foreseeing import foresee
from portal.accounts.policy.waiting import rivals_of, why_outdated
from portal.accounts.roles import Role
from portal.accounts.vouchings import vouch
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.errors import GatehouseError
from tests.actors import present, program
from tests.factories import make_gateway, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway(title="Old")


@pytest.fixture
def ada(db: None) -> Person:
    return make_person("ada", Role.ADMINISTRATOR)


@pytest.fixture
def ben(db: None) -> Person:
    return make_person("ben", Role.ADMINISTRATOR)


def ask(
    person: Person | Actor, scope: Gateway | None, title: str = "New"
) -> PolicyChange:
    actor = person if isinstance(person, Actor) else present(person)
    return propose_policy(
        "motto", {"title": title}, scope=scope, reason="It is better.", actor=actor
    )


def title_of(gateway: Gateway) -> str:
    return Gateway.objects.get(pk=gateway.pk).title


def happened() -> list[str]:
    return list(AuditEvent.objects.order_by("number").values_list("event", flat=True))


class TestTwoPeople:
    def test_it_counts_once_another_accepts_it(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        change = ask(ada, gateway)
        assert (change.state, title_of(gateway)) == (PolicyState.OPEN, "Old")

        accepted = accept_policy(change, actor=present(ben))

        assert (accepted.state, accepted.decided_by) == (PolicyState.ACCEPTED, ben)
        assert title_of(gateway) == "New"
        assert happened() == ["policy.proposed", "policy.accepted", "gateway.changed"]
        told = AuditEvent.objects.get(event="policy.accepted")
        assert (told.actor, told.gateway) == ("ben", gateway.slug)
        assert told.details == {"asked_by": "ada", "points": ["Old becomes New"]}

    def test_nobody_accepts_their_own_not_even_a_superuser(
        self, gateway: Gateway, ada: Person
    ) -> None:
        root = make_person("root", is_superuser=True)
        for author in (ada, root):
            change = ask(author, gateway, f"By {author}")
            with pytest.raises(OwnProposal):
                accept_policy(change, actor=present(author))
            with pytest.raises(OwnProposal):
                refuse_policy(change, actor=present(author), note="No.")
        assert title_of(gateway) == "Old"

    @pytest.mark.parametrize("made_by", ["author", "other", "somebody"])
    def test_of_two_accounts_of_one_person_neither_accepts(
        self, gateway: Gateway, ada: Person, ben: Person, made_by: str
    ) -> None:
        somebody = make_person()
        for by, person in {
            "author": [(ada, ben)],
            "other": [(ben, ada)],
            "somebody": [(somebody, ada), (somebody, ben)],
        }[made_by]:
            vouch(by, [person], Vouched.MADE)
        assert "no second person yet, for 7 days" in foretold(ada, gateway)
        change = ask(ada, gateway)

        with pytest.raises(OwnProposal, match="who asked for this, .*your word counts"):
            accept_policy(change, actor=present(ben))
        assert title_of(gateway) == "Old"
        with time_machine.travel(timezone.now() + timedelta(days=7)):
            accept_policy(change, actor=present(ben))

        assert title_of(gateway) == "New"

    def test_but_the_maker_refuses_it(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        vouch(ben, [ada], Vouched.MADE)
        change = ask(ada, gateway)

        refuse_policy(change, actor=present(ben), note="No.")

        assert title_of(gateway) == "Old"

    @pytest.mark.parametrize("role", [r for r in Role if r is not Role.ADMINISTRATOR])
    def test_other_roles_neither_ask_nor_accept(
        self, gateway: Gateway, ada: Person, ben: Person, role: Role
    ) -> None:
        other = make_person(role=role)
        change = ask(ada, None)
        for act in (
            lambda: ask(other, None),
            lambda: ask(other, gateway),
            lambda: accept_policy(change, actor=present(other)),
            lambda: refuse_policy(change, actor=present(other), note="No."),
            lambda: withdraw_policy(change, actor=present(other)),
        ):
            with pytest.raises(NotAllowed):
                act()
        assert happened() == ["policy.proposed"]

    def test_administrators_of_one_gateway_decide_on_it_alone(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        other = make_gateway("other")
        local = make_person("local", Role.ADMINISTRATOR, gateway=gateway)
        everywhere, here = ask(ada, None), ask(ada, gateway)
        there = ask(ada, other)

        with pytest.raises(NotAllowed):
            accept_policy(everywhere, actor=present(local))
        with pytest.raises(NotVisible):
            accept_policy(there, actor=present(local))
        accept_policy(here, actor=present(local))

        assert list(PolicyChange.objects.waiting_for(local)) == []
        assert here in PolicyChange.objects.visible_to(local)
        assert everywhere not in PolicyChange.objects.visible_to(local)

    def test_no_token_decides(self, gateway: Gateway, ada: Person, ben: Person) -> None:
        change, actor = ask(ada, gateway), program(ben)
        for act in (
            lambda: ask(actor, gateway),
            lambda: accept_policy(change, actor=actor),
            lambda: refuse_policy(change, actor=actor, note="No."),
            lambda: withdraw_policy(change, actor=program(ada)),
        ):
            with pytest.raises(NotPresent):
                act()
        change.refresh_from_db()
        assert change.state == PolicyState.OPEN

    def test_what_moved_meanwhile_is_not_accepted(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        first, second = ask(ada, gateway, "First"), ask(ada, gateway, "Second")
        assert why_outdated(second) == ""
        accept_policy(first, actor=present(ben))

        with pytest.raises(PolicyMoved, match="counts no longer"):
            accept_policy(second, actor=present(ben))
        assert "counts no longer" in why_outdated(second)

        assert title_of(gateway) == "First"
        second.refresh_from_db()
        assert second.state == PolicyState.OPEN

    def test_whoever_asked_must_still_administer(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        change = ask(ada, gateway)
        ada.memberships.all().delete()

        with pytest.raises(PolicyMoved):
            accept_policy(change, actor=present(ben))

        assert title_of(gateway) == "Old"

    def test_refused_and_withdrawn_are_final(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        refused, withdrawn = ask(ada, gateway, "A"), ask(ada, gateway, "B")
        with pytest.raises(Malformed) as wrong:
            refuse_policy(refused, actor=present(ben), note=" ")
        assert wrong.value.field == "note"
        refuse_policy(refused, actor=present(ben), note="Not now.")
        withdraw_policy(withdrawn, actor=present(ada))

        for change in (refused, withdrawn):
            with pytest.raises(PolicySettled):
                accept_policy(change, actor=present(ben))
        assert PolicyChange.objects.get(pk=refused.pk).note == "Not now."
        assert happened()[2:] == ["policy.refused", "policy.withdrawn"]
        assert title_of(gateway) == "Old"

    @pytest.mark.parametrize(
        ("wanted", "reason", "field"),
        [({"title": ""}, "Why", "title"), ({"title": "x"}, " ", "reason")],
    )
    def test_what_makes_no_sense_is_refused(
        self, ada: Person, ben: Person, wanted: Any, reason: str, field: str
    ) -> None:
        with pytest.raises(Malformed) as wrong:
            propose_policy(
                "motto", wanted, scope=None, reason=reason, actor=present(ada)
            )
        assert wrong.value.field == field
        assert not PolicyChange.objects.exists()

    def test_what_counts_already_is_not_asked_for(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        with pytest.raises(PolicyMoved):
            ask(ada, gateway, "Old")


class TestAskedTwice:
    def test_the_same_is_answered_with_what_waits(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        first = ask(ada, gateway)

        for again in (ask(ben, gateway), ask(ada, gateway)):
            assert (again, again.author) == (first, ada)
            at = first.created_at.strftime("%Y-%m-%d at %H:%M UTC")
            assert f"ada asked for the same on {at}" in again.outcome
        assert happened() == ["policy.proposed"]
        accept_policy(first, actor=present(ben))
        assert title_of(gateway) == "New"

    def test_what_nobody_can_accept_stands_in_nobody_s_way(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        make_person(role=Role.ADMINISTRATOR)
        left = ask(ada, gateway)
        ada.memberships.all().delete()
        assert ask(ben, gateway) != left

        moved = ask(ben, gateway, "Newer")
        Gateway.objects.update(title="Elsewhere")
        assert ask(ben, gateway, "Newer") != moved

    def test_it_says_what_else_waits_about_the_same(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        first, second = ask(ada, gateway, "First"), ask(ben, gateway, "Second")
        ask(ada, make_gateway("other"), "First")

        foreseen = foresee(
            "motto", {"title": "Third"}, scope=gateway, actor=present(ada)
        )

        assert foreseen.rivals == [first, second]
        assert rivals_of(second) == [first]


class TestAlone:
    def test_the_only_administrator_decides_and_is_told_so(
        self, gateway: Gateway, ada: Person
    ) -> None:
        make_person("gone", Role.ADMINISTRATOR, is_active=False)
        make_person("riley", Role.REVIEWER)

        change = ask(ada, gateway)

        assert (change.state, title_of(gateway)) == (PolicyState.ACCEPTED, "New")
        assert change.alone == "there is no second administrator"
        assert happened() == [
            "policy.proposed",
            "policy.taken_alone",
            "gateway.changed",
        ]
        told = AuditEvent.objects.get(event="policy.taken_alone")
        assert told.details["alone"] == "there is no second administrator"

    def test_one_of_another_gateway_is_no_second(
        self, gateway: Gateway, ada: Person
    ) -> None:
        make_person(role=Role.ADMINISTRATOR, gateway=make_gateway("other"))
        assert ask(ada, gateway).alone

    def test_a_superuser_is_a_second(self, gateway: Gateway, ada: Person) -> None:
        make_person("root", is_superuser=True)
        assert ask(ada, gateway).state == PolicyState.OPEN

    def test_what_needs_two_is_refused_to_one(
        self, gateway: Gateway, ada: Person, settings: Settings
    ) -> None:
        with pytest.raises(SecondPersonNeeded):
            ask(ada, gateway, "grave")
        settings.POLICY_NEEDS_TWO = False
        with pytest.raises(SecondPersonNeeded):
            ask(ada, gateway, "grave")
        make_person("root", is_superuser=True)
        assert ask(ada, gateway, "grave").state == PolicyState.OPEN
        assert title_of(gateway) == "Old"

    def test_a_setting_lets_one_person_decide(
        self, gateway: Gateway, ada: Person, ben: Person, settings: Settings
    ) -> None:
        settings.POLICY_NEEDS_TWO = False
        assert ask(ada, gateway).alone == "POLICY_NEEDS_TWO is off"
        assert title_of(gateway) == "New"


def race(*acts: Callable[[], Any]) -> list[Any]:
    def run(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except GatehouseError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestAtTheSameMoment:
    def test_two_who_accept_bring_it_about_once(self, each_database: str) -> None:
        gateway = make_gateway(title="Old")
        ada, ben, cleo = (
            make_person(name, Role.ADMINISTRATOR) for name in ("ada", "ben", "cleo")
        )
        change = ask(ada, gateway)

        answers = race(
            lambda: accept_policy(change, actor=present(ben)),
            lambda: accept_policy(change, actor=present(cleo)),
        )

        lost = [one for one in answers if isinstance(one, GatehouseError)]
        assert [type(one) for one in lost] == [PolicySettled]
        assert happened().count("policy.accepted") == 1
        assert happened().count("gateway.changed") == 1
        assert list(problems()) == []

    def test_two_who_ask_for_the_same_ask_once(self, each_database: str) -> None:
        gateway = make_gateway(title="Old")
        ada, ben = (make_person(name, Role.ADMINISTRATOR) for name in ("ada", "ben"))

        mine, theirs = race(lambda: ask(ada, gateway), lambda: ask(ben, gateway))

        assert mine == theirs == PolicyChange.objects.get()
        assert sorted([mine.was_asked_already, theirs.was_asked_already]) == [0, 1]
        assert happened() == ["policy.proposed"]

    def test_of_two_against_the_same_base_one_counts(self, each_database: str) -> None:
        gateway = make_gateway(title="Old")
        ada, ben = (make_person(name, Role.ADMINISTRATOR) for name in ("ada", "ben"))
        mine, theirs = ask(ada, gateway, "A"), ask(ben, gateway, "B")

        answers = race(
            lambda: accept_policy(mine, actor=present(ben)),
            lambda: accept_policy(theirs, actor=present(ada)),
        )

        assert [type(one) for one in answers].count(PolicyMoved) == 1
        assert title_of(gateway) in ("A", "B")
        assert happened().count("policy.accepted") == 1
