"""The page of roles: the table is the code's, and administrators give and take."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import Membership, Ownership
from portal.accounts.roles import ALLOWED, Role, Verb
from portal.audit.models import AuditEvent
from tests.factories import Cast, make_gateway, make_person
from tests.web.conftest import sign_in

As = Callable[[str], Client]


def cells(page: str) -> dict[str, list[bool]]:
    """What the page's table says: {role: may it, verb by verb}."""
    rows = re.findall(r'<th scope="row">(\w+)</th>(.*?)</tr>', page, re.S)
    found = {name: re.findall(r"matrix__(yes|no)", cells) for name, cells in rows}
    return {name: [c == "yes" for c in row] for name, row in found.items() if row}


def test_the_table_is_that_of_the_code(as_: As) -> None:
    page = as_("alice").get("/roles/").content.decode()

    assert cells(page) == {
        role.name_in_words: [verb in ALLOWED[role] for verb in Verb] for role in Role
    }
    for verb in Verb:
        assert verb.words in page


def test_the_docs_show_the_same_table() -> None:
    lines = Path(settings.BASE_DIR, "docs/roles.md").read_text().splitlines()
    rows = [
        [c.strip() for c in one.split("|")[1:-1]] for one in lines if one[:1] == "|"
    ]
    head, _, *body = rows

    assert [name.replace(" ", "_") for name in head[1:]] == list(Verb)
    assert {name: [c == "yes" for c in row] for name, *row in body} == {
        role.name_in_words: [verb in ALLOWED[role] for verb in Verb] for role in Role
    }


@pytest.mark.parametrize("name", ["alice", "riley", "omar", "audrey"])
def test_who_does_not_administer_reads_without_forms(as_: As, name: str) -> None:
    group = Group.objects.create(name="shop")
    client = as_(name)

    for address in ("/roles/", f"/groups/{group.pk}/"):
        page = client.get(address)
        assert page.status_code == 200
        assert "Take" not in page.content.decode()
        assert page.content.decode().count("<form") == 1  # to sign out

    assert client.post("/roles/", {"role": "viewer"}).status_code == 403
    assert client.post("/groups/", {"name": "x"}).status_code == 403
    assert client.post(f"/groups/{group.pk}/", {"person": name}).status_code == 403
    assert not AuditEvent.objects.exists()


def test_roles_on_gateways_one_may_not_see_are_not_told(gateway: Gateway) -> None:
    secret = make_gateway("secret-place")
    make_person("zelda", Role.OPERATOR, gateway=secret)
    make_person("known", Role.OPERATOR, gateway=gateway)
    vic = make_person("vic", Role.VIEWER, gateway=gateway)

    page = sign_in(vic).get("/roles/").content.decode()

    assert "known" in page
    assert "zelda" not in page
    assert "secret-place" not in page


def test_an_administrator_gives_and_takes(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    client = as_("admin")

    asked = {"person": "alice", "role": "reviewer", "gateway": "default"}
    assert client.post("/roles/", asked).status_code == 302
    held = Membership.objects.get(person=people.alice, role=Role.REVIEWER)
    assert held.gateway == gateway
    assert client.post(f"/roles/{held.pk}/take/").status_code == 302

    assert not people.alice.memberships.filter(role=Role.REVIEWER).exists()
    events = AuditEvent.objects.order_by("number").values_list("event", "subject")
    assert list(events) == [
        ("membership.granted", "alice"),
        ("membership.revoked", "alice"),
    ]


def test_a_group_gets_a_role_and_people(as_: As, people: Cast) -> None:
    client = as_("admin")
    client.post("/groups/", {"name": "security"})
    group = Group.objects.get(name="security")
    client.post("/roles/", {"group": group.pk, "role": "reviewer"})
    client.post(f"/groups/{group.pk}/", {"person": "alice"})

    assert people.alice.may_everywhere(Verb.DECIDE)
    page = client.get(f"/groups/{group.pk}/").content.decode()
    assert "alice" in page
    assert "Reviewer: asks and decides" in page
    client.post(f"/groups/{group.pk}/leave/{people.alice.pk}/")

    assert not people.alice.may_everywhere(Verb.DECIDE)
    events = AuditEvent.objects.order_by("number")
    assert list(events.values_list("event", flat=True)) == [
        "group.made",
        "membership.granted",
        "group.joined",
        "group.left",
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"role": "reviewer"}, "Name a person, or choose a group"),
        ({"role": "reviewer", "person": "nobody"}, "Nobody has this user name."),
        ({"role": "king", "person": "alice"}, "Select a valid choice"),
        ({"role": "author", "person": "alice"}, "They hold this role there already."),
        ({"role": "viewer", "person": "alice", "gateway": "x"}, "Select a valid"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    as_: As, given: dict[str, str], words: str
) -> None:
    answer = as_("admin").post("/roles/", given)

    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 151, "Shop"])
def test_a_group_needs_a_name_of_its_own(as_: As, name: str) -> None:
    Group.objects.create(name="shop")

    page = as_("admin").post("/groups/", {"name": name}, follow=True)

    assert "No group was made" in page.content.decode()
    assert Group.objects.count() == 1


def test_a_group_gets_a_part_and_loses_it(as_: As, gateway: Gateway) -> None:
    group = Group.objects.create(name="shop")
    address, client = f"/groups/{group.pk}/", as_("admin")
    part = {"host": "Shop.example.com", "uri_prefix": "/cart/*", "labels": "a=b, c=d"}

    assert client.post(f"{address}parts/", part).status_code == 302

    owned = Ownership.objects.get()
    assert (owned.host, owned.uri_prefix) == ("shop.example.com", "/cart/")
    assert owned.labels == {"a": "b", "c": "d"}
    assert "shop.example.com/cart/* labelled a=b, c=d" in as_("alice").get(address).text
    assert as_("alice").post(f"{address}parts/", part).status_code == 403
    assert as_("alice").post(f"{address}parts/{owned.pk}/take/").status_code == 403
    client.post(f"{address}parts/{owned.pk}/take/")

    assert not Ownership.objects.exists()
    assert set(AuditEvent.objects.values_list("event", flat=True)) == {
        "ownership.given",
        "ownership.taken",
    }


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({}, "Give a host, a path or labels."),
        ({"host": "no host"}, "Give a host such as"),
        ({"uri_prefix": "cart"}, "Begin it with a slash"),
        ({"labels": "team"}, "Write name=value"),
    ],
)
def test_a_part_must_be_one(as_: As, part: dict[str, str], words: str) -> None:
    group = Group.objects.create(name="shop")

    answer = as_("admin").post(f"/groups/{group.pk}/parts/", part)

    assert answer.status_code == 400
    assert words in answer.text
    assert not Ownership.objects.exists()
