"""A gateway, its people and short ways through a change's life."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.audit.models import AuditEvent
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest, Delivery, Review
from portal.changes.propose import propose
from portal.changes.review import approve
from tests.actors import present
from tests.factories import (
    Cast,
    make_cast,
    make_change,
    make_gateway,
    make_live_gateway,
)
from tests.sandbox import SandboxGateway


def conference(**fields: Any) -> dict[str, Any]:
    """The route of the tour."""
    return {
        "name": "conference",
        "uri": "/speaker/*",
        "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}},
    } | fields


@dataclass
class Desk:
    """A gateway with a real sandbox behind it, and the cast."""

    gateway: Gateway
    sandbox: SandboxGateway
    people: Cast

    def asked(self, *items: ItemAsked, **fields: Any) -> ChangeAsked:
        return ChangeAsked(
            gateway=self.gateway, reason="The conference starts.", items=items, **fields
        )

    def ask(
        self, *items: ItemAsked, actor: Actor | None = None, **fields: Any
    ) -> ChangeRequest:
        """File a change as alice, by default at the portal."""
        return propose(
            self.asked(*items, **fields), actor=actor or present(self.people.alice)
        ).change

    def create(self, resource_id: str = "conference", **fields: Any) -> ChangeRequest:
        """File the creation of a route."""
        return self.ask(
            ItemAsked(
                action="create",
                kind="route",
                id=resource_id,
                document=conference(**fields),
            )
        )

    def approve(self, change: ChangeRequest) -> None:
        approve(change.latest_revision(), actor=present(self.people.riley))

    def deliver(self, change: ChangeRequest) -> ChangeRequest:
        """Do what a worker does with the delivery; return the change as it is then."""
        deliver(change.latest_revision().delivery.pk)
        change.refresh_from_db()
        return change

    def applied(self, *items: ItemAsked) -> ChangeRequest:
        """Ask, approve and deliver."""
        change = self.ask(*items)
        self.approve(change)
        return self.deliver(change)

    def live(self, resource_id: str = "conference", kind: str = "route") -> Any:
        return self.sandbox.get(kind, resource_id)

    def writes(self) -> list[Any]:
        """The write requests that the gateway received, in order."""
        return [r for r in self.sandbox.requests() if r["method"] in {"PUT", "DELETE"}]


def refused(error: type[Exception], act: Callable[[], Any]) -> None:
    """Assert that the act is refused so and that nothing at all was written."""
    before = list(ChangeRequest.objects.values())
    with pytest.raises(error):
        act()
    assert list(ChangeRequest.objects.values()) == before
    assert not Review.objects.exists()
    assert not Delivery.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def change(people: Cast) -> ChangeRequest:
    """A change of alice's in review; no gateway is asked when people decide."""
    return make_change(gateway=make_gateway(), author=people.alice)


@pytest.fixture
def desk(db: None, sandbox: SandboxGateway) -> Desk:
    """A desk with a live sandbox gateway and nobody's changes."""
    return Desk(make_live_gateway(sandbox), sandbox, make_cast())
