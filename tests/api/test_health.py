"""Alive, ready, and figures for those who may have them."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from portal.audit import triggers
from portal.changes.models import DeliveryState
from portal.changes.states import State
from portal.drift.models import DriftState
from tests.factories import Cast, make_change, make_delivery, make_drift, make_gateway
from tests.servers.valkey import ValkeyServer


def test_alive_asks_for_nothing(client: Client) -> None:
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.content == b"ok\n"


@pytest.fixture
def ready(db: None, valkey: ValkeyServer) -> Client:
    return Client()


@pytest.mark.valkey
def test_ready_when_everything_is_there(ready: Client) -> None:
    response = ready.get("/readyz")

    assert response.json() == {
        "ready": True,
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "audit_triggers": "ok",
            "audit_chain": "ok",
            "broker": "ok",
        },
    }
    assert response.status_code == 200


@pytest.mark.valkey
def test_not_ready_while_a_migration_is_missing(ready: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="changes").delete()

    response = ready.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["migrations"].endswith("to run")


@pytest.mark.valkey
def test_not_ready_without_the_audit_triggers(ready: Client) -> None:
    triggers.drop(connection)
    try:
        response = ready.get("/readyz")
    finally:
        triggers.create(connection)

    assert response.status_code == 503
    assert "audit_event_no_update" in response.json()["checks"]["audit_triggers"]


def test_not_ready_without_the_broker(db: None, client: Client, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://someone:secret@127.0.0.1:1/0"

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["broker"] == "does not answer"
    assert "secret" not in response.content.decode()


def figures(client: Client) -> dict[str, float]:
    response = client.get("/metrics")
    assert response.status_code == 200
    lines = [
        line.rpartition(" ")
        for line in response.content.decode().splitlines()
        if not line.startswith("#")
    ]
    return {name: float(value) for name, _, value in lines}


def test_figures_tell_what_waits_and_who_is_well(people: Cast, client: Client) -> None:
    well = make_gateway("east")
    make_gateway("west", trouble="refused")
    make_gateway("gone", retired_at=timezone.now())
    make_change(gateway=well, author=people.alice)
    moving = make_change(gateway=well, author=people.alice, state=State.APPROVED)
    make_delivery(moving, state=DeliveryState.PENDING)
    make_delivery(make_change(gateway=well, author=people.alice, state=State.APPLIED))
    make_drift(well)
    make_drift(well)
    make_drift(well, state=DriftState.IGNORED)

    told = figures(client)

    assert told['gatehouse_changes{state="in_review"}'] == 1
    assert told['gatehouse_changes{state="applied"}'] == 1
    assert told['gatehouse_changes{state="failed"}'] == 0
    assert told["gatehouse_deliveries_unfinished"] == 1
    assert told["gatehouse_delivery_oldest_seconds"] >= 1
    assert told['gatehouse_gateway_well{gateway="east"}'] == 1
    assert told['gatehouse_gateway_well{gateway="west"}'] == 0
    assert 'gatehouse_gateway_well{gateway="gone"}' not in told
    assert told['gatehouse_drift_open{gateway="east"}'] == 2
    assert told['gatehouse_drift_open{gateway="west"}'] == 0
    assert told['gatehouse_mirror_age_seconds{gateway="east"}'] >= 0


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.0.0.1"}, 401),
        ({"REMOTE_ADDR": ""}, 401),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 401),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=10.0.0.1"}, 401),
    ],
)
def test_without_a_token_figures_are_for_this_machine(
    environ: dict[str, str], status: int, db: None
) -> None:
    assert Client(**environ).get("/metrics").status_code == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer figures-please", 200),
        ("Bearer figures", 401),
        ("figures-please", 401),
        ("", 401),
    ],
)
def test_with_a_token_only_the_token_counts(
    header: str, status: int, db: None, settings: Any
) -> None:
    settings.METRICS_TOKEN = "figures-please"

    response = Client().get("/metrics", headers={"Authorization": header})

    assert response.status_code == status
