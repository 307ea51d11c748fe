"""Webhooks that a test's own receiver listens to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from gateway.models import Gateway
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.webhooks.listening import make_webhook
from portal.webhooks.models import Webhook
from tests.actors import present, program
from tests.factories import Cast, make_cast, make_change, make_gateway

SUBMITTED = Event.CHANGE_SUBMITTED


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def listen(people: Cast, settings: Any) -> Callable[..., Webhook]:
    """Make a webhook of all gateways, as the administrator does."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]

    def make(address: str = "https://hooks.example.com/in", **fields: Any) -> Webhook:
        values = {
            "actor": present(people.admin),
            "gateway": None,
            "name": "Team chat",
            "form": "standard",
            "events": [SUBMITTED],
        } | fields
        webhook, _ = make_webhook(address=address, **values)
        return webhook

    return make


@pytest.fixture
def happens(people: Cast) -> Callable[..., None]:
    """Have something recorded of a new change of alice's."""

    def write(*events: Event, slug: str = "default", **details: Any) -> None:
        gateway = Gateway.objects.filter(slug=slug).first() or make_gateway(slug)
        change = make_change(gateway=gateway, author=people.alice)
        with transaction.atomic():
            record(
                *[Entry(event, details) for event in events or (SUBMITTED,)],
                actor=program(people.alice),
                subject=change,
            )

    return write
