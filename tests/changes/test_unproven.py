"""A delivery that no approval stands behind delivers nothing and moves nothing."""

import pytest

from portal.audit.models import AuditEvent
from portal.changes.deliver import deliver
from portal.changes.models import Delivery
from portal.changes.states import State
from tests.changes.conftest import Desk

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "state", [s for s in State if s not in (State.APPROVED, State.DELIVERING)]
)
def test_a_delivery_inserted_by_hand_moves_no_change(desk: Desk, state: State) -> None:
    change = desk.create()
    type(change).objects.filter(pk=change.pk).update(state=state)
    delivery = Delivery.objects.create(
        revision=change.latest_revision(), gateway=desk.gateway
    )

    deliver(delivery.pk)

    change.refresh_from_db()
    delivery.refresh_from_db()
    assert change.state == state
    assert delivery.state == "failed"
    assert "not proved" in delivery.outcome
    assert AuditEvent.objects.filter(event="delivery.refused").exists()
    assert desk.writes() == []


def test_a_state_set_by_hand_delivers_nothing(desk: Desk) -> None:
    change = desk.create()
    type(change).objects.filter(pk=change.pk).update(state=State.APPROVED)
    delivery = Delivery.objects.create(
        revision=change.latest_revision(), gateway=desk.gateway
    )

    deliver(delivery.pk)

    change.refresh_from_db()
    assert change.state == State.FAILED
    assert "0 of 1 approvals" in Delivery.objects.get().outcome
    assert desk.writes() == []
