"""The page of roles: the table is the code's, and administrators give and take."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import Membership, Ownership, Person, PolicyChange
from portal.accounts.roles import ALLOWED, SERVICE, Role, Verb
from portal.audit.models import AuditEvent
from tests.factories import Cast, make_gateway, make_person
from tests.web.conftest import sign_in

As = Callable[[str], Client]
TABLE = {
    **{role.name_in_words: [verb in ALLOWED[role] for verb in Verb] for role in Role},
    "Service account, at most": [verb in SERVICE for verb in Verb],
}


def cells(page: str) -> dict[str, list[bool]]:
    """What the page's table says: {role: may it, verb by verb}."""
    rows = re.findall(r'<th scope="row">([\w, ]+)</th>(.*?)</tr>', page, re.S)
    found = {name: re.findall(r"matrix__(yes|no)", cells) for name, cells in rows}
    return {name: [c == "yes" for c in row] for name, row in found.items() if row}


def test_the_table_is_that_of_the_code(as_: As) -> None:
    page = as_("alice").get("/roles/").content.decode()

    assert cells(page) == TABLE
    for verb in Verb:
        assert verb.words in page


def test_the_docs_show_the_same_table() -> None:
    lines = Path(settings.BASE_DIR, "docs/roles.md").read_text().splitlines()
    rows = [
        [c.strip() for c in one.split("|")[1:-1]] for one in lines if one[:1] == "|"
    ]
    head, _, *body = rows

    assert [name.replace(" ", "_") for name in head[1:]] == list(Verb)
    assert {name: [c == "yes" for c in row] for name, *row in body} == TABLE


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


WHY = {"reason": "So."}


def test_the_only_administrator_gives_and_takes(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    client = as_("admin")
    alone = "It counts at once: there is no second administrator."
    assert alone in client.get("/roles/").text

    asked = {"person": "alice", "role": "reviewer", "gateway": "default"} | WHY
    told = client.post("/roles/", asked, follow=True).text
    assert "It is in force. Alone: there is no second administrator." in told
    held = Membership.objects.get(person=people.alice, role=Role.REVIEWER)
    assert held.gateway == gateway
    page = client.get(f"/roles/{held.pk}/take/").text
    assert "alice loses the role Reviewer on default." in page
    assert alone in page
    assert client.post(f"/roles/{held.pk}/take/").status_code == 400
    assert client.post(f"/roles/{held.pk}/take/", WHY).status_code == 302

    assert not people.alice.memberships.filter(role=Role.REVIEWER).exists()
    events = AuditEvent.objects.order_by("number").values_list("event", "subject")
    assert list(events.filter(event__startswith="membership")) == [
        ("membership.granted", "alice"),
        ("membership.revoked", "alice"),
    ]
    assert AuditEvent.objects.filter(event="policy.taken_alone").count() == 2


def test_a_group_gets_a_role_and_people(as_: As, people: Cast) -> None:
    client = as_("admin")
    client.post("/groups/", {"name": "security"})
    group = Group.objects.get(name="security")
    address = f"/groups/{group.pk}/"
    client.post("/roles/", {"group": group.pk, "role": "reviewer"} | WHY)
    client.post(address, {"person": "alice"} | WHY)

    assert people.alice.may_everywhere(Verb.DECIDE)
    page = client.get(address).text
    assert "alice" in page
    assert "Reviewer: asks and decides" in page
    again = client.post(address, {"person": "alice"} | WHY)
    assert again.status_code == 409
    assert "it counts already" in again.text
    leave = f"{address}leave/{people.alice.pk}/"
    assert "alice is taken out of group security." in client.get(leave).text
    client.post(leave, WHY)

    assert not people.alice.may_everywhere(Verb.DECIDE)
    done = ("membership.granted", "group.made", "group.joined", "group.left")
    events = AuditEvent.objects.filter(event__in=done).order_by("number")
    assert list(events.values_list("event", flat=True)) == [
        "group.made",
        "membership.granted",
        "group.joined",
        "group.left",
    ]


class TestTwoAdministrators:
    @pytest.fixture(autouse=True)
    def ada(self, people: Cast) -> Person:
        return make_person("ada", Role.ADMINISTRATOR)

    def test_a_role_waits_for_the_other_and_both_pages_say_so(
        self, as_: As, people: Cast, ada: Person
    ) -> None:
        client = as_("admin")
        page = client.get("/roles/").text
        assert "It counts once it is accepted, by ada." in page
        given = {"person": "alice", "role": "reviewer"} | WHY
        told = client.post("/roles/", given, follow=True).text

        assert "It waits for another administrator to accept it." in told
        assert not people.alice.may_everywhere(Verb.DECIDE)
        change = PolicyChange.objects.open().get()
        waits = "Role on all gateways: alice gets the role Reviewer on all gateways."
        for address in ("/roles/", "/policy/"):
            assert waits in sign_in(ada).get(address).text
        assert waits in sign_in(ada).get("/").text
        assert waits not in as_("riley").get("/roles/").text
        sign_in(ada).post(f"{change.get_absolute_url()}accept/")

        assert people.alice.may_everywhere(Verb.DECIDE)

    def test_a_group_s_people_and_parts_wait_on_its_page(
        self, as_: As, people: Cast, ada: Person, gateway: Gateway
    ) -> None:
        group, other = (Group.objects.create(name=name) for name in ("shop", "pay"))
        client, address = as_("admin"), f"/groups/{group.pk}/"
        client.post(address, {"person": "alice"} | WHY)
        client.post(f"{address}parts/", {"host": "shoes.example.com"} | WHY)

        page = sign_in(ada).get(address).text
        assert "alice is taken into group shop. It holds now: no role." in page
        assert "Group shop owns shoes.example.com/* on all gateways." in page
        assert "shoes.example.com" not in sign_in(ada).get(f"/groups/{other.pk}/").text
        for change in PolicyChange.objects.open():
            sign_in(ada).post(f"{change.get_absolute_url()}accept/")

        assert people.alice.groups.get() == group
        assert Ownership.objects.get().group == group

    def test_taking_away_is_quick_while_two_remain(
        self, as_: As, people: Cast, ada: Person
    ) -> None:
        client = as_("admin")
        theirs = people.riley.memberships.get()
        quick = "it only takes away, and two administrators remain."
        assert quick in client.get(f"/roles/{theirs.pk}/take/").text
        told = client.post(f"/roles/{theirs.pk}/take/", WHY, follow=True).text
        assert f"It is in force. Alone: {quick}" in told

        hers = ada.memberships.get()
        page = client.get(f"/roles/{hers.pk}/take/").text
        assert "It counts once it is accepted, by ada." in page
        client.post(f"/roles/{hers.pk}/take/", WHY)
        assert ada.memberships.exists()

    def test_whoever_administers_one_gateway_sees_what_they_may_give(
        self, as_: As, gateway: Gateway
    ) -> None:
        far = make_gateway("far")
        group = Group.objects.create(name="shop")
        everywhere = Membership.objects.create(group=group, role=Role.VIEWER)
        here = Membership.objects.create(group=group, role=Role.AUTHOR, gateway=gateway)
        lea = sign_in(make_person("lea", Role.ADMINISTRATOR, gateway=gateway))

        roles, shown = lea.get("/roles/").text, lea.get(f"/groups/{group.pk}/").text

        for page in (roles, shown):
            assert f"/roles/{here.pk}/take/" in page
            assert f"/roles/{everywhere.pk}/take/" not in page
            assert "All gateways</option>" not in page
            assert '"far"' not in page
            assert "another administrator of that gateway" in page
        assert "New group" not in roles
        assert "Take somebody in" not in shown
        assert lea.get(f"/roles/{everywhere.pk}/take/").status_code == 403
        alice = {"person": "alice", "role": "viewer"} | WHY
        assert lea.post("/roles/", alice).status_code == 400
        assert lea.post("/roles/", alice | {"gateway": far.slug}).status_code == 400
        assert lea.post(f"/groups/{group.pk}/", {"person": "lea"}).status_code == 403
        assert lea.post("/roles/", alice | {"gateway": "default"}).status_code == 302
        assert PolicyChange.objects.open().get().gateway == gateway


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"role": "author", "person": "riley", "reason": ""},
            "This field is required.",
        ),
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
    answer = as_("admin").post("/roles/", WHY | given)

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
    part |= WHY

    assert client.post(f"{address}parts/", part).status_code == 302

    owned = Ownership.objects.get()
    assert (owned.host, owned.uri_prefix) == ("shop.example.com", "/cart/")
    assert owned.labels == {"a": "b", "c": "d"}
    assert "shop.example.com/cart/* labelled a=b, c=d" in as_("alice").get(address).text
    assert as_("alice").post(f"{address}parts/", part).status_code == 403
    assert as_("alice").post(f"{address}parts/{owned.pk}/take/").status_code == 403
    take = f"{address}parts/{owned.pk}/take/"
    assert (
        "A group that owns nothing there may ask for anything" in client.get(take).text
    )
    client.post(take, WHY)

    assert not Ownership.objects.exists()
    events = AuditEvent.objects.filter(event__startswith="ownership")
    assert list(events.order_by("number").values_list("event", "subject")) == [
        ("ownership.given", "shop"),
        ("ownership.taken", "shop"),
    ]


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

    answer = as_("admin").post(f"/groups/{group.pk}/parts/", part | WHY)

    assert answer.status_code == 400
    assert words in answer.text
    assert not Ownership.objects.exists()
