"""Only a present person decides, and roles reach only as far as their gateway."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone

from portal.accounts.actor import Actor, Channel
from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.models import Membership, Scope
from portal.accounts.roles import ALLOWED, SUPERUSER, Role, Verb
from tests.factories import make_gateway, make_person, make_token

pytestmark = pytest.mark.django_db


def test_a_person_with_a_session_is_present() -> None:
    riley = make_person("riley")
    actor = Actor(
        person=riley, channel=Channel.PORTAL, session="s", signed_in_at=timezone.now()
    )

    assert actor.require_present_person() == riley


@pytest.mark.parametrize(
    "missing",
    [
        {"session": ""},
        {"signed_in_at": None},
        {"channel": Channel.API},
        {"channel": Channel.MCP},
        {"person": None},
    ],
)
def test_without_a_session_nobody_is_present(missing: dict[str, object]) -> None:
    actor = Actor(
        person=make_person(),
        channel=Channel.PORTAL,
        session="s",
        signed_in_at=timezone.now(),
    )

    with pytest.raises(NotPresent):
        replace(actor, **missing).require_present_person()


def test_a_token_beside_a_session_is_nobody_present() -> None:
    person = make_person()
    token, _ = make_token(person)
    actor = Actor(
        person=person,
        channel=Channel.PORTAL,
        session="s",
        signed_in_at=timezone.now(),
        token=token,
    )

    with pytest.raises(NotPresent):
        actor.require_present_person()


def test_somebody_deactivated_is_not_present() -> None:
    person = make_person(is_active=False)
    actor = Actor(
        person=person, channel=Channel.PORTAL, session="s", signed_in_at=timezone.now()
    )

    with pytest.raises(NotPresent):
        actor.require_present_person()


def test_only_presence_makes_an_actor_with_a_session() -> None:
    """Any other code that passes `session=` to Actor could forge a present person."""
    makers = set()
    for path in Path(settings.BASE_DIR, "portal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and any(
                keyword.arg in {"session", "signed_in_at"} for keyword in node.keywords
            ):
                makers.add(path.name)

    assert makers == {"presence.py"}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("verb", list(Verb))
def test_a_role_reaches_only_its_own_gateway(role: Role, verb: Verb) -> None:
    here, there = make_gateway("here"), make_gateway("there")
    person = make_person(role=role, gateway=here)

    assert person.may(verb, here) == (verb in ALLOWED[role])
    assert not person.may(verb, there)
    assert list(person.gateways()) == [here]


@pytest.mark.parametrize("verb", list(Verb))
def test_only_a_role_on_all_gateways_reaches_everywhere(verb: Verb) -> None:
    gateway = make_gateway()
    here = make_person(role=Role.ADMINISTRATOR, gateway=gateway)
    everywhere = make_person(role=Role.AUDITOR)
    gone = make_person(role=Role.ADMINISTRATOR, is_active=False)

    assert not here.may_everywhere(verb)
    assert everywhere.may_everywhere(verb) == (verb in ALLOWED[Role.AUDITOR])
    assert not gone.may_everywhere(verb)
    superuser = make_person(is_superuser=True)
    assert superuser.may_everywhere(verb) == (verb is not Verb.BREAK_GLASS)


@pytest.mark.parametrize("role", list(Role))
def test_who_is_in_a_group_holds_what_it_holds(role: Role) -> None:
    here, there = make_gateway("here"), make_gateway("there")
    shop = Group.objects.create(name="shop")
    Membership.objects.create(group=shop, role=role, gateway=here)
    sam, eve = make_person("sam"), make_person("eve")
    sam.groups.add(shop)

    for verb in Verb:
        assert sam.may(verb, here) == (verb in ALLOWED[role])
        assert sam.may_anywhere(verb) == (verb in ALLOWED[role])
        assert not sam.may(verb, there)
        assert not sam.may_everywhere(verb)
        assert not eve.may_anywhere(verb)
    assert list(sam.gateways()) == [here]


def test_delivering_alone_is_in_no_role_but_its_own() -> None:
    alone = {role for role, verbs in ALLOWED.items() if Verb.BREAK_GLASS in verbs}

    assert alone == {Role.EMERGENCY}
    assert Verb.BREAK_GLASS not in SUPERUSER


def test_a_gateway_one_may_not_see_does_not_exist() -> None:
    here, there = make_gateway("here"), make_gateway("there")
    actor = Actor(
        person=make_person(role=Role.AUTHOR, gateway=here), channel=Channel.PORTAL
    )

    actor.require(Verb.ASK, here)
    with pytest.raises(NotVisible):
        actor.require(Verb.ASK, there)


def test_a_token_never_reaches_beyond_its_scopes() -> None:
    gateway = make_gateway()
    person = make_person(is_superuser=True)
    reader, _ = make_token(person, scopes=[Scope.READ])
    asker, _ = make_token(person, scopes=[Scope.READ, Scope.PROPOSE])

    Actor(person=person, channel=Channel.API, token=reader).require(Verb.READ, gateway)
    Actor(person=person, channel=Channel.API, token=asker).require(Verb.ASK, gateway)
    with pytest.raises(NotAllowed, match="changes:propose"):
        Actor(person=person, channel=Channel.API, token=reader).require(
            Verb.ASK, gateway
        )
    for verb in (Verb.DECIDE, Verb.OPERATE, Verb.ADMINISTER):
        with pytest.raises(NotAllowed):
            Actor(person=person, channel=Channel.API, token=asker).require(
                verb, gateway
            )
