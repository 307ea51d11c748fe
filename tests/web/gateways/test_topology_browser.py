"""The picture of a gateway in a real Chromium: by mouse, by keyboard, without scripts."""

import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_cast, make_gateway, make_resource
from tests.web.conftest import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
LIT = re.compile("is-lit")


@pytest.fixture
def cookies(transactional_db: None) -> dict[str, str]:
    """Two routes with a way each, and somebody who may look."""
    cache.clear()
    gateway, people = make_gateway(), make_cast()
    for name in ("shop", "pay"):
        document = {
            "uri": f"/{name}",
            "host": f"{name}.example.com",
            "upstream": {"nodes": {f"{name}.internal:80": 1}},
        }
        make_resource(gateway, "route", name, document)
    morsels = sign_in(people.audrey).cookies
    return {name: morsel.value for name, morsel in morsels.items()}


def come_in(
    context: BrowserContext, server: LiveServer, cookies: dict[str, str]
) -> None:
    context.add_cookies(
        [
            {"name": name, "value": value, "url": server.url}
            for name, value in cookies.items()
        ]
    )


@pytest.fixture
def topology(page: Page, live_server: LiveServer, cookies: dict[str, str]) -> Page:
    come_in(page.context, live_server, cookies)
    page.goto(f"{live_server.url}/gateways/default/topology/")
    return page


@pytest.fixture
def scriptless(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def box(page: Page, key: str) -> Locator:
    return page.locator(f'[data-key="{key}"]')


def width(page: Page) -> float:
    return float(page.locator("svg.topology__sheet").get_attribute("width") or 0)


def scrolled(view: Locator, *, beyond: float) -> None:
    """Wait until it is, in pixels from its left end."""
    where = "([one, beyond]) => one.scrollLeft > beyond"
    view.page.wait_for_function(where, arg=[view.element_handle(), beyond])


def test_it_is_zoomed_by_buttons_and_by_keys(topology: Page) -> None:
    before = width(topology)

    topology.get_by_role("button", name="Zoom in").click()
    assert width(topology) > before
    topology.get_by_role("button", name="Zoom out").click()
    assert width(topology) == pytest.approx(before)

    view = topology.locator(".topology__view")
    view.focus()
    for _ in range(4):
        topology.keyboard.press("+")
    larger = width(topology)
    assert larger > 2 * before
    topology.keyboard.press("ArrowRight")
    # It glides there.
    scrolled(view, beyond=0)
    topology.keyboard.press("0")
    assert width(topology) <= view.evaluate("one => one.clientWidth")


def test_it_is_drawn_along_by_the_mouse_and_that_is_no_click(topology: Page) -> None:
    view = topology.locator(".topology__view")
    view.focus()
    for _ in range(4):
        topology.keyboard.press("+")
    left, address = view.evaluate("one => one.scrollLeft"), topology.url
    place = view.bounding_box()
    assert place
    middle = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2

    topology.mouse.move(*middle)
    topology.mouse.down()
    topology.mouse.move(middle[0] - 120, middle[1], steps=6)
    topology.mouse.up()

    scrolled(view, beyond=left + 99)
    assert topology.url == address


def test_pointing_at_a_box_lights_its_way_alone(topology: Page) -> None:
    box(topology, "route/shop").hover()

    expect(box(topology, "host/shop.example.com")).to_have_class(LIT)
    expect(box(topology, "node/shop.internal:80")).to_have_class(LIT)
    expect(topology.locator("path.is-lit")).to_have_count(3)
    expect(box(topology, "route/pay")).not_to_have_class(LIT)

    topology.get_by_role("heading", name="Topology").hover()

    expect(topology.locator(".is-lit")).to_have_count(0)


def test_the_keyboard_follows_a_way_and_opens_what_it_meets(topology: Page) -> None:
    box(topology, "route/pay").focus()

    expect(box(topology, "node/pay.internal:80")).to_have_class(LIT)
    expect(box(topology, "route/shop")).not_to_have_class(LIT)

    topology.keyboard.press("Enter")

    expect(topology.get_by_role("heading", level=1)).to_have_text("pay")


def test_a_host_leads_to_its_own_picture_without_scripts(
    scriptless: Page, live_server: LiveServer, cookies: dict[str, str]
) -> None:
    come_in(scriptless.context, live_server, cookies)
    scriptless.goto(f"{live_server.url}/gateways/default/topology/?mark=shop")

    expect(scriptless.get_by_role("button", name="Zoom in")).to_have_count(0)
    expect(box(scriptless, "route/shop")).to_have_class(LIT)
    box(scriptless, "host/pay.example.com").click()

    expect(box(scriptless, "route/pay")).to_be_visible()
    expect(box(scriptless, "route/shop")).to_have_count(0)
    scriptless.get_by_text("The same in words").click()
    expect(scriptless.get_by_role("row", name="host pay.example.com")).to_be_visible()
