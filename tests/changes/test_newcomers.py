"""Whoever let somebody in lately cannot have them approve."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.forgotten import answer_request, ask_for_link
from portal.accounts.group_members import join_group
from portal.accounts.memberships import grant
from portal.accounts.models import (
    LinkRequest,
    Membership,
    Person,
    Vouched,
    Vouching,
)
from portal.accounts.passwords import send_reset_link
from portal.accounts.people import change_person, create_person
from portal.accounts.roles import Role
from portal.accounts.service_accounts import make_service_account
from portal.accounts.sign_in import Stranger
from portal.audit.models import AuditEvent
from portal.changes.errors import SelfReview
from portal.changes.models import ChangeRequest, Review
from portal.changes.permissions import permissions
from portal.changes.quorum import standing
from portal.changes.review import approve
from portal.changes.waiting import to_decide
from tests.actors import present
from tests.factories import Cast, make_change, make_gateway, make_person, make_review


def _made(by: Person) -> Person:
    return create_person(Person(username="nina"), actor=present(by))


def _let_in(by: Person) -> Person:
    nina = make_person("nina", is_active=False)
    nina.is_active = True
    change_person(nina, fields=["is_active"], actor=present(by))
    return nina


def _given_a_role(by: Person) -> Person:
    nina = make_person("nina")
    nina_decides = Membership(person=nina, role=Role.REVIEWER)
    grant(nina_decides, reason="So.", actor=present(by))
    return nina


def _group_given_a_role(by: Person) -> Person:
    nina, group = make_person("nina"), Group.objects.create(name="security")
    nina.groups.add(group)
    they_decide = Membership(group=group, role=Role.REVIEWER)
    grant(they_decide, reason="So.", actor=present(by))
    return nina


def _in_a_group(by: Person) -> Person:
    nina = make_person("nina")
    group = Group.objects.create(name="security")
    join_group(group, nina, reason="So.", actor=present(by))
    return nina


def _made_superuser(by: Person) -> Person:
    nina = make_person("nina")
    nina.is_superuser = True
    change_person(nina, fields=["is_superuser"], reason="Us.", actor=present(by))
    return nina


def _mail_changed(by: Person) -> Person:
    nina = make_person("nina")
    nina.email = "elsewhere@example.com"
    change_person(nina, fields=["email"], actor=present(by))
    return nina


def _reset(by: Person) -> Person:
    nina = make_person("nina")
    send_reset_link(nina, actor=present(by))
    return nina


WAYS: dict[str, Callable[[Person], Person]] = {
    "made": _made,
    "let_in": _let_in,
    "role": _given_a_role,
    "role of a group": _group_given_a_role,
    "group": _in_a_group,
    "superuser": _made_superuser,
    "mail": _mail_changed,
    "reset": _reset,
}


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


def allow(person: Person) -> None:
    """Let them decide whatever else they hold: what is refused is refused for another reason."""
    Membership.objects.create(person=person, role=Role.OPERATOR)


@pytest.mark.parametrize("way", WAYS)
def test_an_account_let_in_by_an_author_does_not_decide(
    people: Cast, gateway: Gateway, way: str
) -> None:
    nina = WAYS[way](people.admin)
    allow(nina)
    mine = make_change(gateway=gateway, author=people.admin)
    others = make_change(gateway=gateway, author=people.alice)

    with pytest.raises(SelfReview, match="admin, who wrote part of this change, "):
        approve(mine.latest_revision(), actor=present(nina))
    approve(others.latest_revision(), actor=present(nina))

    assert Review.objects.get().revision.change == others
    assert "less than 7 days ago" in permissions(mine, actor=present(nina)).why_not
    assert mine not in to_decide(nina)


def test_nor_does_one_that_such_an_account_let_in(
    people: Cast, gateway: Gateway, settings: Any
) -> None:
    """An administrator makes another, and that one the reviewer: one person did it."""
    settings.POLICY_NEEDS_TWO = False
    helper = create_person(Person(username="helper"), actor=present(people.admin))
    administers = Membership(person=helper, role=Role.ADMINISTRATOR)
    grant(administers, reason="So.", actor=present(people.admin))
    nina = _given_a_role(helper)
    change = make_change(gateway=gateway, author=people.admin)

    with pytest.raises(
        SelfReview, match="helper gave you a role .* and was let in so by admin"
    ):
        approve(change.latest_revision(), actor=present(nina))
    make_review(change.latest_revision(), nina)

    assert standing(change).given == 0


def test_what_somebody_did_before_they_were_let_in_is_their_own(
    people: Cast, gateway: Gateway, settings: Any
) -> None:
    settings.POLICY_NEEDS_TWO = False
    helper = make_person("helper", Role.ADMINISTRATOR)
    nina = _given_a_role(helper)
    breaks_glass = Membership(person=helper, role=Role.EMERGENCY)
    grant(breaks_glass, reason="So.", actor=present(people.admin))
    change = make_change(gateway=gateway, author=people.admin)

    approve(change.latest_revision(), actor=present(nina))

    assert standing(change).given == 1


def test_after_seven_days_it_decides(people: Cast, gateway: Gateway) -> None:
    nina = _given_a_role(people.admin)
    long_ago = timezone.now() - timedelta(days=7, minutes=1)
    Vouching.objects.update(at=long_ago)
    change = make_change(gateway=gateway, author=people.admin)

    assert change in to_decide(nina)
    approve(change.latest_revision(), actor=present(nina))

    assert standing(change).given == 1


def test_switched_off_it_decides_at_once(
    people: Cast, gateway: Gateway, settings: Any
) -> None:
    settings.NEW_REVIEWER_DAYS = 0
    nina = _given_a_role(people.admin)
    change = make_change(gateway=gateway, author=people.admin)

    approve(change.latest_revision(), actor=present(nina))

    assert standing(change).given == 1


def test_an_approval_that_came_otherwise_does_not_count(
    people: Cast, gateway: Gateway
) -> None:
    """Counted anew from the rows: a review in the table is not enough, nor is time."""
    nina = _given_a_role(people.admin)
    change = make_change(gateway=gateway, author=people.admin)
    make_review(change.latest_revision(), nina)
    assert standing(change).given == 0
    Vouching.objects.update(at=timezone.now() - timedelta(days=6))

    assert standing(change).given == 0


def test_who_is_let_in_after_approving_counts_no_more(
    people: Cast, gateway: Gateway
) -> None:
    """An author cannot bring an approval back by letting its reviewer in again."""
    change = make_change(gateway=gateway, author=people.admin)
    make_review(change.latest_revision(), people.riley)
    people.riley.is_active = False
    people.riley.save()
    assert standing(change).given == 0
    people.riley.is_active = True

    change_person(
        people.riley, fields=["is_active"], reason="Back.", actor=present(people.admin)
    )

    assert standing(change).given == 0


def test_what_one_does_to_oneself_is_no_vouching(people: Cast) -> None:
    own = Membership(person=people.admin, role=Role.AUDITOR)
    grant(own, reason="So.", actor=present(people.admin))

    assert not Vouching.objects.exists()


def test_a_reviewer_s_own_request_for_a_link_is_none(people: Cast) -> None:
    ask_for_link(people.riley.email, asker=Stranger())
    answer_request(LinkRequest.objects.get().pk, timezone.now())

    assert AuditEvent.objects.get().event == "person.reset_sent"
    assert not Vouching.objects.exists()


def test_each_way_is_told_by_its_name(people: Cast) -> None:
    nina = _mail_changed(people.admin)

    assert [v.how for v in Vouching.objects.filter(person=nina)] == [Vouched.EMAIL]


def test_other_authors_are_not_concerned(people: Cast, gateway: Gateway) -> None:
    """Only who let them in, and only as an author."""
    nina = _given_a_role(people.admin)
    change: ChangeRequest = make_change(gateway=gateway, author=people.omar)
    make_review(change.latest_revision(), nina)

    assert standing(change).given == 1


class TestTheirMaker:
    """What an account asks that somebody made lately, its maker asks."""

    @pytest.mark.parametrize("way", ["made", "let_in", "mail"])
    def test_does_not_decide_on_what_it_asks(
        self, people: Cast, gateway: Gateway, way: str
    ) -> None:
        nina = WAYS[way](people.admin)
        change = make_change(gateway=gateway, author=nina)

        with pytest.raises(SelfReview, match="You .* nina, who wrote part of this"):
            approve(change.latest_revision(), actor=present(people.admin))
        assert not Review.objects.exists()
        assert change not in to_decide(people.admin)
        assert change in to_decide(people.riley)
        make_review(change.latest_revision(), people.admin)
        assert standing(change).given == 0

    @pytest.mark.parametrize("way", ["role", "role of a group", "group", "reset"])
    def test_but_whoever_gave_it_a_role_or_a_link_does(
        self, people: Cast, gateway: Gateway, way: str
    ) -> None:
        """That puts an account in nobody's hands."""
        nina = WAYS[way](people.admin)
        change = make_change(gateway=gateway, author=nina)
        assert change in to_decide(people.admin)

        approve(change.latest_revision(), actor=present(people.admin))

        assert standing(change).given == 1

    def test_nor_does_another_account_of_theirs(
        self, people: Cast, gateway: Gateway
    ) -> None:
        nina, bert = (
            create_person(Person(username=name), actor=present(people.admin))
            for name in ("nina", "bert")
        )
        allow(bert)
        change = make_change(gateway=gateway, author=nina)

        with pytest.raises(SelfReview, match="admin let in both you and nina, who "):
            approve(change.latest_revision(), actor=present(bert))
        make_review(change.latest_revision(), bert)

        assert standing(change).given == 0
        assert change not in to_decide(bert)

    def test_nor_who_made_the_maker(self, people: Cast, gateway: Gateway) -> None:
        made = {"how": Vouched.MADE}
        nina, helper = make_person("nina"), make_person("helper")
        Vouching.objects.create(by=people.omar, person=helper, **made)
        Vouching.objects.create(by=helper, person=nina, **made)
        change = make_change(gateway=gateway, author=nina)

        why = permissions(change, actor=present(people.omar)).why_not

        assert "helper, whom you let in, made the account of nina, who wrote" in why

    def test_are_told_from_when_they_count(
        self, people: Cast, gateway: Gateway
    ) -> None:
        with time_machine.travel("2026-11-20 14:05:00Z", tick=False):
            nina = _made(people.admin)
            change = make_change(gateway=gateway, author=nina)
        with time_machine.travel("2026-11-22 09:00:00Z", tick=False):
            told = permissions(change, actor=present(people.admin)).why_not
        with time_machine.travel("2026-11-27 14:05:00Z", tick=False):
            approve(change.latest_revision(), actor=present(people.admin))
            counts = standing(change).given

        assert counts == 1
        assert told == (
            "You made the account of nina, who wrote part of this change, less than 7 "
            "days ago. Somebody else must decide; your word counts from 27 Nov 2026, "
            "14:05."
        )

    def test_still_counts_for_what_was_approved_before(
        self, people: Cast, gateway: Gateway
    ) -> None:
        change = make_change(gateway=gateway, author=people.alice)
        make_review(change.latest_revision(), people.omar)

        Vouching.objects.create(
            by=people.omar, person=people.alice, how=Vouched.SECOND_FACTOR
        )

        assert standing(change).given == 1

    def test_of_a_service_account_neither(self, people: Cast, gateway: Gateway) -> None:
        team = Group.objects.create(name="shop")
        account = make_service_account(team, "shop-ci", actor=present(people.admin))
        change = make_change(gateway=gateway, author=account)

        assert "shop-ci" in permissions(change, actor=present(people.admin)).why_not

    def test_where_nobody_else_is_left_it_is_said(
        self, people: Cast, gateway: Gateway
    ) -> None:
        nina = make_person("nina", Role.AUTHOR)
        for person in (nina, people.riley, people.omar):
            Vouching.objects.create(by=people.admin, person=person, how=Vouched.MADE)

        stand = standing(make_change(gateway=gateway, author=nina))

        (requirement,) = stand.requirements
        assert not requirement.able.names
        assert "Nobody can give it yet: for 7 days" in stand.missing
