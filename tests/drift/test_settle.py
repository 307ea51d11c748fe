"""What stands on a gateway is closed once the gateway is retired."""

from portal.audit.models import AuditEvent
from portal.changes.retire import retire_gateway
from portal.drift.models import Drift, DriftState
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
