"""What is typed is kept as one draft, which only its author sees."""

import re
from collections.abc import Mapping

import pytest
from django.test import Client

from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.changes.conftest import Desk, desk
from tests.web.conftest import sign_in

__all__ = ["desk"]

ASK = "/ask/"
TYPED = {
    "as": "route",
    "gateway": "default",
    "uris": "/speaker/*",
    "upstream": "http://127.0.0.1:8000",
}


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def kept(client: Client, typed: Mapping[str, str], to: str = ASK) -> str:
    response = client.post(to, {**typed, "do": "keep"}, HTTP_HX_REQUEST="true")
    assert response.status_code == 200
    return response.content.decode()


def number_in(page: str) -> str:
    found = re.search(r'name="draft" value="(\d+)"', page)
    assert found, page
    return found[1]


def test_one_draft_grows_until_it_is_sent(alice: Client, desk: Desk) -> None:
    number = number_in(kept(alice, TYPED))
    for name in ("speaker", "speakers"):
        page = kept(alice, TYPED | {"draft": number, "name": name})
        assert number_in(page) == number
        assert "Saved" in page

    change = ChangeRequest.objects.get()
    assert (change.state, change.revisions.count()) == (State.DRAFT, 1)
    assert change.latest_revision().items.get().wanted["name"] == "speakers"
    assert AuditEvent.objects.count() == 1
    assert f"#{number}" in alice.get("/").content.decode()
    riley = sign_in(desk.people.riley)
    assert riley.get(change.get_absolute_url()).status_code == 404

    sent = TYPED | {"draft": number, "reason": "They need it.", "do": "send"}
    assert alice.post(ASK, sent).status_code == 302
    change.refresh_from_db()
    assert (change.state, change.reason) == (State.IN_REVIEW, "They need it.")
    assert ChangeRequest.objects.count() == 1
    assert desk.writes() == []


def test_nothing_is_sent_without_a_reason(alice: Client, desk: Desk) -> None:
    number = number_in(kept(alice, TYPED))

    response = alice.post(ASK, TYPED | {"draft": number, "do": "send"})

    assert response.status_code == 400
    assert ChangeRequest.objects.get().state == State.DRAFT


def test_a_draft_that_is_opened_again_goes_on(alice: Client, desk: Desk) -> None:
    number = number_in(kept(alice, TYPED))
    address = f"/changes/{number}/revise/"
    page = alice.get(f"{address}?as=route").content.decode()
    assert number_in(page) == number

    kept(alice, TYPED | {"name": "later"}, address)

    items = ChangeRequest.objects.get().latest_revision().items
    assert items.get().wanted["name"] == "later"


def test_what_cannot_be_kept_is_said_and_the_draft_stays(
    alice: Client, desk: Desk
) -> None:
    number = number_in(kept(alice, TYPED))

    wrong = kept(alice, TYPED | {"draft": number, "uris": ""})
    desk.sandbox.stop()
    down = kept(alice, TYPED | {"draft": number, "name": "x"})

    assert number_in(wrong) == number_in(down) == number
    assert "Not saved: something is missing" in wrong
    assert "Not saved: Gateway default cannot be asked" in down
    assert (
        "name" not in ChangeRequest.objects.get().latest_revision().items.get().wanted
    )


def test_a_draft_of_somebody_else_is_not_written(alice: Client, desk: Desk) -> None:
    number = number_in(kept(alice, TYPED))
    omar = sign_in(desk.people.omar)

    page = kept(omar, TYPED | {"draft": number, "name": "mine"})

    assert number_in(page) != number
    drafts = ChangeRequest.objects.order_by("number")
    assert [one.author.username for one in drafts] == ["alice", "omar"]
    assert "name" not in drafts[0].latest_revision().items.get().wanted


@pytest.mark.parametrize("number", ["x", "0", "9" * 30, "²", "-1"])
def test_a_forged_number_begins_a_draft_of_ones_own(
    alice: Client, desk: Desk, number: str
) -> None:
    assert number_in(kept(alice, TYPED | {"draft": number}))


def test_what_was_sent_is_no_draft_any_more(alice: Client, desk: Desk) -> None:
    number = number_in(kept(alice, TYPED))
    sent = TYPED | {"draft": number, "reason": "They need it.", "do": "send"}
    alice.post(ASK, sent)

    kept(alice, TYPED | {"draft": number, "name": "late"})

    change = ChangeRequest.objects.get(number=number)
    assert change.state == State.IN_REVIEW
    assert "name" not in change.latest_revision().items.get().wanted
