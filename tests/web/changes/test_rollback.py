"""Undoing an applied change from its page."""

import re

import pytest
from django.test import Client

from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import creates, route, updates, upstream
from tests.web.conftest import sign_in

__all__ = ["desk"]


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def address(change: ChangeRequest) -> str:
    return f"{change.get_absolute_url()}rollback/"


def has_button(page: str) -> bool:
    return bool(re.search(r"<button[^>]*>(?:<svg.*?</svg>)? ?Roll back</button>", page))


def test_the_page_of_an_applied_change_leads_to_its_rollback(
    desk: Desk, alice: Client
) -> None:
    change = desk.applied(route("one"))

    assert address(change) in alice.get(change.get_absolute_url()).content.decode()
    page = alice.get(address(change)).content.decode()

    assert "Deletes route conference (one)" in page
    assert has_button(page)
    assert not change.reverted_by.exists()


def test_it_is_filed_and_both_pages_name_one_another(desk: Desk, alice: Client) -> None:
    change = desk.applied(route("one"))
    seen = alice.get(change.get_absolute_url()).context["seen"]

    answer = alice.post(address(change), {"reason": "It fails."}, follow=True)

    filed = change.reverted_by.get()
    news = alice.get(
        f"{change.get_absolute_url()}?seen={seen}", headers={"HX-Request": "true"}
    )
    assert news.status_code == 200
    assert "Undo it" not in news.content.decode()
    assert answer.redirect_chain == [(filed.get_absolute_url(), 302)]
    theirs = answer.content.decode()
    assert f'rolls back <a href="{change.get_absolute_url()}">' in theirs
    page = alice.get(change.get_absolute_url()).content.decode()
    assert f'rollback asked by <a href="{filed.get_absolute_url()}">' in page
    assert "(in review)" in page

    desk.approve(filed)
    desk.deliver(filed)
    page = alice.get(change.get_absolute_url()).content.decode()
    assert f'rolled back by <a href="{filed.get_absolute_url()}">' in page


def test_without_a_reason_it_is_refused_and_shown_again(
    desk: Desk, alice: Client
) -> None:
    change = desk.applied(route("one"))

    answer = alice.post(address(change), {"reason": " "})

    assert answer.status_code == 400
    page = answer.content.decode()
    assert "Say why" in page
    assert has_button(page)
    assert not change.reverted_by.exists()


def test_what_cannot_be_undone_says_why_and_offers_nothing(
    desk: Desk, alice: Client
) -> None:
    change = desk.applied(route("one"))
    later = desk.applied(updates("route", "one", desc="Later"))

    answer = alice.get(address(change))

    assert answer.status_code == 409
    page = answer.content.decode()
    assert f"was changed since by #{later.number}" in page
    assert f'href="/gateways/{desk.gateway.slug}/drift/"' in page
    assert not has_button(page)


def test_blockers_are_shown_before_and_after_it_is_sent(
    desk: Desk, alice: Client
) -> None:
    change = desk.applied(creates("upstream", "speakers", **upstream()))
    desk.sandbox.put(
        "route", "one", {"name": "One", "uri": "/one", "upstream_id": "speakers"}
    )

    assert "It cannot be sent as it is" in alice.get(address(change)).content.decode()
    answer = alice.post(address(change), {"reason": "It fails."})

    assert answer.status_code == 422
    assert "It fails." in answer.content.decode()


def test_who_may_not_ask_sees_it_without_the_controls(desk: Desk) -> None:
    change = desk.applied(route("one"))
    audrey = sign_in(desk.people.audrey)

    assert address(change) not in audrey.get(change.get_absolute_url()).content.decode()
    answer = audrey.get(address(change))

    assert answer.status_code == 200
    assert not has_button(answer.content.decode())
    assert audrey.post(address(change), {"reason": "No."}).status_code == 403


def test_a_change_that_is_not_applied_has_nothing_to_undo(
    desk: Desk, alice: Client
) -> None:
    change = desk.create()
    assert change.state == State.IN_REVIEW

    assert address(change) not in alice.get(change.get_absolute_url()).content.decode()
    assert alice.get(address(change)).status_code == 409
