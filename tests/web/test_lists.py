"""Lists: what they hold, page by page, at a fixed number of queries."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from portal.drift.models import DriftRule
from tests.actors import present
from tests.certificates import self_signed
from tests.factories import (
    Cast,
    item,
    make_change,
    make_drift,
    make_freeze,
    make_gateway,
    make_person,
    make_resource,
    make_review,
    make_revision,
    make_token,
    route_document,
)
from tests.web.conftest import sign_in

As = Callable[[str], Client]
AT_MOST = 12
CERTIFICATE = {
    "snis": ["shop.example.com"],
    "cert": self_signed("shop.example.com").pem,
}


def numbers(page: str) -> list[int]:
    return [
        int(n) for n in re.findall(r'class="change__what" href="/changes/(\d+)/"', page)
    ]


ADDRESSES = (
    "/",
    "/changes/?state=all",
    "/changes/?state=waiting&q=conference&kind=route&person=alice&since=2000-01-01",
    "/gateways/",
    "/gateways/default/certificates/",
    "/certificates/",
    "/gateways/default/routes/",
    "/gateways/default/drift/?state=all",
    "/gateways/default/drift/rules/",
    "/gateways/default/freezes/",
    "/gateways/default/simulator/",
    "/gateways/default/openapi/",
    "/gateways/default/transfer/",
    "/freezes/",
    "/inbox/",
    "/audit/",
    "/roles/",
    "/tokens/",
    "/accounts/security/",
)


@pytest.mark.parametrize("name", ["riley", "audrey"])
def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(
    people: Cast, gateway: Gateway, name: str
) -> None:
    reader = getattr(people, name)

    def fill(count: int) -> None:
        for index in range(count):
            author = make_person(role=Role.AUTHOR, gateway=gateway)
            token, _ = make_token(author)
            change = make_change(gateway=gateway, author=author, token=token)
            record(Event.CHANGE_SUBMITTED, actor=present(author), subject=change)
            make_change(gateway=gateway, author=people.riley)
            make_resource(gateway)
            make_resource(gateway, "ssl", f"c{author.pk}", CERTIFICATE)
            rule = DriftRule.objects.create(
                gateway=gateway, kind="route", reason="So.", author=author
            )
            make_drift(gateway, change=change, rule=rule, resolved_by=author)
            make_freeze(author, gateway=make_gateway(f"g{author.pk}-{index}"))
            make_freeze(author, gateway=gateway)
            make_freeze(author, gateway=gateway, ended_at=timezone.now())
            make_token(reader)
            group = Group.objects.create(name=f"group {author.pk}")
            author.groups.add(group)
            Membership.objects.create(group=group, role=Role.VIEWER)

    def queries() -> dict[str, int]:
        counted = {}
        for address in ADDRESSES:
            client = sign_in(reader)
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert client.get(address).status_code == 200
            counted[address] = len(captured)
        return counted

    fill(2)
    few = queries()
    fill(20)
    many = queries()

    assert many == few
    assert {address: n for address, n in many.items() if n > AT_MOST} == {}


def test_changes_are_paged_without_gap_or_repetition(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    made = [make_change(gateway=gateway, author=people.alice).number for _ in range(60)]
    client = as_("riley")

    seen: list[int] = []
    address = "/changes/"
    pages = [address]
    while True:
        page = client.get(address).content.decode()
        seen += numbers(page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        if not older:
            break
        address = "/changes/" + older[1].replace("&amp;", "&")
        pages.append(address)
    assert seen == sorted(made, reverse=True)
    assert len(pages) == 3

    newer = re.search(r'href="([^"]+)" rel="prev"', page)
    assert newer
    back = client.get("/changes/" + newer[1].replace("&amp;", "&")).content.decode()
    assert numbers(back) == seen[25:50]


def test_tabs_count_and_show_what_they_say(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    for state in State:
        make_change(gateway=gateway, author=people.alice, state=state)
    client = as_("alice")

    tabs = client.get("/changes/").context["tabs"]
    for tab in tabs:
        page = client.get(f"/changes/{tab.query}").content.decode()
        assert len(numbers(page)) == tab.count, tab.title
    assert {tab.title: tab.count for tab in tabs}["All"] == len(State)


@pytest.mark.parametrize(
    "words", ["#{n}", "zanzibar", "ZANZIBAR", "/pemba/*", "alice zanzibar"]
)
def test_search_finds_by_number_title_address_and_person(
    as_: As, people: Cast, gateway: Gateway, words: str
) -> None:
    wanted = make_change(
        gateway=gateway,
        author=people.alice,
        title="To Zanzibar",
        summary="Creates route x: GET /pemba/* → h:1",
    )
    make_change(gateway=gateway, author=people.omar, title="Other")

    response = as_("riley").get("/changes/", {"q": words.format(n=wanted.number)})

    assert numbers(response.content.decode()) == [wanted.number]


def test_what_waits_for_riley_is_what_riley_may_decide_on(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    waits = make_change(gateway=gateway, author=people.alice)
    own = make_change(gateway=gateway, author=people.riley)
    rewritten = make_change(gateway=gateway, author=people.alice)
    make_revision(rewritten, author=people.riley)
    token, _ = make_token(people.riley)
    by_own_token = make_change(gateway=gateway, author=people.alice, token=token)
    decided = make_change(gateway=gateway, author=people.alice)
    make_review(decided.latest_revision(), people.riley)
    again = make_change(gateway=gateway, author=people.alice)
    make_review(again.latest_revision(), people.riley)
    make_revision(again)
    make_change(gateway=gateway, author=people.alice, state=State.APPROVED)

    page = as_("riley").get("/changes/?state=waiting").content.decode()
    home = as_("riley").get("/").content.decode()

    assert numbers(page) == [again.number, waits.number]
    assert "2 waiting for you" in home
    assert not {
        own.number,
        rewritten.number,
        by_own_token.number,
        decided.number,
    } & set(numbers(page))


def test_alice_sees_what_she_has_to_answer(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    make_change(gateway=gateway, author=people.alice, state=State.CHANGES_REQUESTED)

    assert "1 waiting for you" in as_("alice").get("/").content.decode()
    assert "Nothing waits for you" in as_("riley").get("/").content.decode()


def test_a_resource_tells_which_changes_touched_it(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    make_resource(gateway, "route", "r1")
    touched = make_change(
        gateway=gateway,
        author=people.alice,
        items=[item("update", resource_id="r1")],
        title="This one",
    )
    make_change(gateway=gateway, author=people.alice, title="Not that one")

    page = as_("audrey").get("/gateways/default/routes/r1/").content.decode()

    assert f"#{touched.number} This one" in page
    assert "Not that one" not in page
    assert "Ask to change it" not in page


def test_a_deleted_resource_keeps_its_history(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    make_change(
        gateway=gateway,
        author=people.alice,
        state=State.APPLIED,
        items=[item("delete", resource_id="gone")],
    )

    page = as_("alice").get("/gateways/default/routes/gone/").content.decode()

    assert "not on the gateway" in page


def test_a_document_of_odd_shape_breaks_no_page(as_: As, gateway: Gateway) -> None:
    for index, document in enumerate(
        (
            {},
            {"uri": 7, "hosts": "x", "plugins": [], "upstream": [], "methods": {}},
            {"upstream": {"nodes": [1, {"host": None}]}, "name": ["x"], "uris": [1]},
            {"plugins": {"a\u202eb": None}, "upstream_id": 5, "labels": []},
            {"plugins": {"": 1, "a\nb": {}}, "service_id": "", "upstream_id": "a\nb"},
        )
    ):
        make_resource(gateway, "route", f"odd{index}", document)
    client = as_("alice")

    assert client.get("/gateways/default/routes/").status_code == 200
    assert client.get("/gateways/default/topology/").status_code == 200
    for index in range(5):
        assert client.get(f"/gateways/default/routes/odd{index}/").status_code == 200


def test_secrets_are_never_on_a_page(as_: As, gateway: Gateway, people: Cast) -> None:
    gateway.set_admin_key("edd1c9f034335f136f87ad84b625c8f1")
    gateway.save()
    shown = route_document(plugins={"key-auth": {"key": "redacted:12345678"}})
    make_resource(gateway, "route", "r1", shown)

    for address in ("/gateways/", "/gateways/default/routes/r1/"):
        page = as_("admin").get(address).content.decode()
        assert "edd1c9f0" not in page


def test_audit_filters_narrow_and_link_for_good(
    as_: As, people: Cast, change: ChangeRequest
) -> None:
    other = make_change(gateway=change.gateway, author=people.omar)
    record(Event.CHANGE_SUBMITTED, actor=present(people.alice), subject=change)
    record(Event.CHANGE_APPROVED, actor=present(people.riley), subject=change)
    record(Event.CHANGE_SUBMITTED, actor=present(people.omar), subject=other)
    client = as_("audrey")

    def found(**query: str) -> list[int]:
        page = client.get("/audit/", query).content.decode()
        return [int(n) for n in re.findall(r'<td><a href="/audit/(\d+)/">\1<', page)]

    assert found() == [3, 2, 1]
    assert found(person="riley") == [2]
    assert found(event="change.submitted") == [3, 1]
    assert found(event="change") == [3, 2, 1]
    assert found(event="token") == []
    assert found(change=f"#{change.number}") == [2, 1]
    assert found(gateway="default", person="omar") == [3]
    assert found(gateway="other") == []
    entry = client.get("/audit/2/").content.decode()
    assert "riley approved" in re.sub(r"\s+", " ", entry)


def test_an_altered_entry_says_so_on_its_page(
    as_: As, people: Cast, change: ChangeRequest
) -> None:
    from portal.audit import triggers

    record(Event.CHANGE_SUBMITTED, actor=present(people.alice), subject=change)
    record(Event.CHANGE_APPROVED, actor=present(people.riley), subject=change)
    triggers.drop(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditevent SET actor = 'mallory' WHERE number = 2")

    client = as_("audrey")

    assert "was altered" in client.get("/audit/2/").content.decode()
    assert "was altered" not in client.get("/audit/1/").content.decode()


def test_entries_of_no_gateway_are_for_auditors_and_whom_they_concern(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    record(Event.PERSON_SIGNED_IN, actor=present(people.alice), subject=people.alice)
    vera = make_person("vera", Role.VIEWER, gateway=gateway)

    assert as_("audrey").get("/audit/1/").status_code == 200
    assert as_("alice").get("/audit/1/").status_code == 200
    assert as_("riley").get("/audit/1/").status_code == 404
    assert sign_in(vera).get("/audit/1/").status_code == 404
