"""Recipes for a route, chosen and asked for from its page."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.mirror import refresh
from gateway.recipes import RECIPES
from portal.changes.models import ChangeRequest
from tests.changes.conftest import Desk
from tests.factories import make_cast, make_gateway
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

PAGE = "/gateways/default/recipes/shop/"
LIMIT = f"{PAGE}limit-rate/"
FORM = {
    "set-requests": "5",
    "set-seconds": "10",
    "set-per": "address",
    "set-status": "429",
    "reason": "One asks too often.",
    "do": "send",
}
LIVE = {"HX-Request": "true"}


@pytest.fixture
def desk(db: None, sandbox: SandboxGateway) -> Desk:
    gateway = make_gateway(
        admin_url=sandbox.admin_url, admin_key=sandbox.key, version=""
    )
    sandbox.put("route", "shop", {"uri": "/shop/*", "upstream": {"nodes": {"a:1": 1}}})
    refresh(gateway)
    return Desk(gateway, sandbox, make_cast())


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def text_of(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def test_the_route_s_page_leads_to_all_of_them(desk: Desk, alice: Client) -> None:
    assert PAGE in text_of(alice.get("/gateways/default/routes/shop/"))

    page = text_of(alice.get(PAGE))

    for recipe in RECIPES.values():
        assert f'href="{PAGE}{recipe.name}/"' in page
    assert page.count("<h2 id=") == len({one.group for one in RECIPES.values()})


def test_what_the_gateway_lacks_says_so(desk: Desk, alice: Client) -> None:
    alice.get(PAGE)
    kept = desk.gateway.catalogue
    kept.document["plugins"].pop("proxy-mirror")
    kept.fetched_at = kept.fetched_at.replace(microsecond=1)
    kept.save()

    page = text_of(alice.get(PAGE))

    assert f"{PAGE}mirror-traffic/" not in page
    assert "does not offer proxy-mirror" in page
    answer = alice.get(f"{PAGE}mirror-traffic/")
    assert "does not offer proxy-mirror" in text_of(answer)


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_has_a_form_of_its_settings(alice: Client, recipe: str) -> None:
    page = text_of(alice.get(f"{PAGE}{recipe}/"))

    for name, schema in RECIPES[recipe].properties.items():
        assert f'name="set-{name}"' in page
        assert schema["title"] in page
    has_answer = "What it would do" in page or "Fill it in" in page
    assert has_answer
    assert "notice--error" not in page


def test_it_begins_with_its_defaults_and_shows_what_they_do(alice: Client) -> None:
    page = text_of(alice.get(LIMIT))

    assert 'name="set-requests" value="100"' in page
    assert "At most 100 requests in 60 s for each address" in page
    assert not ChangeRequest.objects.exists()


def test_a_preview_follows_what_is_typed(alice: Client) -> None:
    part = alice.post(LIMIT, FORM | {"do": ""}, headers=LIVE)

    assert part.status_code == 200
    assert "At most 5 requests in 10 s" in text_of(part)
    assert "<html" not in text_of(part)
    wrong = alice.post(LIMIT, FORM | {"do": "", "set-requests": "0"}, headers=LIVE)
    assert wrong.status_code == 200
    assert "Requests: Ensure this value is greater than or equal to 1" in text_of(wrong)
    assert not ChangeRequest.objects.exists()


def test_without_javascript_a_button_previews(alice: Client) -> None:
    page = text_of(alice.post(LIMIT, FORM | {"do": "preview", "reason": ""}))

    assert "At most 5 requests in 10 s" in page
    assert 'name="set-requests" value="5"' in page
    assert not ChangeRequest.objects.exists()


def test_it_is_sent_for_review(desk: Desk, alice: Client) -> None:
    answer = alice.post(LIMIT, FORM, follow=True)

    change = ChangeRequest.objects.get()
    assert answer.redirect_chain == [(change.get_absolute_url(), 302)]
    assert "Sent for review." in text_of(answer)
    assert "limit-count" in change.summary
    again = alice.post(LIMIT, FORM, follow=True)
    assert "You asked for this a moment ago" in text_of(again)
    assert ChangeRequest.objects.count() == 1


def test_lines_become_lists_and_objects(desk: Desk, alice: Client) -> None:
    for recipe, typed, (plugin, field), value in (
        (
            "restrict-addresses",
            {"set-who": "allow", "set-addresses": " 10.0.0.0/8 \n\n::1"},
            ("ip-restriction", "whitelist"),
            ["10.0.0.0/8", "::1"],
        ),
        (
            "cache-answers",
            {
                "set-seconds": "5",
                "set-statuses": "200\n404",
                "set-zone": "memory_cache",
            },
            ("proxy-cache", "cache_http_status"),
            [200, 404],
        ),
        (
            "change-request",
            {"set-set_headers": "X-A: 1:2", "set-remove_headers": "X-B"},
            ("proxy-rewrite", "headers"),
            {"set": {"X-A": "1:2"}, "remove": ["X-B"]},
        ),
    ):
        alice.post(f"{PAGE}{recipe}/", typed | {"reason": "r", "do": "send"})
        item = ChangeRequest.objects.latest("pk").latest_revision().items.get()
        assert item.wanted["plugins"][plugin][field] == value
    nodes = {"set-nodes": "10.0.0.7:80 = 2\n10.0.0.8:80", "set-path": "/"}
    alice.post(
        f"{PAGE}balance-nodes/",
        nodes | {"set-where": "route", "reason": "r", "do": "send"},
    )
    item = ChangeRequest.objects.latest("pk").latest_revision().items.get()
    assert item.wanted["upstream"]["nodes"] == {"10.0.0.7:80": 2, "10.0.0.8:80": 1}
    assert "checks" not in item.wanted["upstream"]


def test_a_secret_is_typed_hidden_and_not_stored_in_clear(alice: Client) -> None:
    typed = {
        "set-url": "http://10.0.0.1/logs",
        "set-auth_header": "Bearer very-secret",
        "set-batch": "1",
        "set-seconds": "1",
    }
    address = f"{PAGE}send-logs/"
    page = text_of(alice.post(address, typed | {"do": "preview"}))

    # It stays in its field, so that sending after a preview sends it.
    assert page.count("very-secret") == 1
    assert 'type="password" name="set-auth_header" value="Bearer very-secret"' in page
    alice.post(address, typed | {"reason": "r", "do": "send"})
    item = ChangeRequest.objects.get().latest_revision().items.get()
    assert "very-secret" not in str(item.wanted)


def test_what_is_wrong_stands_beside_its_field(desk: Desk, alice: Client) -> None:
    for recipe, more, status, words in (
        ("limit-rate", {"reason": ""}, 400, "Say why"),
        ("limit-rate", {"set-requests": "many"}, 400, "Enter a whole number"),
        ("limit-rate", {"set-requests": "9" * 5_000}, 400, "set-requests_error"),
        ("limit-rate", {"set-per": "me"}, 400, "Select a valid choice"),
        ("limit-rate", {"set-message": "x" * 2_000}, 400, "at most 1,000 characters"),
        ("limit-rate", {"set-message": "a\nb"}, 400, "another form"),
        ("send-logs", {}, 400, "It is missing. Give one such as https://"),
        ("restrict-addresses", {"set-addresses": "here"}, 400, "another form"),
        ("balance-nodes", {"set-nodes": "a"}, 400, "no host and port"),
        (
            "balance-nodes",
            {"set-nodes": "a:1 = " + "9" * 99},
            400,
            "not a whole number",
        ),
        ("change-request", {"set-set_headers": "nope"}, 400, "has no colon"),
        ("change-request", {}, 400, "Give at least one of"),
        ("canary", {}, 400, "either url or upstream_id"),
    ):
        defaults = {
            f"set-{name}": str(schema["default"])
            for name, schema in RECIPES[recipe].properties.items()
            if "default" in schema and schema["type"] in ("string", "integer")
        }
        body = defaults | {"reason": "r", "do": "send"} | more
        answer = alice.post(f"{PAGE}{recipe}/", body)
        assert answer.status_code == status, (recipe, more)
        assert words in text_of(answer), (recipe, more)
    desk.sandbox.stop()
    answer = alice.post(LIMIT, FORM)
    assert answer.status_code == 503
    assert "cannot be asked now" in text_of(answer)
    assert not ChangeRequest.objects.exists()


def test_a_route_that_it_does_not_fit_says_what_to_do(
    desk: Desk, alice: Client
) -> None:
    rules = [{"count": 1, "time_window": 1, "key": "$uri"}]
    desk.sandbox.put(
        "route",
        "shop",
        {
            "uri": "/shop/*",
            "upstream": {"nodes": {"a:1": 1}},
            "plugins": {"limit-count": {"rules": rules}},
        },
    )
    assert "counts by rules of its own" in text_of(alice.get(LIMIT))
    assert alice.post(LIMIT, FORM).status_code == 409


def test_what_is_not_there_is_not_found(desk: Desk, alice: Client) -> None:
    answer = alice.get(f"{PAGE}nope/")
    assert answer.status_code == 404
    assert "There are require-key" in text_of(answer)
    assert alice.get("/gateways/default/recipes/nope/").status_code == 404
    assert alice.get("/gateways/default/recipes/nope/canary/").status_code == 404
    assert alice.get("/gateways/nope/recipes/shop/").status_code == 404


def test_who_may_not_ask_sees_and_sends_nothing(desk: Desk) -> None:
    audrey = sign_in(desk.people.audrey)
    assert "reads and does not ask" in text_of(audrey.get(PAGE))
    page = text_of(audrey.get(LIMIT))
    assert "At most 100 requests" in page
    assert "Send for review" not in page
    assert audrey.post(LIMIT, FORM).status_code == 403
    enforced = sign_in(desk.people.alice, enforce_csrf_checks=True)
    assert enforced.post(LIMIT, FORM).status_code == 403
    assert not ChangeRequest.objects.exists()


def test_the_gallery_costs_few_queries(desk: Desk, alice: Client) -> None:
    alice.get(PAGE)
    with CaptureQueriesContext(connection) as told:
        assert alice.get(PAGE).status_code == 200
    assert len(told) <= 12
