"""Service accounts: programs of a team that ask, and never do more."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed, NotAllowed, NotPresent, NotVisible
from portal.accounts.group_members import join_group
from portal.accounts.holders import people_who_may
from portal.accounts.memberships import grant
from portal.accounts.models import Membership, Person
from portal.accounts.passwords import send_reset_link
from portal.accounts.people import change_person
from portal.accounts.roles import Role, Verb
from portal.accounts.service_accounts import make_service_account
from portal.accounts.tokens import create_token, find_token, revoke_token
from portal.audit.models import AuditEvent
from portal.changes.errors import SelfReview
from portal.changes.models import ChangeRequest
from portal.changes.review import approve
from portal.changes.waiting import to_decide
from tests.actors import present, program
from tests.factories import Cast, make_cast, make_change, make_gateway

pytestmark = pytest.mark.django_db
SCOPES = ["changes:propose", "gateway:read"]


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def team(people: Cast) -> Group:
    """A team that alice is in, and that could do everything."""
    group = Group.objects.create(name="shop")
    admin = present(people.admin)
    join_group(group, people.alice, reason="So.", actor=admin)
    powerful = Membership(group=group, role=Role.ADMINISTRATOR)
    grant(powerful, reason="So.", actor=admin)
    return group


@pytest.fixture
def account(people: Cast, team: Group) -> Person:
    return make_service_account(team, "shop-ci", actor=present(people.admin))


def token_of(account: Person, maker: Person, **more: Any) -> tuple[Any, str]:
    given = {"name": "CI", "scopes": SCOPES, "days": 30} | more
    return create_token(actor=present(maker), account=account, **given)


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


@pytest.mark.parametrize("verb", list(Verb))
def test_whatever_its_team_may_it_reads_and_asks(
    account: Person, gateway: Gateway, verb: Verb
) -> None:
    grant_all = Membership(person=account, role=Role.EMERGENCY)
    grant_all.save()
    may = verb in (Verb.READ, Verb.ASK)

    assert account.may(verb, gateway) is may
    assert account.may_anywhere(verb) is may
    assert account.may_everywhere(verb) is may
    assert account.gateways(verb).exists() is may


def test_it_is_nobody_who_decides_on_anything(
    account: Person, gateway: Gateway
) -> None:
    for verb in (Verb.DECIDE, Verb.ADMINISTER):
        for scope in (gateway, None):
            assert account not in people_who_may(verb, scope)


def test_nobody_signs_in_as_it_nor_is_ever_present(
    account: Person, people: Cast, gateway: Gateway
) -> None:
    admin = present(people.admin)
    assert not account.has_usable_password()
    assert authenticate(username="shop-ci", password="") is None
    with pytest.raises(NotAllowed, match="service account"):
        send_reset_link(account, actor=admin)
    account.email = "x@example.com"
    with pytest.raises(NotAllowed, match="switched on and off"):
        change_person(account, fields=["email"], actor=admin)
    account.is_superuser = True
    with pytest.raises(IntegrityError), transaction.atomic():
        account.save()

    forged = present(account)
    assert not forged.is_present_person
    change = make_change(gateway=gateway, author=people.riley)
    with pytest.raises(NotPresent):
        approve(change.latest_revision(), actor=forged)
    with pytest.raises(NotPresent):
        create_token(actor=forged, name="x", scopes=SCOPES, days=1)


def test_people_of_its_team_and_administrators_make_its_tokens(
    account: Person, people: Cast
) -> None:
    made, secret = token_of(account, people.alice)
    other, _ = token_of(account, people.admin)

    assert (made.person, made.made_by) == (account, people.alice)
    assert find_token(secret) == made
    with pytest.raises(NotAllowed):
        token_of(account, people.riley)
    with pytest.raises(NotVisible):
        revoke_token(made.pk, actor=present(people.riley))
    revoke_token(made.pk, actor=present(people.alice))
    assert find_token(secret) is None
    event = AuditEvent.objects.filter(event="token.created").order_by("number").first()
    assert event
    assert event.details["owner"] == "shop-ci"
    assert other.revoked_at is None


def test_nobody_makes_a_token_of_somebody_s_account(people: Cast) -> None:
    with pytest.raises(NotAllowed):
        token_of(people.riley, people.admin)


def test_switched_off_its_tokens_open_nothing(account: Person, people: Cast) -> None:
    _, secret = token_of(account, people.alice)
    account.is_active = False

    change_person(account, fields=["is_active"], actor=present(people.admin))

    assert find_token(secret) is None


def test_whoever_made_the_token_is_an_author_of_what_it_asks(
    account: Person, people: Cast, gateway: Gateway
) -> None:
    token, _ = token_of(account, people.alice)
    change = make_change(gateway=gateway, author=account, token=token)

    assert change.author_ids() == {account.pk, people.alice.pk}
    assert people.alice.may(Verb.DECIDE, gateway)
    assert (change in to_decide(people.alice), change in to_decide(people.riley)) == (
        False,
        True,
    )
    with pytest.raises(SelfReview):
        approve(change.latest_revision(), actor=present(people.alice))
    approve(change.latest_revision(), actor=present(people.riley))


def test_a_change_is_listed_with_team_and_maker_in_one_query(
    account: Person, people: Cast, gateway: Gateway, django_assert_num_queries: Any
) -> None:
    token, _ = token_of(account, people.alice)
    make_change(gateway=gateway, author=account, token=token)

    with django_assert_num_queries(1):
        [change] = ChangeRequest.objects.with_people()
        assert change.token
        assert change.author.team
        assert change.token.made_by
        assert (change.author.team.name, change.token.made_by.username) == (
            "shop",
            "alice",
        )


@pytest.mark.parametrize("name", ["", " ", "alice", "two words", "x" * 151])
def test_a_name_that_cannot_be_is_refused(people: Cast, team: Group, name: str) -> None:
    with pytest.raises(Malformed) as error:
        make_service_account(team, name, actor=present(people.admin))

    assert error.value.field == "name"


def test_only_administrators_make_one(people: Cast, team: Group) -> None:
    outsiders: list[tuple[Actor, type[Exception]]] = [
        (present(people.riley), NotAllowed),
        (program(people.admin), NotPresent),
    ]
    for actor, refused in outsiders:
        with pytest.raises(refused):
            make_service_account(team, "shop-ci", actor=actor)
    assert not Person.objects.exclude(team=None).exists()
