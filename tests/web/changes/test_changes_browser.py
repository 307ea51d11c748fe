"""The list of changes and one change by keyboard alone and on a phone, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from gateway.models import Gateway
from portal.changes.models import ChangeRequest, Review
from portal.changes.states import State
from tests.factories import (
    Cast,
    item,
    make_cast,
    make_change,
    make_comment,
    make_gateway,
    route_document,
)
from tests.web.axe import violations
from tests.web.conftest import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def people(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(transactional_db: None) -> Gateway:
    return make_gateway()


@pytest.fixture
def three(people: Cast, gateway: Gateway) -> list[ChangeRequest]:
    """Changes of alice, newest first as lists have them."""
    after = route_document(plugins={"limit-count": {"count": 50, "time_window": 60}})
    return [
        make_change(
            gateway=gateway,
            author=people.alice,
            summary=f"Changes route r{n}: limit-count added.",
            items=[item("update", resource_id=f"r{n}", wanted=after)],
        )
        for n in range(3)
    ][::-1]


@pytest.fixture
def riley(
    context: BrowserContext, live_server: LiveServer, people: Cast
) -> Iterator[Page]:
    """Riley's page, which must not complain."""
    context.add_cookies(
        [
            {"name": name, "value": morsel.value, "url": live_server.url}
            for name, morsel in sign_in(people.riley).cookies.items()
        ]
    )
    page, complaints = context.new_page(), list[str]()
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


def test_riley_finds_reads_and_approves_with_keys_alone(
    riley: Page, live_server: LiveServer, three: list[ChangeRequest]
) -> None:
    riley.goto(f"{live_server.url}/changes/")
    expect(riley.locator(".change__what")).to_have_count(3)

    riley.keyboard.press("j")
    riley.keyboard.press("j")
    riley.keyboard.press("j")
    riley.keyboard.press("k")
    expect(riley.locator(".change__what").nth(1)).to_be_focused()
    riley.keyboard.press("a")

    expect(riley.get_by_role("heading", level=1)).to_contain_text("Changes route r1")
    button = riley.get_by_role("button", name="Approve revision 1")
    expect(button).to_be_focused()
    expect(button).to_be_in_viewport()
    assert not Review.objects.exists(), "a key alone must not decide"

    riley.keyboard.press("Enter")

    expect(riley.locator("[data-state=approved]")).to_be_visible()
    three[1].refresh_from_db()
    assert three[1].state == State.APPROVED


def test_help_opens_by_its_key_is_for_everybody_and_switches_keys_off(
    riley: Page, live_server: LiveServer, three: list[ChangeRequest]
) -> None:
    riley.goto(f"{live_server.url}/changes/")
    riley.keyboard.press("?")
    dialog = riley.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    assert violations(riley) == []
    # What is behind it is out of reach.
    riley.keyboard.press("j")
    expect(dialog.locator(":focus")).to_have_count(1)

    dialog.get_by_role("checkbox").uncheck()
    riley.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    riley.keyboard.press("j")
    riley.keyboard.press("/")
    expect(riley.locator("main :focus:not(.keys *)")).to_have_count(0)

    riley.reload()
    riley.keyboard.press("?")
    expect(dialog).to_be_hidden()
    riley.get_by_role("button", name="Keys").click()
    dialog.get_by_role("checkbox").check()
    riley.keyboard.press("Escape")
    riley.keyboard.press("/")
    expect(riley.get_by_label("Search")).to_be_focused()
    riley.keyboard.type("jka?")
    expect(riley.get_by_label("Search")).to_have_value("jka?")


@pytest.mark.parametrize("width", [1280, 360])
def test_several_are_chosen_read_and_approved(
    riley: Page, live_server: LiveServer, three: list[ChangeRequest], width: int
) -> None:
    riley.set_viewport_size({"width": width, "height": 900})
    riley.goto(f"{live_server.url}/changes/?state=waiting")
    for change in three[:2]:
        riley.get_by_label(f"Choose #{change.number}", exact=True).check()
    assert violations(riley) == []
    riley.get_by_role("button", name="Read the chosen together").click()

    expect(riley.get_by_role("heading", level=1)).to_contain_text("2 changes")
    assert violations(riley) == []
    riley.get_by_role("button", name="Approve 2 changes").click()

    expect(riley.get_by_text(f"You approved #{three[0].number}.")).to_be_visible()
    expect(riley.locator(".change__what")).to_have_count(1)
    assert Review.objects.count() == 2


def test_json_is_one_press_away_and_may_stand_inline(
    riley: Page, live_server: LiveServer, three: list[ChangeRequest]
) -> None:
    riley.goto(f"{live_server.url}{three[0].get_absolute_url()}")
    riley.get_by_text("JSON, line by line").click()
    before = riley.locator(".sides-view .sides__lines:not(.sides__again)").first
    after = riley.locator(".sides-view .sides__lines--after").first

    def left(locator: object) -> float:
        box = locator.bounding_box()  # type: ignore[attr-defined]
        assert box
        return float(box["x"])

    assert left(after) > left(before)
    assert violations(riley) == []
    riley.get_by_label("Inline, not side by side").check()
    assert left(after) == left(before)


def test_a_quote_joins_what_is_typed_already(
    riley: Page, live_server: LiveServer, three: list[ChangeRequest], people: Cast
) -> None:
    make_comment(three[0], people.omar, "Is it open?\nReally?")
    riley.goto(f"{live_server.url}{three[0].get_absolute_url()}")
    riley.wait_for_load_state("load")
    box = riley.get_by_label("Say something")
    box.fill("Hm.")

    riley.get_by_role("link", name="Quote omar").press("Enter")

    expect(box).to_have_value("Hm.\n\n> Is it open?\n> Really?\n\n")
    expect(box).to_be_focused()
    riley.get_by_role("button", name="Comment").click()
    expect(riley.locator(".quote--cited")).to_have_text("Is it open?\nReally?")
