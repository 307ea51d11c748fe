"""A desk whose gateway was seen once: what it holds then is the baseline."""

from dataclasses import dataclass
from typing import Any

import pytest
import requests

from gateway.models import Gateway
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.drift.models import Drift
from portal.drift.scan import scan
from tests.changes.conftest import Desk
from tests.factories import make_cast, make_live_gateway
from tests.gateway.evil import http
from tests.sandbox import SandboxGateway
from tests.waiting import LONG


@dataclass
class Watched(Desk):
    """A desk that scans its gateway."""

    counting_from: int = 0

    def scan(self) -> bool:
        """Do what the worker does with a scan."""
        # Not this desk's own record of it: another thread may have that.
        is_done = scan(Gateway.objects.get(pk=self.gateway.pk))
        self.gateway = Gateway.objects.get(pk=self.gateway.pk)
        return is_done

    def outside(
        self, kind: str, resource_id: str, document: dict[str, Any] | None
    ) -> None:
        """Write past Gatehouse, or delete."""
        if document is None:
            self.sandbox.delete(kind, resource_id, force=True)
        else:
            self.sandbox.put(kind, resource_id, document)

    def ask_straight(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Ask the gateway itself, from something that stands before it."""
        answer = requests.request(
            method,
            f"{self.sandbox.admin_url}{path}",
            data=body,
            headers={"X-API-KEY": self.sandbox.key},
            timeout=LONG,
        )
        return http(answer.status_code, answer.content)

    def found(self, *states: str) -> list[tuple[str, str, str]]:
        """Return (what, kind, id) of the drifts in these states, or of the open ones."""
        drifts = Drift.objects.filter(
            gateway=self.gateway, state__in=states or ("open",)
        )
        return sorted(drifts.values_list("what", "kind", "resource_id"))

    def start_counting(self) -> None:
        """Tell only of events from now on."""
        self.counting_from = AuditEvent.objects.count()

    def events(self) -> list[str]:
        """Return what the ledger tells of drifts, in order; the chain must hold."""
        assert list(problems()) == []
        told = AuditEvent.objects.filter(
            event__startswith="drift", number__gt=self.counting_from
        )
        return [event.event for event in told.order_by("number")]


def upstream(port: int = 8000, **fields: Any) -> dict[str, Any]:
    return {"type": "roundrobin", "nodes": {f"127.0.0.1:{port}": 1}} | fields


def watched(sandbox: SandboxGateway) -> Watched:
    gateway = make_live_gateway(sandbox, mirrored_at=None, answered_at=None)
    return Watched(gateway, sandbox, make_cast())


@pytest.fixture
def desk(db: None, sandbox: SandboxGateway) -> Watched:
    return watched(sandbox)
