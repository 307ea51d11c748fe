"""Every page, in a real Chromium, light and dark, wide and narrow: for everybody."""

import gzip
import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    expect,
)
from pytest_django.live_server_helper import LiveServer

from tests.changes.conftest import Desk
from tests.factories import make_cast, make_live_gateway, make_person
from tests.sandbox import SandboxGateway
from tests.web.axe import violations
from tests.web.busy_desk import fill
from tests.web.conftest import sign_in
from tests.web.visits import CONSENT, VISITS, Visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

# A person who looks at the pages names a folder; nothing is kept otherwise.
SHOTS = os.environ.get("GATEHOUSE_SHOTS", "")
SCHEMES = ("light", "dark")
WIDTHS = (1280, 360)
# Where the keyboard is; null when it has left the page or was there before.
STOP = """
() => {
  const one = document.activeElement, before = (window.stops ??= new Set());
  // The parts of a date are stops of one field.
  if (one === window.stop) return "again";
  if (one === document.body || before.has(one)) return null;
  before.add(window.stop = one);
  const style = getComputedStyle(one), place = one.getBoundingClientRect();
  return {
    name: `${one.tagName} ${(one.textContent || one.name || "").trim().slice(0, 40)}`,
    ring: style.boxShadow !== "none" || style.outlineStyle !== "none",
    seen: place.bottom > 0 && place.top < innerHeight
      && place.right > 0 && place.left < innerWidth,
  };
}
"""
CONTROLS = """
[...document.querySelectorAll(
  "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'], .editor"
)].filter(one => one.checkVisibility()).length
"""
# Whether the page is, but for its colours, what it was when this was last asked.
SAME = """
() => {
  const before = window.shape;
  window.shape = document.documentElement.outerHTML
    + [...document.querySelectorAll("*")].map(one => {
      const {x, y, width, height} = one.getBoundingClientRect();
      const seen = one.checkVisibility({opacityProperty: true, visibilityProperty: true});
      return [x, y, width, height, seen];
    }).join(";");
  return window.shape === before;
}
"""


@pytest.fixture
def desk(transactional_db: None, sandbox: SandboxGateway) -> Desk:
    """The cast and a live sandbox gateway, visible to the server's threads."""
    cache.clear()
    gateway = make_live_gateway(
        sandbox,
        public_url=sandbox.proxy_url,
        environment="sandbox",
        variables={"speakers": "127.0.0.1:8000"},
    )
    return Desk(gateway, sandbox, make_cast())


@pytest.fixture
def production(desk: Desk, second_sandbox: SandboxGateway) -> None:
    """Another gateway, which holds nothing yet."""
    make_live_gateway(
        second_sandbox,
        "production",
    )


class Watched:
    """A page of which all is kept that it loads and complains about."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.complaints: list[str] = []
        self._weights: dict[str, int] = {}
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        # A refused form is answered with 4xx, which the browser also logs.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _answered(self, response: Response) -> None:
        if not 300 <= response.status < 400:
            self._weights[response.url] = len(gzip.compress(response.body()))

    def weight(self) -> int:
        """Return how many bytes, compressed, the open page and its parts are."""
        parts = self.page.evaluate(
            "[location.href, ...performance.getEntriesByType('resource')"
            ".map(part => part.name)]"
        )
        return sum(self._weights.get(url.partition("#")[0], 0) for url in set(parts))


def come_in(context: BrowserContext, server: LiveServer, desk: Desk, who: str) -> None:
    if who == "stranger":
        return
    person = getattr(desk.people, who, None) or make_person(who)
    context.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": server.url}
            for name, morsel in sign_in(person).cookies.items()
        ]
    )


def visits(desk: Desk, who: str) -> dict[str, Visit]:
    """Fill the desk; return this person's pages with the addresses as they then are."""
    alice = desk.people.alice
    link = (
        urlsafe_base64_encode(force_bytes(alice.pk)),
        default_token_generator.make_token(alice),
    )
    made = fill(desk) | {"link": "/".join(link)}
    return {
        name: replace(visit, address=visit.address.format(**made))
        for name, visit in VISITS[who].items()
    }


def go(page: Page, server: LiveServer, visit: Visit) -> None:
    page.goto(server.url + visit.address)
    # The editor takes the place of its box as soon as it is fetched.
    expect(page.locator("textarea[data-editor]:visible")).to_have_count(0)
    for label, text in visit.typed.items():
        box = page.get_by_role("textbox", name=label, exact=True)
        # One that offers what can be typed is another role.
        box.or_(page.get_by_role("combobox", name=label, exact=True)).fill(text)
    if visit.opens:
        page.get_by_text(visit.opens).click()
    if visit.press:
        with nullcontext() if visit.swaps else page.expect_navigation():
            page.get_by_role("button", name=visit.press).click()
    expect(page.locator(visit.shows).first).to_be_visible()


def found_in(page: Page, name: str, visit: Visit, looks: set[str]) -> list[str]:
    """Look at the open page in every way people do; return what is wrong.

    Where a page is the same in other colours, only they are judged again; texts that
    have one of these looks, which it adds to, not at all (see axe.py).
    """
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            wrong = violations(
                page,
                but=visit.but,
                without=visit.without,
                only_colours=page.evaluate(SAME),
                looks=looks,
            )
            wider = page.evaluate(
                "document.documentElement.scrollWidth"
                " - document.documentElement.clientWidth"
            )
            if wider > 0:
                wrong.append(f"it scrolls sideways by {wider} px")
            found += [f"{scheme}, {width} px: {line}" for line in wrong]
            if SHOTS:
                path = Path(SHOTS, f"{name}-{scheme}-{width}.png")
                page.screenshot(path=path, full_page=True)
    return found


@pytest.fixture(scope="module")
def looks() -> set[str]:
    """How texts look that can be read, on the pages seen so far."""
    return set()


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("who", VISITS)
def test_every_page_is_for_everybody(
    context: BrowserContext,
    live_server: LiveServer,
    desk: Desk,
    subtests: pytest.Subtests,
    looks: set[str],
    who: str,
) -> None:
    pages = visits(desk, who)
    come_in(context, live_server, desk, who)
    watched = Watched(context)
    page = watched.page
    # What a person sees when a view of ours raises.
    page.route(
        "**/broken/",
        lambda asked: asked.fulfill(
            body=render_to_string("500.html"), content_type="text/html"
        ),
    )
    for name, visit in pages.items():
        with subtests.test(name):
            watched.complaints.clear()
            page.set_viewport_size({"width": WIDTHS[0], "height": 900})

            go(page, live_server, visit)

            complaints = list(watched.complaints)
            found = found_in(page, name, visit, looks)
            assert not complaints + found, "\n".join(complaints + found)
            assert 1000 < watched.weight() < visit.weight


@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    context: BrowserContext,
    live_server: LiveServer,
    desk: Desk,
    subtests: pytest.Subtests,
    width: int,
) -> None:
    made = fill(desk)
    many = made["many"]
    come_in(context, live_server, desk, "riley")
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 740})
    for address in (
        f"/changes/{many}/",
        "/changes/?state=all",
        "/changes/new/?as=json",
        "/gateways/default/routes/",
        f"/gateways/default/drift/{made['drift']}/",
        f"/gateways/default/simulator/?change={many}",
        "/audit/",
        "/tokens/",
        f"/o/authorize/?{CONSENT}",
    ):
        with subtests.test(address):
            page.goto(live_server.url + address)
            stops = []

            while (page.keyboard.press("Tab") or (stop := page.evaluate(STOP))) and len(
                stops
            ) < 300:
                if stop != "again":
                    stops.append(stop)

            assert "Skip to content" in stops[0]["name"]
            assert [stop for stop in stops if not stop["ring"]] == []
            assert [stop for stop in stops if not stop["seen"]] == []
            assert len(stops) == page.evaluate(CONTROLS)


def test_the_skip_link_leads_past_the_navigation(
    context: BrowserContext, live_server: LiveServer, desk: Desk
) -> None:
    come_in(context, live_server, desk, "riley")
    page = context.new_page()
    page.goto(f"{live_server.url}/tokens/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("main :focus")).to_have_count(1)


def test_escape_closes_what_was_opened(
    context: BrowserContext, live_server: LiveServer, desk: Desk
) -> None:
    change = desk.create()
    come_in(context, live_server, desk, "riley")
    page = context.new_page()
    page.goto(live_server.url + change.get_absolute_url())
    documents = page.get_by_text("Whole documents as JSON")
    documents.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details[open] pre")).to_be_visible()
    page.keyboard.press("Tab")

    page.keyboard.press("Escape")

    expect(page.locator("details[open]")).to_have_count(0)
    expect(documents).to_be_focused()


def test_every_component_is_for_everybody_in_every_look(
    context: BrowserContext,
    live_server: LiveServer,
    desk: Desk,
    settings: Any,
) -> None:
    settings.DEBUG = True
    come_in(context, live_server, desk, "riley")
    page = context.new_page()
    page.goto(f"{live_server.url}/design/")

    # All looks stand side by side: high contrast too, which no other test comes by.
    assert violations(page) == []


def test_a_bad_page_is_found_out(page: Page) -> None:
    page.set_content(
        "<p style='color: #999; background: #fff'>faint</p><img src='x'><input>"
        + "<button style='width: 9px; height: 9px; padding: 0'>x</button>" * 2
    )

    def rules(**left_out: Any) -> set[str]:
        return {line.partition(":")[0] for line in violations(page, **left_out)}

    assert {"color-contrast", "image-alt", "label", "target-size"} <= rules()
    assert "label" not in rules(but=["label"])
    assert "color-contrast" not in rules(without="p")


@pytest.mark.parametrize(
    "style",
    [
        "#p { color: #999 }",
        "#p { background: #666 }",
        "#around { background: #666 }",
        "#around { opacity: 0.4 }",
        "#p { color: #757575; font-size: 12px } html { background: #eee }",
        "#over { position: absolute; top: 0; left: 0; background: #333; padding: 9px }",
    ],
)
def test_a_text_that_looks_like_none_before_is_measured(page: Page, style: str) -> None:
    def rules(style: str, looks: set[str]) -> set[str]:
        page.set_content(
            f"<!doctype html><style>html {{ background: #fff }} {style}</style>"
            "<p>Good.</p><div id='around'><p id='p'>Words.</p></div><b id='over'>New</b>"
        )
        return {line.partition(":")[0] for line in violations(page, looks=looks)}

    looks: set[str] = set()
    assert "color-contrast" not in rules("", looks)
    assert looks

    assert "color-contrast" in rules(style, looks)


@pytest.mark.parametrize(
    ("always", "in_the_dark", "bad"),
    [
        ("", "", set()),
        ("", "p { color: #666; background: #555 }", {"color-contrast"}),
        (
            "a { text-decoration: none; color: #767676 }",
            "a { color: #333 }",
            {"link-in-text-block"},
        ),
        # Where something appears or moves, all is judged once more.
        (
            "input { display: none }",
            "input { display: inline }",
            {"image-alt", "label"},
        ),
        ("input { opacity: 0 }", "input { opacity: 1 }", {"image-alt", "label"}),
        ("", "input { width: 9px }", {"image-alt", "label"}),
    ],
)
def test_what_is_bad_only_in_the_dark_is_found_out(
    page: Page, always: str, in_the_dark: str, bad: set[str]
) -> None:
    page.set_content(
        f"<!doctype html><html lang='en'><title>Bad</title><style>"
        f":root {{ background: #fff; color: #000 }} {always}"
        f"@media (prefers-color-scheme: dark) {{ {in_the_dark} }}</style>"
        "<main><h1>Bad</h1><p>Words with <a href='/'>a link</a> in them.</p>"
        "<img src='x' width='9' height='9'><input></main>"
    )

    found = found_in(page, "bad", Visit(""), set())

    for width in WIDTHS:
        begin = f"dark, {width} px: "
        lines = [line.removeprefix(begin) for line in found if begin in line]
        assert {line.partition(":")[0] for line in lines} == bad
