"""Roles, groups and parts are policy: nobody gains or becomes alone by themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django import Settings

from gateway.models import Gateway
from portal.accounts.errors import (
    Malformed,
    NotAllowed,
    NotVisible,
    OwnProposal,
    PolicyMoved,
    SecondPersonNeeded,
)
from portal.accounts.group_members import join_group, leave_group
from portal.accounts.memberships import grant, revoke, role_wanted
from portal.accounts.models import (
    Membership,
    Ownership,
    Person,
    PolicyChange,
    PolicyState,
    Vouching,
)
from portal.accounts.ownerships import give_part, take_part
from portal.accounts.policy.deciding import accept_policy, propose_policy
from portal.accounts.policy.foreseeing import foresee
from portal.accounts.roles import Role, Verb
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.errors import GatehouseError
from tests.accounts.policy.test_deciding import race
from tests.actors import present
from tests.factories import make_gateway, make_person

pytestmark = pytest.mark.django_db
ADMINISTRATOR, REVIEWER = Role.ADMINISTRATOR, Role.REVIEWER


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


@pytest.fixture
def ada(db: None) -> Person:
    return make_person("ada", ADMINISTRATOR)


@pytest.fixture
def ben(db: None) -> Person:
    return make_person("ben", ADMINISTRATOR)


@pytest.fixture
def nina(db: None) -> Person:
    return make_person("nina")


def group_of(*people: Person, name: str = "shop") -> Group:
    group = Group.objects.create(name=name)
    group.user_set.set(people)
    return group


def give(
    by: Person, to: Person | Group, role: Role = REVIEWER, on: Gateway | None = None
) -> PolicyChange:
    holder = {"group": to} if isinstance(to, Group) else {"person": to}
    made = Membership(role=role, gateway=on, **holder)
    return grant(made, reason="So.", actor=present(by))


def take(by: Person, held: Membership) -> PolicyChange:
    return revoke(held, reason="So.", actor=present(by))


def join(by: Person, group: Group, person: Person) -> PolicyChange:
    return join_group(group, person, reason="So.", actor=present(by))


def leave(by: Person, group: Group, person: Person) -> PolicyChange:
    return leave_group(group, person, reason="So.", actor=present(by))


def role_of(person: Person) -> Membership:
    return person.memberships.get()


def waits(change: PolicyChange) -> bool:
    change.refresh_from_db()
    return change.state == PolicyState.OPEN


def administrators() -> set[str]:
    return {
        person.username
        for person in Person.objects.filter(is_active=True)
        if person.may_everywhere(Verb.ADMINISTER)
    }


class TestGiving:
    def test_a_role_counts_once_another_accepts_it(
        self, gateway: Gateway, ada: Person, ben: Person, nina: Person
    ) -> None:
        change = give(ada, nina, on=gateway)
        assert waits(change)
        assert not nina.may(Verb.DECIDE, gateway)

        accept_policy(change, actor=present(ben))

        assert nina.may(Verb.DECIDE, gateway)
        told = AuditEvent.objects.get(event="membership.granted")
        assert (told.actor, told.subject) == ("ben", "nina")
        assert told.details == {"role": "reviewer", "on": "default"}
        asked = AuditEvent.objects.get(event="policy.proposed")
        assert (asked.actor, asked.gateway) == ("ada", "default")
        assert asked.details["points"] == ["nina gets the role Reviewer on default."]

    def test_nobody_gives_themselves_power(
        self, gateway: Gateway, ada: Person, ben: Person
    ) -> None:
        shop = group_of(ada)
        asked = [
            give(ada, ada, Role.EMERGENCY),
            give(ada, shop, Role.EMERGENCY),
            join(ada, group_of(name="security"), ada),
        ]
        for change in asked:
            assert waits(change)
            with pytest.raises(OwnProposal):
                accept_policy(change, actor=present(ada))
        assert not ada.may(Verb.BREAK_GLASS, gateway)
        assert [group.name for group in ada.groups.all()] == ["shop"]

    def test_whoever_accepts_saw_who_is_in_the_group(
        self, ada: Person, ben: Person, nina: Person
    ) -> None:
        shop = group_of(ada)
        change = give(ada, shop, ADMINISTRATOR)
        shop.user_set.add(nina)

        with pytest.raises(PolicyMoved):
            accept_policy(change, actor=present(ben))

        assert not nina.may_everywhere(Verb.ADMINISTER)

    def test_whoever_accepts_saw_what_the_group_holds(
        self, ada: Person, ben: Person, nina: Person
    ) -> None:
        shop = group_of()
        change = join(ada, shop, nina)
        Membership.objects.create(group=shop, role=ADMINISTRATOR)

        with pytest.raises(PolicyMoved):
            accept_policy(change, actor=present(ben))

        assert not nina.groups.exists()

    def test_one_held_already_is_not_given(self, ada: Person, ben: Person) -> None:
        with pytest.raises(Malformed) as wrong:
            give(ada, ben, ADMINISTRATOR)
        assert wrong.value.field == "role"


class TestOneGateway:
    @pytest.fixture
    def lea(self, gateway: Gateway) -> Person:
        return make_person("lea", ADMINISTRATOR, gateway=gateway)

    def test_its_administrators_decide_on_its_roles_and_parts(
        self, gateway: Gateway, lea: Person, nina: Person
    ) -> None:
        mia = make_person("mia", ADMINISTRATOR, gateway=gateway)
        part = Ownership(group=group_of(), gateway=gateway, host="a.example.com")
        for change in (
            give(lea, nina, on=gateway),
            give_part(part, reason="So.", actor=present(lea)),
        ):
            assert waits(change)
            accept_policy(change, actor=present(mia))
        assert nina.may(Verb.DECIDE, gateway)
        assert Ownership.objects.get().host == "a.example.com"

    def test_they_gain_nothing_elsewhere(
        self, gateway: Gateway, ada: Person, lea: Person
    ) -> None:
        far = make_gateway("far")
        strong = group_of(name="strong")
        held = Membership.objects.create(group=strong, role=ADMINISTRATOR, gateway=far)
        everywhere = Ownership(group=strong, host="a.example.com")
        actor = present(lea)
        acts: list[tuple[type[GatehouseError], Callable[[], Any]]] = [
            (NotAllowed, lambda: give(lea, lea)),
            (NotVisible, lambda: give(lea, lea, on=far)),
            (NotAllowed, lambda: join(lea, strong, lea)),
            (NotAllowed, lambda: leave(lea, strong, ada)),
            (NotVisible, lambda: take(lea, held)),
            (NotAllowed, lambda: take(lea, role_of(ada))),
            (NotAllowed, lambda: give_part(everywhere, reason="So.", actor=actor)),
        ]
        for error, act in acts:
            with pytest.raises(error):
                act()
        assert not PolicyChange.objects.exists()

    def test_a_smaller_scope_is_no_way_around(
        self, gateway: Gateway, ada: Person, lea: Person
    ) -> None:
        """What is wanted names its gateway: another scope does not decide on it."""
        wanted = role_wanted(Membership(person=lea, role=ADMINISTRATOR), held=True)

        with pytest.raises(PolicyMoved):
            propose_policy(
                **wanted | {"scope": gateway}, reason="So.", actor=present(lea)
            )

    def test_administrators_of_all_clear_up_on_a_retired_one(
        self, gateway: Gateway, ada: Person, lea: Person
    ) -> None:
        held = role_of(lea)
        gateway.retired_at = timezone.now()
        gateway.save()
        held.refresh_from_db()

        assert take(ada, held).gateway is None
        assert not lea.memberships.exists()


class TestTaking:
    def test_it_counts_at_once_while_two_administrators_remain(
        self, gateway: Gateway, ada: Person, ben: Person, nina: Person
    ) -> None:
        shop = group_of(nina)
        Membership.objects.create(group=shop, role=REVIEWER)
        Membership.objects.create(person=nina, role=REVIEWER)

        taken = [take(ada, role_of(nina)), leave(ada, shop, nina)]

        assert {change.alone for change in taken} == {
            "it only takes away, and two administrators remain"
        }
        assert not nina.may(Verb.READ, gateway)
        events = AuditEvent.objects.order_by("number").values_list("event", flat=True)
        done = ["policy.proposed", "policy.taken_alone"]
        assert list(events) == [*done, "membership.revoked", *done, "group.left"]

    def test_of_three_administrators_one_goes_at_once_and_no_second(
        self, ada: Person, ben: Person
    ) -> None:
        cleo = make_person("cleo", ADMINISTRATOR)

        assert not waits(take(ada, role_of(cleo)))
        assert administrators() == {"ada", "ben"}
        mine, theirs = take(ada, role_of(ada)), take(ada, role_of(ben))

        assert waits(mine)
        assert waits(theirs)
        assert administrators() == {"ada", "ben"}
        accept_policy(theirs, actor=present(ben))
        assert administrators() == {"ada"}

    @pytest.mark.parametrize("how", ["group's role", "group"])
    def test_a_group_is_no_way_to_be_alone(
        self, ada: Person, nina: Person, how: str
    ) -> None:
        desk = group_of(nina)
        held = Membership.objects.create(group=desk, role=ADMINISTRATOR)

        assert waits(take(ada, held) if how != "group" else leave(ada, desk, nina))
        assert administrators() == {"ada", "nina"}

    def test_who_administers_otherwise_too_may_leave(
        self, ada: Person, ben: Person
    ) -> None:
        desk = group_of(ben)
        Membership.objects.create(group=desk, role=ADMINISTRATOR)

        assert not waits(leave(ada, desk, ben))
        assert administrators() == {"ada", "ben"}

    def test_nobody_becomes_alone_on_one_gateway_either(
        self, gateway: Gateway, ada: Person, nina: Person
    ) -> None:
        """The only one of all gateways is not the only one there."""
        local = group_of(nina)
        Membership.objects.create(group=local, role=ADMINISTRATOR, gateway=gateway)

        with pytest.raises(SecondPersonNeeded):
            leave(ada, local, nina)
        assert waits(take(ada, local.memberships.get()))
        assert nina.may(Verb.ADMINISTER, gateway)

    def test_who_is_switched_off_remains_as_none(
        self, ada: Person, ben: Person
    ) -> None:
        make_person("gone", ADMINISTRATOR, is_active=False)
        assert waits(take(ada, role_of(ben)))
        assert not waits(take(ada, Membership.objects.get(person__username="gone")))

    def test_who_was_shut_out_lately_is_no_way_to_be_alone(
        self, ada: Person, ben: Person
    ) -> None:
        ben.is_active, ben.shut_at = False, timezone.now()
        ben.save()

        with pytest.raises(SecondPersonNeeded):
            take(ada, role_of(ben))

    def test_somebody_always_administers(self, ada: Person, ben: Person) -> None:
        desk = group_of(ada, ben)
        for person in (ada, ben):
            role_of(person).delete()
        held = Membership.objects.create(group=desk, role=ADMINISTRATOR)

        with pytest.raises(SecondPersonNeeded, match="Nobody would administer all"):
            take(ada, held)
        ben.groups.clear()
        with pytest.raises(SecondPersonNeeded, match="Nobody would administer all"):
            leave(ada, desk, ada)
        assert administrators() == {"ada"}

    def test_a_setting_helps_where_the_other_is_gone(
        self, ada: Person, ben: Person, settings: Settings
    ) -> None:
        settings.POLICY_NEEDS_TWO = False
        assert take(ada, role_of(ben)).alone == "POLICY_NEEDS_TWO is off"
        assert administrators() == {"ada"}

    def test_a_part_is_taken_by_two(self, ada: Person, ben: Person) -> None:
        """A group without a part may ask for anything: to take one gives power."""
        part = Ownership.objects.create(group=group_of(), labels={"a": "b", "c": "d"})
        part.labels = {"c": "d", "a": "b"}

        change = take_part(part, reason="So.", actor=present(ada))

        assert waits(change)
        accept_policy(change, actor=present(ben))
        assert not Ownership.objects.exists()


class TestForeseen:
    def test_it_is_told_before_one_asks_and_nothing_is_done(
        self, ada: Person, ben: Person, nina: Person
    ) -> None:
        Membership.objects.create(person=nina, role=REVIEWER)
        quick, slow = (
            foresee(**role_wanted(role_of(who), held=False), actor=present(ada))
            for who in (nina, ben)
        )

        assert quick.points == ["nina loses the role Reviewer on all gateways."]
        only = "it only takes away, and two administrators remain"
        assert quick.foretold == f"It counts at once: {only}."
        assert slow.foretold == "It counts once it is accepted, by ben."
        assert nina.memberships.exists()
        assert not PolicyChange.objects.exists()


class TestVouching:
    """Of those who asked and accepted, neither has the account approve at once."""

    @pytest.mark.parametrize("way", ["role", "group's role", "group"])
    def test_both_vouch(self, ada: Person, ben: Person, nina: Person, way: str) -> None:
        asked = {
            "role": lambda: give(ada, nina),
            "group's role": lambda: give(ada, group_of(nina)),
            "group": lambda: join(ada, group_of(), nina),
        }[way]()
        assert not Vouching.objects.exists()

        accept_policy(asked, actor=present(ben))

        found = Vouching.objects.values_list("by__username", "person__username")
        assert sorted(found) == [("ada", "nina"), ("ben", "nina")]

    def test_for_oneself_the_other_does(self, ada: Person, ben: Person) -> None:
        accept_policy(give(ada, ada, Role.EMERGENCY), actor=present(ben))

        assert [(one.by, one.person) for one in Vouching.objects.all()] == [(ben, ada)]

    def test_taking_away_vouches_for_nobody(self, ada: Person, nina: Person) -> None:
        held = Membership.objects.create(person=nina, role=REVIEWER)
        take(ada, held)
        assert not Vouching.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestAtTheSameMoment:
    def test_four_who_take_each_other_s_role_leave_two(
        self, each_database: str
    ) -> None:
        """Each takes the next one's: whoever lost theirs while waiting takes none."""
        names = ("ada", "ben", "cleo", "dan")
        people = [make_person(name, ADMINISTRATOR) for name in names]
        held = [role_of(person) for person in people]

        answers = race(
            *(
                lambda by=by, row=row: take(by, row)
                for by, row in zip(people, held[1:] + held[:1], strict=True)
            )
        )

        assert len(administrators()) == 2
        assert list(problems()) == []
        done = [one for one in answers if isinstance(one, PolicyChange)]
        assert len([one for one in done if one.state == PolicyState.ACCEPTED]) == 2
        lost = [one for one in answers if isinstance(one, GatehouseError)]
        assert {type(one) for one in lost} <= {NotAllowed}

    def test_two_who_accept_their_own_end_lose_one(self, each_database: str) -> None:
        ada, ben = (make_person(name, ADMINISTRATOR) for name in ("ada", "ben"))
        hers, his = take(ben, role_of(ada)), take(ada, role_of(ben))

        answers = race(
            lambda: accept_policy(hers, actor=present(ada)),
            lambda: accept_policy(his, actor=present(ben)),
        )

        assert len(administrators()) == 1
        assert [type(one) for one in answers].count(PolicyMoved) == 1
        events = AuditEvent.objects.values_list("event", flat=True)
        assert list(events).count("membership.revoked") == 1
