"""Cancelling and retrying: operators only, and only what waits for it."""

import pytest

from portal.accounts.errors import NotAllowed, NotPresent
from portal.audit.models import AuditEvent
from portal.changes.errors import WrongState
from portal.changes.models import ChangeRequest, Delivery
from portal.changes.operate import cancel, retry
from portal.changes.review import approve
from portal.changes.states import State
from tests.actors import present, program
from tests.changes.conftest import refused
from tests.factories import Cast, make_change, make_gateway


def test_an_operator_cancels_before_delivery(
    change: ChangeRequest, people: Cast
) -> None:
    approve(change.latest_revision(), actor=present(people.riley))

    cancel(change, actor=present(people.omar), comment="Not today.")

    change.refresh_from_db()
    assert change.state == State.WITHDRAWN
    assert Delivery.objects.get().state == "cancelled"
    assert AuditEvent.objects.order_by("-number")[0].details["comment"] == "Not today."


def test_neither_reviewer_nor_program_operates(people: Cast) -> None:
    change = make_change(
        gateway=make_gateway(), author=people.alice, state=State.APPROVED
    )
    failed = make_change(
        gateway=change.gateway, author=people.alice, state=State.FAILED
    )

    refused(NotAllowed, lambda: cancel(change, actor=present(people.riley)))
    refused(NotPresent, lambda: cancel(change, actor=program(people.omar)))
    refused(NotAllowed, lambda: retry(failed, actor=present(people.riley)))
    refused(NotPresent, lambda: retry(failed, actor=program(people.omar)))


@pytest.mark.parametrize("state", [s for s in State if s is not State.APPROVED])
def test_only_an_approved_change_is_cancelled(people: Cast, state: State) -> None:
    change = make_change(gateway=make_gateway(), author=people.alice, state=state)

    refused(WrongState, lambda: cancel(change, actor=present(people.omar)))
