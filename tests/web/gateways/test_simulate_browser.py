"""Trying a request in a real Chromium: by keyboard on an open page, and without scripts."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.changes.models import ChangeRequest
from tests.factories import (
    item,
    make_cast,
    make_change,
    make_gateway,
    make_resource,
    route_document,
)
from tests.web.conftest import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def moved(transactional_db: None) -> ChangeRequest:
    """A change that sends a route to another node, through other plugins."""
    cache.clear()
    gateway, people = make_gateway(), make_cast()
    plugins = {"key-auth": {}, "limit-count": {"count": 5}, "prometheus": {}}
    held = route_document(plugins=plugins)
    make_resource(gateway, resource_id="conference", document=held)
    wanted = route_document(
        upstream={"nodes": {"10.0.0.9:8000": 1, "10.0.0.10:8000": 3}},
        plugins={"cors": {}, "limit-count": {"count": 9}, "prometheus": {}},
    )
    update = item("update", resource_id="conference", wanted=wanted)
    return make_change(gateway=gateway, author=people.alice, items=[update])


def come_in(context: BrowserContext, server: LiveServer, change: ChangeRequest) -> None:
    context.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": server.url}
            for name, morsel in sign_in(change.author).cookies.items()
        ]
    )


@pytest.fixture
def scriptless(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_open_page_shows_the_way_without_being_loaded_again(
    page: Page, live_server: LiveServer, moved: ChangeRequest
) -> None:
    come_in(page.context, live_server, moved)
    page.goto(f"{live_server.url}/gateways/default/simulator/")
    opened = page.evaluate("performance.timeOrigin")

    page.get_by_label("Address", exact=True).fill("http://any.example/speaker/7")
    page.keyboard.press("Tab")
    page.get_by_label("And after").select_option(str(moved.number))
    page.get_by_label("Address", exact=True).press("Enter")

    now = page.get_by_role("region", name="Now")
    after = page.get_by_role("region", name=f"After #{moved.number}")
    expect(now).to_contain_text("http://127.0.0.1:8000")
    expect(after).to_contain_text("http://10.0.0.9:8000")
    expect(after).to_contain_text("only after")
    expect(page.locator("#said")).to_contain_text("Now: route conference")
    # Who typed goes on typing where they were.
    expect(page.get_by_label("Address", exact=True)).to_be_focused()
    assert page.evaluate("performance.timeOrigin") == opened, "the page was reloaded"

    page.get_by_label("Address", exact=True).fill("nowhere")
    page.keyboard.press("Enter")

    expect(page.get_by_text("It is no address.")).to_be_visible()
    expect(now).to_have_count(0)


def test_it_works_without_scripts(
    scriptless: Page, live_server: LiveServer, moved: ChangeRequest
) -> None:
    come_in(scriptless.context, live_server, moved)
    scriptless.goto(f"{live_server.url}{moved.get_absolute_url()}")
    scriptless.get_by_role("link", name="Try a request").click()

    expect(scriptless.get_by_role("region", name="Now")).to_be_visible()
    scriptless.get_by_label("Address", exact=True).fill("/elsewhere")
    scriptless.get_by_role("button", name="Try it").click()

    expect(scriptless.get_by_text("makes no difference")).to_be_visible()
