"""Asking in a real Chromium: forms and editor, by mouse, by keyboard, without script."""

import gzip
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from gateway.mirror import refresh
from portal.changes.models import ChangeRequest
from tests.changes.conftest import Desk
from tests.factories import (
    make_cast,
    make_live_gateway,
    make_resource,
    route_document,
)
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


VIOLATIONS = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture
def desk(transactional_db: None, sandbox: SandboxGateway) -> Desk:
    cache.clear()
    gateway = make_live_gateway(sandbox, public_url=sandbox.proxy_url)
    sandbox.put("route", "shop", route_document(name="shop"))
    refresh(gateway)
    return Desk(gateway, sandbox, make_cast())


@pytest.fixture
def watched(page: Page, live_server: LiveServer, desk: Desk) -> Iterator[Page]:
    """Alice's page; nothing of it may break the policy or raise."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(VIOLATIONS)
    page.context.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": live_server.url}
            for name, morsel in sign_in(desk.people.alice).cookies.items()
        ]
    )
    yield page
    assert complaints == []
    assert page.evaluate("window.refused") == []


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in document.items() if not k.endswith("_time")}


def test_the_preview_follows_what_is_typed(
    watched: Page, live_server: LiveServer, desk: Desk
) -> None:
    page, shown = watched, watched.locator("#shown")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{live_server.url}/ask/")
    page.get_by_label("Path").fill("/speaker/*")
    expect(shown).to_contain_text("Fill it in")
    page.get_by_label("Goes to").fill("http://127.0.0.1:8000")
    expect(shown).to_contain_text("It answers")
    expect(shown).to_contain_text("/speaker/")

    page.get_by_label("Limit the rate").check()
    page.get_by_label("Requests").fill("7")
    expect(shown).to_contain_text("limit-count")
    page.get_by_label("Path").fill("speaker")
    expect(shown).to_contain_text("A path begins with a slash")
    # What is typed stays where it is.
    expect(page.get_by_label("Path")).to_be_focused()
    page.get_by_label("Path").fill("/speaker/*")
    page.get_by_role("textbox", name="Why").fill("The speakers' page needs it.")
    # What is typed is kept meanwhile, in one draft, which is what is sent.
    expect(page.locator("#kept")).to_contain_text("which only you see")
    page.get_by_role("button", name="Send for review").click()

    expect(page.get_by_text("Sent for review.")).to_be_visible()
    wanted = ChangeRequest.objects.get().latest_revision().items.get().wanted
    assert wanted["plugins"]["limit-count"]["count"] == 7


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """Go there by Tab, as far as that takes."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{most} steps do not lead to {wanted}")


def test_a_newcomer_asks_for_a_route_by_the_keyboard_alone(
    watched: Page, live_server: LiveServer, desk: Desk
) -> None:
    for number in range(60):
        make_resource(desk.gateway, "upstream", f"a{number:02}", {"name": "Other"})
    make_resource(desk.gateway, "upstream", "u1", {"name": "Pool"})
    page, keys = watched, watched.keyboard
    plugins = page.locator("#plugins")
    page.goto(f"{live_server.url}/")

    tab_to(page, page.get_by_role("link", name="Ask for a change").first)
    keys.press("Enter")
    page.wait_for_url("**/ask/")
    page.wait_for_load_state("load")
    tab_to(page, page.get_by_label("Path"))
    keys.type("/speaker/*")
    target = page.get_by_label("Goes to")
    tab_to(page, target)
    # Of very many upstreams those that fit what is typed are offered.
    offered = page.locator("#targets option")
    expect(offered).to_have_count(50)
    keys.type("pool")
    expect(offered).to_have_count(1)
    expect(offered).to_have_attribute("value", "upstream u1")
    keys.press("ControlOrMeta+A")
    keys.type("http://127.0.0.1:8000")
    tab_to(page, page.get_by_label("Add a plugin"))
    keys.type("core")
    keys.press("Tab")
    keys.press("Enter")
    expect(plugins.get_by_text("offers no plugin")).to_be_visible()
    expect(page.get_by_label("Add a plugin")).to_be_focused()
    keys.type("cors")
    keys.press("Tab")
    keys.press("Enter")
    # It goes on where the plugin's own settings begin.
    expect(plugins.locator("summary", has_text="cors").first).to_be_focused()
    tab_to(page, plugins.get_by_label("max_age"))
    keys.press("ControlOrMeta+A")
    keys.type("60")
    expect(page.locator("#shown")).to_contain_text("cors")
    tab_to(page, page.get_by_role("textbox", name="Why"))
    keys.type("The speakers' page needs it.")
    tab_to(page, page.get_by_role("button", name="Send for review"))
    keys.press("Enter")

    expect(page.get_by_text("Sent for review.")).to_be_visible()
    wanted = ChangeRequest.objects.get().latest_revision().items.get().wanted
    assert wanted["plugins"] == {"cors": {"max_age": 60}}
    assert wanted["upstream"]["nodes"] == {"127.0.0.1:8000": 1}


def test_the_editor_completes_marks_and_lets_go(
    watched: Page, live_server: LiveServer, desk: Desk
) -> None:
    page, keys = watched, watched.keyboard
    weights: dict[str, int] = {}
    page.on(
        "response",
        lambda answer: weights.update(
            {answer.url: len(gzip.compress(answer.body()))} if answer.ok else {}
        ),
    )
    page.goto(f"{live_server.url}/ask/?as=json")
    # Not the plain text area, which goes when the script is there.
    area = page.locator(".editor").get_by_role("textbox", name="Document")

    def write(text: str) -> None:
        """As people do: all is chosen, taken away and typed anew."""
        area.click()
        keys.press("ControlOrMeta+A")
        keys.press("Delete")
        keys.insert_text(text)

    # Names of the kind, of plugins, of a plugin; values of a field.
    write('{"uri": "/a", ')
    keys.type('"plug')
    page.get_by_role("option", name="plugins").first.click()
    keys.type('"limit-cou')
    page.get_by_role("option", name="limit-count").first.click()
    keys.type('"pol')
    page.get_by_role("option", name="policy").first.click()
    expect(page.locator("textarea[data-editor]")).to_have_value(
        re.compile(re.escape('"plugins": {"limit-count": {"policy": "local"}}'))
    )

    write('{"uri": "/a", "plugins": {"limit-count": {"count": -1, "time_window": 1}}}')
    expect(page.locator("#shown")).to_contain_text("Stops the change")
    expect(page.locator(".cm-lintRange-error").first).to_be_visible()
    write('{"uri": }')
    expect(page.locator("#shown")).to_contain_text("This is not JSON")
    expect(page.locator(".cm-lintRange-error").first).to_be_visible()

    # Tab leaves: the keyboard is not trapped.
    expect(page.locator(".editor:focus")).to_have_count(1)
    keys.press("Tab")
    expect(page.locator(".editor:focus")).to_have_count(0)
    assert not ChangeRequest.objects.exists()
    assert 100_000 < sum(weights.values()) < 400_000


def test_without_javascript_the_text_is_edited_as_it_is(
    browser: Browser, live_server: LiveServer, desk: Desk
) -> None:
    plain = browser.new_context(java_script_enabled=False)
    plain.set_default_timeout(60_000)
    plain.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": live_server.url}
            for name, morsel in sign_in(desk.people.alice).cookies.items()
        ]
    )
    page = plain.new_page()
    page.goto(f"{live_server.url}/ask/?gateway=default&kind=route&id=shop")
    expect(page.get_by_label("Document")).to_be_visible()

    page.goto(f"{live_server.url}/ask/?gateway=default&kind=route&id=shop&as=route")
    page.get_by_label("Name").fill("The shop")
    page.get_by_label("Add a plugin").fill("cors")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("max_age").fill("60")
    # Enter previews, whichever buttons stand above.
    page.get_by_label("max_age").press("Enter")
    expect(page.get_by_label("Why")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Why").fill("Browsers ask for it.")
    page.get_by_role("button", name="Send for review").click()

    expect(page.get_by_text("Sent for review.")).to_be_visible()
    item = ChangeRequest.objects.get().latest_revision().items.get()
    before, after = without_times(item.base), without_times(item.wanted)
    plugins = before.get("plugins", {}) | {"cors": {"max_age": 60}}
    assert after == before | {"name": "The shop", "plugins": plugins}
    plain.close()
