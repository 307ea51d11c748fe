"""What the small scripts of every page say, in a real Chromium."""

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_cast
from tests.web.conftest import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def page(
    context: BrowserContext, live_server: LiveServer, transactional_db: None
) -> Page:
    """A page of alice's browser."""
    cache.clear()
    context.set_default_timeout(60_000)
    context.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": live_server.url}
            for name, morsel in sign_in(make_cast().alice).cookies.items()
        ]
    )
    return context.new_page()


def _in_german(route: Route) -> None:
    answer = route.fetch()
    words = answer.text().replace("%(count)s h ago", "vor %(count)s h")
    route.fulfill(response=answer, body=words)


def test_how_long_ago_stays_true_in_the_words_of_the_page(
    page: Page, live_server: LiveServer
) -> None:
    page.clock.install()
    page.route("**/accounts/security/", _in_german)
    page.goto(f"{live_server.url}/accounts/security/")
    since = page.locator("time[data-ago]").first
    expect(since).to_have_text(re.compile("^(just now|[0-9]+ (s|min) ago)$"))

    page.clock.fast_forward("07:30:00")

    expect(since).to_have_text("vor 7 h")


@pytest.mark.parametrize(
    ("may", "said"), [(["clipboard-write"], "Copied"), ([], "Press Ctrl+C")]
)
def test_a_button_says_whether_it_copied(
    page: Page, live_server: LiveServer, may: list[str], said: str
) -> None:
    page.context.grant_permissions(may)
    page.goto(f"{live_server.url}/help/connect/")

    page.get_by_role("button", name="Copy", exact=True).first.click()

    expect(page.locator("button[data-copy=mcp]")).to_have_text(said)
