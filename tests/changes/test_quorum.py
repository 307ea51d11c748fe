"""Which approvals count; what none stands behind delivers and moves nothing."""

import pytest
from django.utils import timezone

from portal.accounts.errors import NotAllowed
from portal.accounts.models import Membership
from portal.audit.models import AuditEvent
from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest, Delivery
from portal.changes.quorum import standing
from portal.changes.review import approve
from portal.changes.states import State
from tests.actors import present
from tests.changes.conftest import Desk
from tests.factories import Cast

pytestmark = pytest.mark.django_db


def test_an_approval_of_a_demoted_reviewer_does_not_count(
    change: ChangeRequest, people: Cast
) -> None:
    change.gateway.approvals_required = 2
    change.gateway.save()
    approve(change.latest_revision(), actor=present(people.riley))
    Membership.objects.filter(person=people.riley).delete()

    approve(change.latest_revision(), actor=present(people.omar))

    change.refresh_from_db()
    assert change.state == State.IN_REVIEW
    assert standing(change).given == 1


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


def test_what_was_approved_for_one_address_is_not_written_to_another(
    desk: Desk,
) -> None:
    change = desk.create()
    desk.approve(change)
    gateway = desk.gateway
    gateway.admin_url = desk.sandbox.admin_url.replace("127.0.0.1", "localhost")
    gateway.set_admin_key(desk.sandbox.key)
    gateway.save()

    desk.deliver(change)

    assert change.state == State.FAILED
    assert "the gateway's address" in Delivery.objects.get().outcome
    assert desk.writes() == []


def test_nothing_is_decided_for_or_written_to_a_retired_gateway(desk: Desk) -> None:
    approved, waiting = desk.create("one"), desk.create("two")
    desk.approve(approved)
    type(desk.gateway).objects.update(retired_at=timezone.now())

    with pytest.raises(NotAllowed):
        desk.approve(waiting)
    desk.deliver(approved)

    assert approved.state == State.FAILED
    assert desk.writes() == []
