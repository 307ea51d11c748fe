"""Whose account has power is decided by two; a dangerous one is shut by one, at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import CommandError, call_command

from portal.accounts.account_policy import Account
from portal.accounts.errors import (
    Malformed,
    NotAllowed,
    NotPresent,
    OwnProposal,
    PolicyMoved,
)
from portal.accounts.factors import reset_factors
from portal.accounts.models import (
    Membership,
    Person,
    PolicyChange,
    PolicyState,
    Vouching,
)
from portal.accounts.people import change_person, create_person
from portal.accounts.policy.deciding import (
    accept_policy,
    propose_policy,
    refuse_policy,
    withdraw_policy,
)
from portal.accounts.roles import Role
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from tests.accounts.policy.test_deciding import race
from tests.actors import present
from tests.factories import Cast, make_app, make_gateway, make_person

pytestmark = pytest.mark.django_db


def change(person: Person, by: Person, **fields: Any) -> PolicyChange:
    """Ask for it, and expect that it is policy."""
    for name, value in fields.items():
        setattr(person, name, value)
    asked = change_person(person, fields=fields, reason="So.", actor=present(by))
    assert asked
    return asked


def stored(person: Person) -> Person:
    return Person.objects.get(pk=person.pk)


@pytest.fixture
def root(people: Cast) -> Person:
    return make_person("root", is_superuser=True)


class TestByTwo:
    @pytest.mark.parametrize(
        ("before", "wanted"),
        [
            ({}, {"is_superuser": True}),
            ({"is_superuser": True}, {"is_superuser": False}),
            ({}, {"email": "mine@example.com"}),
            ({"is_active": False}, {"is_active": True}),
        ],
        ids=str,
    )
    def test_nobody_gains_a_vote_alone_not_even_a_superuser(
        self,
        people: Cast,
        root: Person,
        before: dict[str, Any],
        wanted: dict[str, Any],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        nina = make_person("nina", Role.REVIEWER, **before)
        kept = {name: getattr(nina, name) for name in wanted}

        asked = change(nina, people.admin, first_name="N.", **wanted)
        with pytest.raises(OwnProposal):
            accept_policy(asked, actor=present(people.admin))

        for one in (nina, stored(nina)):
            assert {name: getattr(one, name) for name in wanted} == kept
            assert one.first_name == "N."
        assert not Vouching.objects.exists()
        assert not mail.outbox
        with django_capture_on_commit_callbacks(execute=True):
            accept_policy(asked, actor=present(root))
        assert {name: getattr(stored(nina), name) for name in wanted} == wanted
        if wanted != {"is_superuser": False}:
            # Whoever asked and whoever accepted both let them in.
            assert {v.by for v in Vouching.objects.all()} == {people.admin, root}
        assert len(mail.outbox) == ("email" in wanted)
        assert list(problems()) == []

    def test_an_account_that_holds_nothing_is_changed_by_one(
        self, people: Cast, root: Person
    ) -> None:
        nina = create_person(Person(username="nina"), actor=present(people.admin))
        nina.email, nina.is_active = "n@example.com", False
        fields = ["email", "is_active"]
        assert change_person(nina, fields=fields, actor=present(people.admin)) is None
        assert (stored(nina).email, stored(nina).is_active) == ("n@example.com", False)

        nina.groups.add(Group.objects.create(name="security"))
        nina.is_active = True
        with pytest.raises(Malformed) as refused:
            change_person(nina, fields=["is_active"], actor=present(people.admin))
        assert refused.value.field == "reason"

    def test_a_new_account_is_no_superuser(self, people: Cast) -> None:
        with pytest.raises(NotAllowed):
            create_person(
                Person(username="x", is_superuser=True), actor=present(people.admin)
            )
        assert not Person.objects.filter(username="x").exists()

    def test_second_factors_are_reset_by_two(self, people: Cast, root: Person) -> None:
        for person in (people.riley, people.admin):
            make_app(person)
        asked = reset_factors(people.riley, reason="Lost.", actor=present(people.admin))
        assert asked
        assert people.riley.factors.exists()

        accept_policy(asked, actor=present(root))

        assert not people.riley.factors.exists()
        assert {v.by for v in Vouching.objects.all()} == {people.admin, root}

    def test_of_a_factor_added_meanwhile_nobody_spoke(
        self, people: Cast, root: Person
    ) -> None:
        for person in (people.riley, people.admin):
            make_app(person)
        asked = reset_factors(people.riley, reason="Lost.", actor=present(people.admin))
        assert asked
        people.riley.factors.all().delete()
        make_app(people.riley)

        with pytest.raises(PolicyMoved):
            accept_policy(asked, actor=present(root))

    @pytest.mark.parametrize(
        ("wanted", "field"),
        [
            ({"person": 0, "email": ""}, "person"),
            ({"person": "admin", "email": ""}, "person"),
            ({"email": "nobody"}, "email"),
            ({"is_active": "no"}, "is_active"),
            ({"is_superuser": 1}, "is_superuser"),
        ],
        ids=str,
    )
    def test_what_makes_no_sense_is_refused_by_its_name(
        self, people: Cast, wanted: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Malformed) as refused:
            propose_policy(
                "account",
                {"person": people.alice.pk} | wanted,
                scope=None,
                reason="So.",
                actor=present(people.admin),
            )
        assert refused.value.field == field

    def test_the_only_administrator_does_it_alone(self, people: Cast) -> None:
        asked = change(people.alice, people.admin, is_active=False, email="")

        assert asked.alone == "there is no second administrator"
        alice = stored(people.alice)
        assert (alice.is_active, alice.shut_at, alice.email) == (False, None, "")
        said = " ".join(Account().sentences(asked.base, asked.wanted))
        assert "alice can no longer sign in" in said
        assert "goes to nobody instead of alice@example.com" in said


class TestShut:
    """`root` is the second administrator, and is shut out by the first."""

    @pytest.fixture
    def asked(self, people: Cast, root: Person) -> PolicyChange:
        return change(root, people.admin, is_active=False)

    def test_it_counts_at_once_and_yet_makes_nobody_the_only_one(
        self, people: Cast, root: Person, asked: PolicyChange
    ) -> None:
        assert asked.state == PolicyState.OPEN
        assert not stored(root).is_active

        for wanted in ({"is_superuser": True}, {"email": "mine@example.com"}):
            other = change(people.riley, people.admin, **wanted)
            assert (other.state, other.alone) == (PolicyState.OPEN, "")
        gateway = make_gateway()
        moved = propose_policy(
            "gateway_settings",
            {"admin_url": "http://mine.example"},
            scope=gateway,
            reason="Mine.",
            actor=present(people.admin),
        )
        assert moved.state == PolicyState.OPEN
        for one in (asked, other, moved):
            with pytest.raises(OwnProposal):
                accept_policy(one, actor=present(people.admin))

    @pytest.mark.parametrize("how", ["refuse", "withdraw"])
    def test_it_opens_again_when_that_comes_to_nothing(
        self, people: Cast, root: Person, asked: PolicyChange, how: str
    ) -> None:
        with pytest.raises(PolicyMoved, match="shut out"):
            change(root, people.admin, is_active=True)
        root.refresh_from_db()
        assert change(root, people.admin, is_active=False) == asked
        with pytest.raises(PolicyMoved, match="already"):
            change(root, people.admin, is_active=False, is_superuser=False)
        if how == "refuse":
            third = make_person("third", Role.ADMINISTRATOR)
            refuse_policy(asked, actor=present(third), note="It is hers.")
        else:
            withdraw_policy(asked, actor=present(people.admin))

        assert (stored(root).is_active, stored(root).shut_at) == (True, None)
        last = AuditEvent.objects.latest("number")
        assert (last.subject, last.details["is_active"]) == ("root", True)

    def test_accepted_it_stays_and_no_longer_counts(
        self, people: Cast, root: Person, asked: PolicyChange
    ) -> None:
        third = make_person("third", Role.ADMINISTRATOR)
        accept_policy(asked, actor=present(third))
        assert (stored(root).is_active, stored(root).shut_at) == (False, None)

        Membership.objects.filter(person=third).delete()
        assert change(people.riley, people.admin, is_superuser=True).alone

    def test_the_machine_decides_where_nobody_is_left(
        self, people: Cast, root: Person, asked: PolicyChange
    ) -> None:
        call_command("accept_policy", str(asked.pk))

        assert (stored(root).is_active, stored(root).shut_at) == (False, None)
        asked.refresh_from_db()
        assert asked.alone == "somebody accepted it on the desk's machine"
        told = AuditEvent.objects.get(event="policy.accepted")
        assert (told.actor_id, told.client) == (None, "console: accept_policy")
        for number, why in ((asked.pk, "decided on"), (0, "no change")):
            with pytest.raises(CommandError, match=why):
                call_command("accept_policy", str(number))


def test_accounts_made_and_opened_at_the_console_are_recorded(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-long-one-for-ada")
    options = {"username": "ada", "email": "ada@example.com", "interactive": False}
    call_command("createsuperuser", **options)
    answers = iter(["another-long-one-7"] * 2)
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    call_command("changepassword", "ada")

    assert Person.objects.get().check_password("another-long-one-7")
    told = AuditEvent.objects.order_by("number").values_list("event", "client")
    assert list(told) == [
        ("person.created", "console: createsuperuser"),
        ("person.changed", "console: changepassword"),
    ]
    assert "long-one" not in str(list(AuditEvent.objects.values()))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestAtTheSameMoment:
    def shutting(self, whom: Person, by: Person) -> Callable[[], Any]:
        return lambda: change(stored(whom), stored(by), is_active=False)

    def test_two_who_shut_each_other_out_leave_one(self) -> None:
        ada, ben = (make_person(name, is_superuser=True) for name in ("ada", "ben"))

        answers = race(self.shutting(ada, ben), self.shutting(ben, ada))

        assert sorted(isinstance(one, PolicyChange) for one in answers) == [False, True]
        assert Person.objects.filter(is_active=True).count() == 1
        assert PolicyChange.objects.open().count() == 1
        assert list(problems()) == []

    def test_who_is_shut_out_meanwhile_accepts_nothing(self) -> None:
        ada, ben = (make_person(name, is_superuser=True) for name in ("ada", "ben"))
        nina = make_person("nina", Role.REVIEWER)
        asked = change(nina, ada, is_superuser=True)
        # As a request has it that began before.
        late = present(stored(ben))
        change(ben, ada, is_active=False)

        with pytest.raises(NotPresent):
            accept_policy(asked, actor=late)

        assert not stored(nina).is_superuser
