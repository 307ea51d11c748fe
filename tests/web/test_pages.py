"""Every page opens, for everybody who may see it and nobody else."""

from collections.abc import Callable

import pytest
from django.test import Client

from gateway.models import Gateway
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.factories import (
    Cast,
    make_change,
    make_delivery,
    make_gateway,
    make_person,
    make_resource,
    make_token,
)
from tests.web.conftest import sign_in

As = Callable[[str], Client]

PAGES = [
    "/",
    "/changes/",
    "/changes/?state=mine&q=conference&gateway=default&in=applied&until=2001-02-03",
    "/changes/{number}/",
    "/gateways/",
    "/gateways/default/",
    "/gateways/default/certificates/",
    "/certificates/",
    "/gateways/default/routes/",
    "/gateways/default/routes/?q=conference",
    "/gateways/default/plugin_configs/",
    "/gateways/default/routes/conference-x1y2z3/",
    "/gateways/default/simulator/",
    "/gateways/default/simulator/?change={number}",
    "/gateways/default/credentials/jack/credentials/c1/",
    "/audit/",
    "/audit/?person=alice&event=change&gateway=default&change=%231",
    "/tokens/",
    "/accounts/password/",
]


@pytest.fixture
def desk(gateway: Gateway, people: Cast, change: ChangeRequest) -> ChangeRequest:
    make_resource(gateway, "route", "conference-x1y2z3")
    make_resource(gateway, "credential", "jack/credentials/c1", {"plugins": {}})
    make_token(people.alice)
    return change


@pytest.mark.parametrize("name", ["alice", "riley", "omar", "audrey", "admin"])
@pytest.mark.parametrize("address", PAGES)
def test_page_opens_for_everybody_of_the_cast(
    as_: As, desk: ChangeRequest, address: str, name: str
) -> None:
    response = as_(name).get(address.format(number=desk.number))

    assert response.status_code == 200
    assert "text/html" in response["Content-Type"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("address", [*PAGES, "/changes/new/"])
def test_page_sends_a_stranger_to_sign_in(desk: ChangeRequest, address: str) -> None:
    asked = address.format(number=desk.number)

    response = Client().get(asked)

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("address", [*PAGES, "/changes/new/"])
@pytest.mark.parametrize("header", ["Authorization", "X-API-KEY"])
def test_page_is_closed_to_a_token_whatever_its_cookies(
    as_: As, desk: ChangeRequest, address: str, header: str
) -> None:
    response = as_("riley").get(
        address.format(number=desk.number), headers={header: "Bearer x"}
    )

    assert response.status_code == 403


@pytest.mark.parametrize("state", State.values)
def test_change_is_shown_in_every_state(
    as_: As, gateway: Gateway, people: Cast, state: str
) -> None:
    change = make_change(gateway=gateway, author=people.alice, state=State(state))
    if state in ("approved", "delivering", "applied", "failed", "conflicted"):
        make_delivery(change)

    # A draft is its author's alone.
    reader = "alice" if state == State.DRAFT else "riley"
    response = as_(reader).get(change.get_absolute_url())

    assert response.status_code == 200
    assert f'data-state="{state}"' in response.content.decode()


def test_nothing_of_a_gateway_is_shown_to_whom_it_is_not_for(
    people: Cast, gateway: Gateway
) -> None:
    other = make_gateway("other")
    hidden = make_change(gateway=other, author=people.alice, title="zanzibar")
    make_resource(other, "route", "zanzibar-route")
    person = make_person("vera", Role.VIEWER, gateway=gateway)
    client = sign_in(person)

    for address in (
        hidden.get_absolute_url(),
        f"{hidden.get_absolute_url()}approve/",
        f"/changes/{hidden.number}/revise/",
        "/gateways/other/",
        "/gateways/other/routes/",
        "/gateways/other/routes/zanzibar-route/",
    ):
        assert client.get(address).status_code == 404, address
    for address in ("/", "/changes/?state=all", "/gateways/", "/audit/"):
        assert "zanzibar" not in client.get(address).content.decode(), address


@pytest.mark.parametrize(
    "address",
    [
        "/changes/999999/",
        "/changes/99999999999999999999999/",
        "/gateways/nope/routes/",
        "/gateways/default/nonsense/",
        "/gateways/default/routes/nope/",
        "/audit/999999/",
        "/nowhere/",
    ],
)
def test_what_does_not_exist_answers_404_in_words(
    as_: As, desk: ChangeRequest, address: str
) -> None:
    response = as_("alice").get(address)

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "?q=%00",
        "?q=" + "x" * 5000,
        "?after=zzz",
        "?before=99999999999999999999999999",
        "?after=-1",
        "?state=nonsense&in=nonsense&kind=x&channel=x&since=x&until=2001-99-99&gateway=%00",
        "?q=%23%F0%9F%92%A9+%C2%B2",
        "?person=%00&event=nonsense&change=%C2%B2",
    ],
)
@pytest.mark.parametrize(
    "address", ["/changes/", "/audit/", "/gateways/", "/gateways/default/routes/"]
)
def test_nonsense_in_a_query_breaks_no_list(
    as_: As, desk: ChangeRequest, address: str, query: str
) -> None:
    assert as_("alice").get(address + query).status_code == 200


def test_whoever_has_no_role_is_told_so(db: None) -> None:
    client = sign_in(make_person("nobody"))

    response = client.get("/")

    assert "You have no role yet" in response.content.decode()
    assert client.get("/changes/new/").status_code == 403
