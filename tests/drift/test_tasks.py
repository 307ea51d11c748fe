"""What the schedule queues: each gateway in service, each in its own time."""

import json
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from gateway.models import Gateway
from portal.drift.models import Drift
from portal.drift.tasks import scan_all, scan_one
from tests.changes.conftest import conference
from tests.drift.conftest import Watched
from tests.factories import make_drift, make_gateway
from tests.servers.valkey import ValkeyServer


@pytest.mark.valkey
@pytest.mark.django_db
def test_every_gateway_in_service_is_queued_spread_over_time(
    valkey: ValkeyServer,
) -> None:
    serving = [make_gateway(f"g{number}").pk for number in range(20)]
    left = make_drift(make_gateway("old", retired_at=timezone.now()))
    before = timezone.now()

    scan_all()

    after = timezone.now()
    with valkey.client() as client:
        queued = [json.loads(one)["headers"] for one in client.lrange("celery", 0, -1)]
    assert {one["task"] for one in queued} == {"portal.drift.tasks.scan_one"}
    assert sorted(int(one["argsrepr"].strip("(,)")) for one in queued) == serving
    spread = timedelta(seconds=settings.DRIFT_SCAN_EVERY / 10)
    times = [datetime.fromisoformat(one["eta"]) for one in queued]
    assert before <= min(times) < max(times) <= after + spread
    # A worker that was away does not do them all at once when it is back.
    late = timedelta(seconds=settings.DRIFT_SCAN_EVERY)
    for one in queued:
        assert before <= datetime.fromisoformat(one["expires"]) <= after + late
    left.refresh_from_db()
    assert not left.is_standing


def test_running_one_twice_is_harmless(desk: Watched) -> None:
    desk.scan()
    desk.outside("route", "a", conference(uri="/a"))

    scan_one(desk.gateway.pk)
    scan_one(desk.gateway.pk)

    assert Drift.objects.count() == 1
    assert desk.events() == ["drift.found"]


def test_a_gateway_that_is_not_there_any_more(desk: Watched) -> None:
    scan_one(Gateway.objects.latest("pk").pk + 1)

    assert desk.sandbox.requests() == []
