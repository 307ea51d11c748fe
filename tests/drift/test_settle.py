"""What stands on a gateway is closed once the gateway is retired."""

import pytest
from django.utils import timezone

from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.changes.retire import retire_gateway
from portal.drift.models import STANDING, Drift, DriftState
from portal.drift.scan import SCANNER
from portal.drift.settle import close_of_retired
from tests.actors import present
from tests.changes.conftest import Desk, desk
from tests.factories import make_drift, make_gateway

__all__ = ["desk"]


def test_a_retired_gateway_leaves_no_drift_open(desk: Desk) -> None:
    still_open = make_drift(desk.gateway)
    ignored = make_drift(desk.gateway, state=DriftState.IGNORED)
    adopted = make_drift(desk.gateway, state=DriftState.ADOPTED, reason="Ours.")
    elsewhere = make_drift(make_gateway("other"))

    retire_gateway(desk.gateway, reason="Gone.", actor=present(desk.people.admin))

    for drift in (still_open, ignored):
        drift.refresh_from_db()
        assert drift.state == DriftState.GONE
        assert drift.resolved_at is not None
        assert drift.reason == "Gateway default was retired."
    adopted.refresh_from_db()
    assert (adopted.state, adopted.reason) == (DriftState.ADOPTED, "Ours.")
    assert list(Drift.objects.open()) == [elsewhere]
    told = AuditEvent.objects.get(event="gateway.retired")
    assert told.details["drifts_closed"] == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
def test_what_stands_on_one_retired_long_ago_is_closed_once(
    each_database: str,
) -> None:
    old = make_gateway("old", retired_at=timezone.now())
    make_gateway("older", retired_at=timezone.now())
    left = [make_drift(old, state=state) for state in STANDING]
    elsewhere = make_drift(make_gateway())

    for _ in range(2):
        close_of_retired(actor=SCANNER)

    for drift in left:
        drift.refresh_from_db()
        assert (drift.state, drift.reason) == (
            DriftState.GONE,
            "Gateway old was retired.",
        )
    assert list(Drift.objects.standing()) == [elsewhere]
    told = AuditEvent.objects.get()
    assert (told.event, told.subject_type, told.gateway) == (
        "drift.closed",
        "gateway",
        "old",
    )
    assert told.details == {
        "drifts_closed": 2,
        "reason": "Gateway old was retired before.",
    }
    assert list(problems()) == []
