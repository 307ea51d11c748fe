"""The frame around every page: folded on a phone, opened by the browser alone."""

import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_cast, make_gateway
from tests.web.conftest import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def phone(
    browser: Browser, live_server: LiveServer, transactional_db: None
) -> Iterator[Page]:
    """Alice's phone, 360 px wide and without script."""
    cache.clear()
    make_gateway()
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 360, "height": 740}
    )
    context.set_default_timeout(60_000)
    context.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": live_server.url}
            for name, morsel in sign_in(make_cast().alice).cookies.items()
        ]
    )
    page = context.new_page()
    page.goto(live_server.url)
    yield page
    context.close()


def test_the_menu_of_a_phone_needs_no_script_and_leads_on(phone: Page) -> None:
    main = phone.get_by_role("navigation", name="Main")
    expect(main).to_be_hidden()

    phone.get_by_role("button", name="Menu").click()
    expect(main.get_by_role("link", name="Home")).to_have_attribute(
        "aria-current", "page"
    )
    main.get_by_role("link", name="Changes").click()

    expect(phone).to_have_url(re.compile("/changes/$"))
    expect(main).to_be_hidden()


def test_the_persons_menu_opens_and_closes_by_keyboard(phone: Page) -> None:
    menu = phone.get_by_role("navigation", name="You and this desk")
    button = phone.get_by_role("button", name="You and this desk")
    button.focus()

    phone.keyboard.press("Enter")
    expect(menu).to_be_visible()
    phone.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()

    phone.keyboard.press("Enter")
    phone.keyboard.press("Tab")
    phone.keyboard.press("Enter")
    expect(phone).to_have_url(re.compile("/accounts/security/$"))
