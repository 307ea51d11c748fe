"""The form of a recipe in a real Chromium: what it would do follows what is typed."""

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gateway.mirror import refresh
from portal.changes.models import ChangeRequest
from tests.factories import make_cast, make_gateway, route_document
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def test_what_it_would_do_follows_what_is_typed(
    page: Page, live_server: LiveServer, sandbox: SandboxGateway
) -> None:
    cache.clear()
    gateway = make_gateway(
        admin_url=sandbox.admin_url, admin_key=sandbox.key, version=""
    )
    sandbox.put("route", "shop", route_document())
    refresh(gateway)
    page.context.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": live_server.url}
            for name, morsel in sign_in(make_cast().alice).cookies.items()
        ]
    )
    page.goto(f"{live_server.url}/gateways/default/recipes/shop/limit-rate/")
    words, requests = page.locator("#shown"), page.get_by_label("Requests")
    expect(words).to_contain_text("At most 100 requests in 60 s")

    requests.fill("7")
    expect(words).to_contain_text("At most 7 requests in 60 s")
    page.get_by_label("Counted for").select_option("everybody")
    expect(words).to_contain_text("for everybody together")
    requests.fill("0")
    expect(words).to_contain_text("Requests: ")
    # What is typed stays where it is: only what is shown was loaded again.
    expect(requests).to_be_focused()
    requests.fill("8")
    expect(words).to_contain_text("At most 8 requests in 60 s")
    assert not ChangeRequest.objects.exists()

    page.get_by_label("Why").fill("One asks too often.")
    expect(words).to_contain_text("At most 8 requests in 60 s")
    page.get_by_role("button", name="Send for review").click()
    expect(page.get_by_text("Sent for review.")).to_be_visible()
    assert "limit-count" in ChangeRequest.objects.get().summary
