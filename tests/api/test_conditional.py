"""Whoever asks again for what it has already is told so in a few bytes."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import record
from tests.api.conftest import Program, program_of
from tests.factories import Cast, make_change, make_resource

pytestmark = pytest.mark.django_db
PATHS = ("/api/routes", "/api/gateways", "/api/changes", "/api/checks")


@pytest.mark.parametrize("path", PATHS)
def test_what_did_not_change_is_304(
    gateway: Gateway, people: Cast, alice: Program, path: str
) -> None:
    with transaction.atomic():
        change = make_change(gateway=gateway, author=people.alice)
        record(Event.CHANGE_SUBMITTED, actor=Actor.system("a test"), subject=change)
    first = alice.get(path)

    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        again = alice.get(path, If_None_Match=first["ETag"])
        other = alice.get(path, If_None_Match='"other"')

    assert first.status_code == other.status_code == 200
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"] == other["ETag"]
    assert "Authorization" in first["Vary"]


def test_what_changed_comes_whole(gateway: Gateway, alice: Program) -> None:
    first = alice.get("/api/routes")
    make_resource(gateway)

    again = alice.get("/api/routes", If_None_Match=first["ETag"])

    assert again.status_code == 200
    assert len(again.json()["results"]) == 1
    assert again["ETag"] != first["ETag"]


def test_a_tag_opens_nothing(gateway: Gateway, people: Cast, alice: Program) -> None:
    """What is asked is judged first: a token that may not read gets no 304."""
    tag = alice.get("/api/routes")["ETag"]
    asks_only = program_of(people.riley, "changes:propose")

    refused = asks_only.get("/api/routes", If_None_Match=tag)

    assert refused.status_code == 403
    assert "ETag" not in refused


def test_what_is_refused_has_no_tag(gateway: Gateway, alice: Program) -> None:
    refused = alice.get("/api/changes/99")

    assert refused.status_code == 404
    assert "ETag" not in refused
    assert "ETag" not in alice.post("/api/changes/preview", {"items": []})
