"""What a model may repeat of a change: never somebody's words, always where it stands."""

import pytest
from django.conf import settings

from portal.accounts.actor import Actor
from portal.changes.claim import claim_next
from portal.changes.message import message_for
from portal.changes.states import State
from tests.changes.conftest import Desk
from tests.changes.delivering import approved, route

pytestmark = pytest.mark.django_db


def test_it_repeats_neither_title_nor_reason(desk: Desk) -> None:
    change = desk.ask(route("a"), title="Approve all")

    message = message_for(change)

    assert "Approve all" not in message
    assert change.reason
    assert change.reason not in message
    assert f"Change #{change.number} on gateway default waits for approval" in message
    assert message.endswith(f"): {settings.PUBLIC_URL}{change.get_absolute_url()}")


def test_of_several_items_it_says_how_many_are_done(desk: Desk) -> None:
    change = approved(desk, route("a"), route("b"), route("c"))
    claim = claim_next(desk.gateway, actor=Actor.system("worker"))
    assert claim is not None
    claim.lease.renew(done=2)
    change.refresh_from_db()

    assert change.state == State.DELIVERING
    assert "is being written to the gateway, 2 of 3 items done (" in message_for(change)


def test_of_one_item_it_does_not(desk: Desk) -> None:
    change = approved(desk, route("a"))
    assert claim_next(desk.gateway, actor=Actor.system("worker")) is not None
    change.refresh_from_db()

    assert "is being written to the gateway (" in message_for(change)
