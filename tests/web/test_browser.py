"""The tour's steps for people, in a real Chromium: mouse and keyboard."""

import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from gateway.mirror import refresh
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest, Review
from portal.changes.probe import Probe
from portal.changes.propose import propose
from portal.changes.review import add_comment, reject
from portal.changes.states import State
from tests.actors import present, program
from tests.changes.conftest import Desk
from tests.factories import PASSWORD, make_cast, make_live_gateway
from tests.sandbox import SandboxGateway

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def desk(transactional_db: None, sandbox: SandboxGateway) -> Desk:
    """The cast and a live sandbox gateway, visible to the server's threads."""
    cache.clear()
    gateway = make_live_gateway(
        sandbox,
        public_url=sandbox.proxy_url,
        environment="sandbox",
    )
    refresh(gateway)
    return Desk(gateway, sandbox, make_cast())


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page that must not complain: no script error, nothing the policy refused."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    # A refused form is answered with 4xx, which the browser also logs.
    assert [
        words for words in complaints if "Failed to load resource" not in words
    ] == []


def conference(desk: Desk, **fields: object) -> ChangeRequest:
    """Ask, as ChatGPT in alice's name, for the Conference API's route."""
    document = {
        "name": "conference",
        "uri": "/speaker/*",
        "methods": ["GET"],
        "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}},
    } | fields
    asked = ChangeAsked(
        gateway=desk.gateway,
        title="Publish the Conference API",
        reason="The speakers' page needs sessions and topics.",
        items=(ItemAsked(action="create", kind="route", document=document),),
    )
    return propose(asked, actor=program(desk.people.alice)).change


def come_in(page: Page, server: LiveServer, name: str) -> None:
    page.goto(f"{server.url}/accounts/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_riley_approves_and_the_open_page_turns_to_applied(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    change = conference(desk)
    come_in(quiet, live_server, "riley")
    expect(quiet.get_by_role("heading", name="1 waiting for you")).to_be_visible()

    quiet.get_by_role("link", name=re.compile("Creates route")).first.click()
    expect(quiet.get_by_role("heading", level=1)).to_contain_text("/speaker/*")
    expect(quiet.get_by_role("row", name=re.compile("uri"))).to_contain_text(
        "/speaker/*"
    )
    quiet.get_by_role("button", name=re.compile("^Approve")).click()
    expect(quiet.locator("[data-state=approved]")).to_be_visible()
    opened = quiet.evaluate("performance.timeOrigin")

    deliver(change.latest_revision().delivery.pk)

    expect(quiet.locator("[data-state=applied]")).to_be_visible()
    assert quiet.evaluate("performance.timeOrigin") == opened, "the page was reloaded"
    delivery = quiet.locator("#delivery")
    expect(delivery).to_contain_text("PUT /apisix/admin/routes/")
    expect(delivery).to_contain_text("Read back")
    expect(delivery).to_contain_text(" ms")
    expect(quiet.get_by_role("status").first).to_be_attached()
    expect(quiet.get_by_role("button", name=re.compile("Approve"))).to_have_count(0)
    change.refresh_from_db()
    assert change.state == State.APPLIED


def test_a_failed_delivery_is_followed_item_by_item_on_a_phone(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    items = tuple(
        ItemAsked(
            action="create",
            kind="route",
            id=f"r{number}",
            document={"uri": f"/{number}", "upstream": {"nodes": {"h:80": 1}}},
        )
        for number in range(12)
    )
    asked = ChangeAsked(
        gateway=desk.gateway, title="A dozen", reason="They move in.", items=items
    )
    change = propose(asked, actor=program(desk.people.alice)).change
    desk.sandbox.misbehave(do="status", status=400, method="PUT", path="/routes/r7$")
    come_in(quiet, live_server, "riley")
    quiet.set_viewport_size({"width": 360, "height": 740})
    quiet.goto(f"{live_server.url}{change.get_absolute_url()}")
    quiet.get_by_role("button", name=re.compile("^Approve")).click()
    expect(quiet.locator("[data-state=approved]")).to_be_visible()
    opened = quiet.evaluate("performance.timeOrigin")

    deliver(change.latest_revision().delivery.pk)

    expect(quiet.locator("[data-state=failed]")).to_be_visible()
    assert quiet.evaluate("performance.timeOrigin") == opened, "the page was reloaded"
    told = quiet.locator("#delivery")
    expect(told).to_contain_text("What stands now on default")
    expect(told).to_contain_text("None of 12 items stands because of it")
    # The gravest first, with what the gateway said.
    expect(told.get_by_role("row").nth(1)).to_contain_text("r7")
    width = quiet.evaluate("document.documentElement.scrollWidth")
    assert width <= 360, "the page moves sideways"

    # By the keyboard: only what failed, then all that was sent for it.
    quiet.get_by_role("link", name=re.compile("^Failed")).press("Enter")
    expect(quiet).to_have_url(re.compile("fate=failed"))
    expect(quiet.locator("#delivery").get_by_role("row")).to_have_count(2)
    quiet.locator("#delivery").get_by_role("link", name="r7").press("Enter")
    expect(quiet.locator("#sent")).to_contain_text("PUT /apisix/admin/routes/r7")


def test_approving_works_with_the_keyboard_alone(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    change = conference(desk)
    come_in(quiet, live_server, "riley")
    quiet.goto(f"{live_server.url}{change.get_absolute_url()}")

    for _ in range(80):
        quiet.keyboard.press("Tab")
        focused = quiet.evaluate("document.activeElement.textContent.trim()")
        if str(focused).startswith("Approve"):
            break
    # Whoever uses the keyboard sees where they are.
    assert (
        quiet.evaluate("getComputedStyle(document.activeElement).boxShadow") != "none"
    )
    quiet.keyboard.press("Enter")

    expect(quiet.get_by_text("You approved revision 1.")).to_be_visible()
    assert Review.objects.get().reviewer == desk.people.riley


def test_approving_works_without_javascript(
    browser: Browser, live_server: LiveServer, desk: Desk
) -> None:
    change = conference(desk)
    plain = browser.new_context(java_script_enabled=False)
    plain.set_default_timeout(60_000)
    page = plain.new_page()
    come_in(page, live_server, "riley")
    page.goto(f"{live_server.url}{change.get_absolute_url()}")

    page.get_by_role("button", name=re.compile("^Approve")).click()

    expect(page.get_by_text("You approved revision 1.")).to_be_visible()
    plain.close()


def test_alice_sees_why_her_change_was_rejected(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    change = conference(desk)
    reject(
        change.latest_revision(),
        actor=present(desk.people.riley),
        comment="Limit it to 10 requests a minute first.",
    )
    come_in(quiet, live_server, "alice")

    quiet.goto(f"{live_server.url}{change.get_absolute_url()}")

    expect(quiet.get_by_text("Limit it to 10 requests a minute first.")).to_be_visible()
    expect(quiet.locator("[data-state=rejected]")).to_be_visible()


def test_what_riley_types_survives_news_on_the_page(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    from portal.changes.review import add_comment

    change = conference(desk)
    come_in(quiet, live_server, "riley")
    quiet.goto(f"{live_server.url}{change.get_absolute_url()}")
    quiet.get_by_label("Why not").fill("Half a thought")

    add_comment(change, actor=present(desk.people.omar), text="Looks fine to me.")

    expect(quiet.locator("#said")).to_contain_text("Looks fine to me.")
    expect(quiet.get_by_label("Why not")).to_have_value("Half a thought")


def test_alice_asks_with_the_form_after_a_preview(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    come_in(quiet, live_server, "alice")
    quiet.get_by_role("link", name="Ask for a change").first.click()
    quiet.get_by_label("Path").fill("/speaker/*")
    quiet.get_by_label("Goes to").fill("http://127.0.0.1:8000")
    quiet.get_by_role("textbox", name="Why").fill("The speakers' page needs it.")

    quiet.get_by_role("button", name="Preview").click()
    expect(quiet.get_by_role("heading", name="What it would do")).to_be_visible()
    assert ChangeRequest.objects.count() == 0
    quiet.get_by_role("button", name="Send for review").click()

    expect(quiet.get_by_text("Sent for review.")).to_be_visible()
    assert ChangeRequest.objects.get().author == desk.people.alice


def test_a_probe_is_asked_for_with_the_keyboard_alone(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    come_in(quiet, live_server, "alice")
    quiet.goto(f"{live_server.url}/changes/new/")
    quiet.get_by_label("Path").fill("/speaker/*")
    quiet.get_by_label("Goes to").fill("http://127.0.0.1:8000")
    quiet.get_by_role("textbox", name="Why").fill("The speakers' page needs it.")
    keys = quiet.keyboard

    quiet.get_by_text("Prove it once it is live").focus()
    keys.press("Enter")
    keys.press("Tab")
    keys.type("/speaker/1")
    # Past the method, to the status.
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Control+A")
    keys.type("204")
    for _ in range(4):
        keys.press("Tab")
    keys.press("Space")
    # Past the preview, to the button that sends it.
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")

    expect(quiet.get_by_text("Sent for review.")).to_be_visible()
    probe = ChangeRequest.objects.get().latest_revision().terms.probe
    assert probe == Probe(path="/speaker/1", status=204, take_back=True)


def test_a_freeze_asks_only_for_what_its_way_needs(
    page: Page, live_server: LiveServer, desk: Desk
) -> None:
    come_in(page, live_server, "admin")
    page.goto(f"{live_server.url}/freezes/")
    once, again = page.get_by_label("From"), page.get_by_label("Begins each time at")
    expect(once).to_be_visible()
    expect(again).to_be_hidden()

    page.get_by_label("Once").focus()
    page.keyboard.press("ArrowDown")

    expect(once).to_be_hidden()
    expect(again).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("0 18 * * 5")
    page.keyboard.press("Tab")
    page.keyboard.type("62")
    expect(again).to_have_value("0 18 * * 5")

    # What is wrong is shown whichever way is chosen.
    page.get_by_role("button", name="Begin the freeze").click()
    expect(page.get_by_text("Say why")).to_be_visible()
    expect(once).to_be_hidden()
    page.get_by_label("Why").fill("Weekend")
    page.get_by_label("Time zone").fill("UTC")
    page.get_by_role("button", name="Begin the freeze").click()
    expect(page.get_by_text("0 18 * * 5", exact=True)).to_be_visible()


def test_searching_narrows_the_list_and_going_back_shows_a_whole_page(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    conference(desk, uri="/zanzibar/*")
    conference(desk, uri="/pemba/*")
    come_in(quiet, live_server, "riley")
    quiet.get_by_role("link", name="Changes").first.click()
    rows = quiet.locator(".change")
    expect(rows).to_have_count(2)
    # A key that comes before the page's script is nobody's.
    quiet.wait_for_load_state("load")
    opened = quiet.evaluate("performance.timeOrigin")

    quiet.keyboard.press("/")
    expect(quiet.get_by_label("Search")).to_be_focused()
    quiet.keyboard.type("zanzibar")

    expect(rows).to_have_count(1)
    expect(quiet).to_have_url(re.compile("q=zanzibar"))
    assert quiet.evaluate("performance.timeOrigin") == opened
    quiet.go_back()
    expect(rows).to_have_count(2)
    expect(quiet.get_by_role("navigation", name="Main")).to_be_visible()


def test_audrey_reads_the_audit_and_the_admin(
    quiet: Page, live_server: LiveServer, desk: Desk
) -> None:
    change = conference(desk)
    reject(
        change.latest_revision(),
        actor=present(desk.people.riley),
        comment="Not now.",
    )
    come_in(quiet, live_server, "audrey")

    quiet.get_by_role("link", name="Audit").first.click()
    row = quiet.get_by_role("row", name=re.compile("rejected"))
    expect(row).to_contain_text("riley")
    expect(row).to_contain_text("Not now.")
    quiet.get_by_role("button", name="You and this desk").click()
    quiet.get_by_role("link", name="Admin").click()
    expect(quiet.get_by_role("heading", level=1)).to_contain_text("Back office")
    quiet.get_by_role("link", name="Audit events").first.click()
    expect(quiet.get_by_role("row", name=re.compile("rejected"))).to_contain_text(
        "riley"
    )


def test_nothing_that_somebody_wrote_runs(
    desk: Desk, live_server: LiveServer, quiet: Page
) -> None:
    """Markup in a request, and in what somebody wrote past the desk."""
    evil = "</script></textarea>\"'><img src=x onerror=alert(1)><svg onload=alert(2)>"
    desk.sandbox.put(
        "route", "past", {"uri": "/past", "desc": evil, "upstream": {"nodes": {}}}
    )
    refresh(desk.gateway)
    change = conference(desk, name=evil[:90], desc=evil, labels={"team": "<b>x</b>"})
    add_comment(change, actor=present(desk.people.omar), text=evil)
    ran: list[str] = []
    quiet.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    come_in(quiet, live_server, "admin")

    for address in (
        f"/changes/{change.number}/",
        f"/changes/{change.number}/?part=1",
        "/gateways/default/routes/past/",
        "/gateways/default/routes/?q=" + "%3Cimg%20src=x%20onerror=alert(3)%3E",
        "/audit/",
        f"/admin/changes/changerequest/{change.number}/change/",
        "/changes/new/?gateway=default&kind=route&id=past",
    ):
        quiet.goto(f"{live_server.url}{address}")
        expect(quiet.locator("h1").first).to_be_visible()
        assert quiet.locator("img[src='x'], svg[onload]").count() == 0, address
    assert ran == []
