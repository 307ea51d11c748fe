"""What one gateway holds, asked for on another from its page."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.mirror import refresh
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest
from tests.changes.conftest import Desk
from tests.changes.delivering import route
from tests.factories import make_cast, make_live_gateway, make_person
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

PAGE = "/gateways/production/promote/"
UPSTREAM = {"type": "roundrobin", "nodes": {"10.0.0.7:8080": 1}}
SHOP = {"uri": "/shop", "hosts": ["shop.staging.example.com"], "upstream_id": "orders"}
FORM = {
    "from": "staging",
    "pick": ["route/shop"],
    "with_references": "on",
    "reason": "It works on staging.",
    "do": "send",
}


@pytest.fixture
def desk(db: None, sandbox: SandboxGateway) -> Desk:
    """Staging, which holds a shop."""
    gateway = make_live_gateway(
        sandbox,
        "staging",
        variables={
            "shop_host": "shop.staging.example.com",
            "orders": "10.0.0.7:8080",
        },
    )
    sandbox.put("upstream", "orders", UPSTREAM)
    sandbox.put("route", "shop", SHOP)
    refresh(gateway)
    return Desk(gateway, sandbox, make_cast())


@pytest.fixture(autouse=True)
def production(desk: Desk, second_sandbox: SandboxGateway) -> Desk:
    gateway = make_live_gateway(
        second_sandbox,
        "production",
        variables={"shop_host": "shop.example.com"},
    )
    return Desk(gateway, second_sandbox, desk.people)


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def text_of(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def test_the_pages_of_a_resource_and_of_an_applied_change_lead_there(
    desk: Desk, alice: Client
) -> None:
    change = desk.applied(route("one"))

    assert f"{PAGE}?from=staging&amp;change={change.number}" in text_of(
        alice.get(change.get_absolute_url())
    )
    assert f"{PAGE}?from=staging&amp;pick=route%2Fshop" in text_of(
        alice.get("/gateways/staging/routes/shop/")
    )
    assert PAGE in text_of(alice.get("/gateways/production/"))
    assert "shop.example.com" in text_of(alice.get("/gateways/production/"))
    open_one = desk.create()
    assert "/promote/" not in text_of(alice.get(open_one.get_absolute_url()))
    audrey = sign_in(desk.people.audrey)
    assert "/promote/" not in text_of(audrey.get(change.get_absolute_url()))


def test_the_link_of_a_resource_shows_at_once_what_it_would_do(alice: Client) -> None:
    answer = alice.get(f"{PAGE}?from=staging&pick=route%2Fshop")

    assert answer.status_code == 200
    page = text_of(answer)
    assert 'value="route/shop" checked' in page
    assert "Upstream <code>orders</code> goes along: production lacks it." in page
    assert "shop.example.com" in page
    assert "the target has no variable orders" in page
    assert "upstreams.orders.nodes.10.0.0.7:8080" in page
    assert not ChangeRequest.objects.exists()


def test_what_is_picked_stays_while_one_searches(alice: Client) -> None:
    everything = text_of(alice.get(PAGE))
    found = text_of(alice.post(PAGE, FORM | {"do": "search", "q": "orders"}))
    nothing = text_of(alice.post(PAGE, FORM | {"do": "search", "q": "zanzibar"}))

    assert everything.index('value="route/shop"') < everything.index(
        'value="upstream/orders"'
    )
    assert 'value="route/shop" checked' in found
    assert 'value="upstream/orders">' in found
    assert 'value="route/shop" checked' in nothing
    assert "upstream/orders" not in nothing
    assert "It works on staging." in found


def test_it_is_sent_for_review_and_says_where_it_comes_from(
    desk: Desk, production: Desk, alice: Client
) -> None:
    agent = "Mozilla/5.0 (X11) AppleWebKit/537 Chrome/140.0 Safari/537"
    answer = alice.post(PAGE, FORM, follow=True, headers={"User-Agent": agent})

    change = ChangeRequest.objects.get()
    assert answer.redirect_chain == [(change.get_absolute_url(), 302)]
    assert (change.gateway, change.channel) == (production.gateway, "promotion")
    assert 'by Promotion with <span class="strong">Chrome</span>' in text_of(answer)
    assert "promoted from staging" in text_of(answer)
    assert production.live("shop") is None


def test_a_change_is_promoted_as_a_whole(desk: Desk, alice: Client) -> None:
    change = desk.applied(route("one"))

    page = text_of(alice.get(f"{PAGE}?from=staging&change={change.number}"))
    alice.post(PAGE, {**FORM, "pick": [], "change": str(change.number)})

    assert "Creates route conference (one)" in page
    filed = change.promoted_by.get()
    assert f'<a href="{change.get_absolute_url()}">#{change.number}</a>' in text_of(
        alice.get(filed.get_absolute_url())
    )


def test_what_is_wrong_is_said_and_all_typed_stays(
    production: Desk, alice: Client
) -> None:
    for more, status, words in (
        ({"reason": " "}, 400, "Say why"),
        ({"reason": "x" * 5_001}, 400, "at most 5000 characters"),
        ({"pick": []}, 400, "Say what to promote"),
        ({"pick": ["house/1"]}, 400, "is no resource"),
        ({"pick": ["route/gone"]}, 404, "holds no route gone"),
        ({"from": "nowhere"}, 400, "Select a valid choice"),
        ({"with_references": ""}, 422, "routes.shop.upstream_id"),
    ):
        answer = alice.post(PAGE, FORM | more)
        assert answer.status_code == status, more
        assert words in text_of(answer)
        assert 'name="pick"' in text_of(answer)
    production.sandbox.stop()
    answer = alice.post(PAGE, FORM)
    assert answer.status_code == 503
    assert "Gateway production cannot be asked now" in text_of(answer)
    assert not ChangeRequest.objects.exists()


def test_who_may_not_ask_there_promotes_nothing(desk: Desk) -> None:
    audrey = sign_in(desk.people.audrey)
    assert "reads and does not ask" in text_of(audrey.get(PAGE))
    assert audrey.post(PAGE, FORM).status_code == 403
    lone = make_person("lone", Role.AUTHOR, gateway=desk.gateway)
    assert sign_in(lone).get(PAGE).status_code == 404
    only = "/gateways/staging/promote/"
    assert "You may see no other gateway" in text_of(sign_in(lone).get(only))
    assert sign_in(lone).post(only, FORM).status_code == 403
    enforced = sign_in(desk.people.alice, enforce_csrf_checks=True)
    assert enforced.post(PAGE, FORM).status_code == 403
    assert not ChangeRequest.objects.exists()


def test_the_page_costs_a_fixed_number_of_queries(desk: Desk, alice: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as told:
            assert alice.get(PAGE).status_code == 200
        return len(told)

    few = queries()
    for number in range(20):
        desk.sandbox.put("route", f"r{number}", SHOP | {"uri": f"/{number}"})
    refresh(desk.gateway)

    assert queries() == few
    assert few <= 16
