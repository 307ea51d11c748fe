"""What only a gateway may hold, written past us, breaks neither pages nor deliveries."""

import pytest

from gateway.mirror import refresh
from gateway.models import Gateway, Resource
from portal.changes.states import State
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import approved, delivery_of, fronted, route, updates
from tests.gateway.evil import http

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_database")]

ODD = {"desc": "a\x00b", "labels": {"x\x00y": "z"}}
SHOWN = {"desc": "a␀b", "labels": {"x␀y": "z"}}


@pytest.fixture(autouse=True)
def database(each_database: str) -> str:
    return each_database


def test_a_text_that_no_database_keeps_hides_nothing_else(desk: Desk) -> None:
    desk.sandbox.put("route", "good", conference(uri="/good"))
    desk.sandbox.put("route", "odd", conference(uri="/odd", **ODD))

    assert refresh(Gateway.objects.get())

    rows = {row.resource_id: row for row in Resource.objects.all()}
    assert sorted(rows) == ["good", "odd"]
    assert SHOWN.items() <= rows["odd"].document.items()
    assert ODD.items() <= rows["odd"].whole().items()
    # Looking again, it is as it was.
    assert refresh(Gateway.objects.get())
    assert Resource.objects.get(resource_id="odd").mark == rows["odd"].mark


def test_it_can_be_changed_and_stays_as_it_is(desk: Desk) -> None:
    desk.sandbox.put("route", "odd", conference(uri="/odd", **ODD))
    change = approved(desk, updates("route", "odd", name="new"))

    desk.deliver(change)

    assert change.state == State.APPLIED
    assert {"name": "new", **ODD}.items() <= desk.live("odd").items()


def test_what_was_shown_can_be_sent_back(desk: Desk) -> None:
    desk.sandbox.put("route", "odd", conference(uri="/odd", desc="a\x00b"))

    change = approved(desk, updates("route", "odd", desc="a␀b", name="new"))

    assert desk.deliver(change).state == State.APPLIED
    assert {"name": "new", "desc": "a\x00b"}.items() <= desk.live("odd").items()


def test_a_refusal_in_such_words_is_told(desk: Desk) -> None:
    def intercept(method: str, path: str, body: bytes) -> bytes | None:
        odd = b'{"error_msg": "bad \\u0000 thing"}'
        return http(400, odd) if method == "PUT" else None

    with fronted(desk, intercept):
        change = approved(desk, route("a"))
        desk.deliver(change)

    assert change.state == State.FAILED
    assert "bad ␀ thing" in delivery_of(change).outcome
