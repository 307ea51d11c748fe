"""A conflicted change on its page: three columns, a choice for each collision, Rebase."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.changes.conftest import Desk, conference, desk
from tests.changes.delivering import approved, creates, updates
from tests.web.conftest import sign_in

__all__ = ["desk"]

PASSWORD = "the-secret-of-the-cache"


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def overtaken(desk: Desk, **theirs: Any) -> ChangeRequest:
    """A change of alice's whose description somebody else wrote past this desk."""
    desk.sandbox.put("route", "conference", conference())
    change = approved(desk, updates("route", "conference", desc="Ours"))
    desk.sandbox.put("route", "conference", conference(**theirs))
    desk.deliver(change)
    assert change.state == State.CONFLICTED
    return change


def cells(page: str) -> list[str]:
    """The words of the collisions' cells, row by row."""
    table = re.search(r'<table class="diff diff--sides">.*?</table>', page, re.DOTALL)
    found = re.findall(
        r"<t[hd] (?:scope=\"row\"|data-label).*?</t[hd]>",
        table[0] if table else "",
        re.DOTALL,
    )
    return [
        " ".join(re.sub(r"<label.*?</label>|<.*?>", " ", one, flags=re.DOTALL).split())
        for one in found
    ]


def test_the_page_shows_what_was_what_is_wanted_and_what_is_live(
    desk: Desk, alice: Client
) -> None:
    change = overtaken(desk, desc="Theirs")

    page = alice.get(change.get_absolute_url()).content.decode()

    assert cells(page) == ["desc", "not there", "Theirs", "Ours"]
    assert "was changed meanwhile, in part where this change does" in page
    for side in ("mine", "theirs"):
        assert f'name="choice:items.0.desc" value="{side}" required' in page
    assert re.search(r"<button[^>]*>Rebase</button>", page)


def test_others_see_it_without_the_controls(desk: Desk) -> None:
    change = overtaken(desk, desc="Theirs")

    for address in ("", "rebase/"):
        page = (
            sign_in(desk.people.riley)
            .get(f"{change.get_absolute_url()}{address}")
            .content.decode()
        )
        assert cells(page) == ["desc", "not there", "Theirs", "Ours"]
        assert "choice:" not in page
        assert not re.search(r"<button[^>]*>Rebase</button>", page)
    assert "alice asked for this change and can rebase it." in page


def test_what_moved_is_told_by_fields_and_whole_documents_come_on_demand(
    desk: Desk, alice: Client
) -> None:
    change = overtaken(desk, desc="Theirs", methods=["GET"])
    page = alice.get(change.get_absolute_url()).content.decode()
    assert "Asked from → live now" in page
    conflict = page[page.index('id="conflict"') : page.index('id="delivery"')]
    assert '"upstream"' not in html.unescape(conflict)
    address = f"/changes/{change.number}/rebase/1/"
    assert f'hx-get="{address}"' in page

    whole = alice.get(address).content.decode()
    part = alice.get(address, headers={"HX-Request": "true"}).content.decode()

    for answer in (whole, part):
        told = html.unescape(answer)
        for words in ('"desc": "Ours"', '"desc": "Theirs"', '"upstream"'):
            assert words in told
    assert "<html" not in part
    assert alice.get(f"/changes/{change.number}/rebase/2/").status_code == 404


def test_what_was_created_meanwhile_is_held_against_what_is_asked_for(
    desk: Desk, alice: Client
) -> None:
    change = approved(desk, creates("route", "r", **conference(desc="Ours")))
    desk.sandbox.put("route", "r", conference(desc="Theirs"))
    desk.deliver(change)
    assert change.state == State.CONFLICTED

    page = alice.get(change.get_absolute_url()).content.decode()

    assert "Yours → live now" in page
    assert cells(page) == [
        "the whole document",
        "not there",
        "a document",
        "a document",
    ]
    assert ">Ours</del>" in page
    assert ">Theirs</ins>" in page


def test_the_author_chooses_and_the_change_is_in_review_again(
    desk: Desk, alice: Client
) -> None:
    change = overtaken(desk, desc="Theirs")
    address = f"{change.get_absolute_url()}rebase/"

    undecided = alice.post(address)
    assert undecided.status_code == 409
    assert "Choose for each whose value stands" in undecided.content.decode()
    wrong = alice.post(address, {"choice:items.0.desc": "both"})
    assert wrong.status_code == 400

    done = alice.post(address, {"choice:items.0.desc": "mine"}, follow=True)

    assert done.redirect_chain == [(change.get_absolute_url(), 302)]
    page = done.content.decode()
    assert "Revision 2 builds on what is live now." in page
    assert "In review" in page
    assert "diff--sides" not in page
    assert change.latest_revision().items.get().wanted["desc"] == "Ours"


def test_what_was_chosen_stands_when_it_is_refused(desk: Desk, alice: Client) -> None:
    change = overtaken(desk, desc="Theirs", methods=["GET"])

    page = alice.post(
        f"{change.get_absolute_url()}rebase/",
        {"choice:items.0.desc": "theirs", "choice:items.0.uri": "mine"},
    ).content.decode()

    assert re.search(
        r'name="choice:items.0.desc" value="theirs" required checked', page
    )
    assert "Nothing collides there now" in page


def test_a_change_in_review_is_rebased_from_a_page_of_its_own(
    desk: Desk, alice: Client
) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = desk.ask(updates("route", "conference", desc="Ours"))
    address = f"{change.get_absolute_url()}rebase/"

    assert address in alice.get(change.get_absolute_url()).content.decode()
    page = alice.get(address).content.decode()
    assert "there is nothing to rebase" in page
    assert not re.search(r"<button[^>]*>Rebase</button>", page)

    desk.sandbox.put("route", "conference", conference(methods=["GET"]))
    page = alice.get(address).content.decode()
    assert "both changes go together" in page
    assert alice.post(address).status_code == 302
    assert change.latest_revision().number == 2


def test_a_change_that_is_over_has_no_such_page(desk: Desk, alice: Client) -> None:
    change = desk.create()
    ChangeRequest.objects.update(state=State.APPLIED)

    answer = alice.get(f"{change.get_absolute_url()}rebase/")

    assert answer.status_code == 409
    assert "is applied" in answer.content.decode()


def test_secrets_stay_redacted_and_words_from_outside_are_data(
    desk: Desk, alice: Client
) -> None:
    change = overtaken(
        desk,
        desc="<script>alert(1)</script>\u202e",
        plugins={
            "limit-count": {
                "count": 2,
                "time_window": 60,
                "policy": "redis",
                "redis_host": "10.0.0.5",
                "redis_password": PASSWORD,
            }
        },
    )

    page = alice.get(change.get_absolute_url()).content.decode()

    assert "redacted:" in page
    assert PASSWORD not in page
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_the_page_opens_when_the_gateway_is_down(desk: Desk, alice: Client) -> None:
    change = overtaken(desk, desc="Theirs")
    desk.sandbox.stop()

    page = alice.get(change.get_absolute_url())

    assert page.status_code == 200
    assert "It cannot be told now" in page.content.decode()
