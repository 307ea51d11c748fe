"""A lease is not a fence: when may its holder still write, and when its successor?"""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from gateway.connect import connect
from gateway.mirror import catalogue_of
from portal.accounts.actor import Actor
from portal.changes.claim import Claim, claim_next
from portal.changes.deliver import deliver
from portal.changes.lease import Lease, LeaseLost, margin
from portal.changes.models import Delivery, Item
from portal.changes.states import State
from portal.changes.steps import Requests
from tests.changes.conftest import Desk
from tests.changes.delivering import (
    approved,
    delivery_of,
    events_of,
    route,
    sent,
    steps_of,
    time_passes,
)
from tests.waiting import eventually

pytestmark = pytest.mark.django_db


@pytest.fixture
def claim(desk: Desk) -> Claim:
    """A delivery that a worker has just taken."""
    approved(desk, route("a"))
    found = claim_next(desk.gateway, actor=Actor.system("worker"))
    assert found is not None
    return found


def taken_away() -> None:
    Delivery.objects.update(lease_token=uuid.uuid4())


class TestRenewing:
    def test_it_lives_longer_and_the_row_says_so(self, claim: Claim) -> None:
        before = Delivery.objects.get().lease_expires_at

        claim.lease.renew(wrote=True)

        delivery = Delivery.objects.get()
        assert delivery.wrote
        assert delivery.lease_expires_at is not None
        assert before is not None
        assert delivery.lease_expires_at > before

    def test_somebody_elses_cannot_be_renewed(self, claim: Claim) -> None:
        taken_away()

        with pytest.raises(LeaseLost):
            claim.lease.renew(wrote=True)

        assert not Delivery.objects.get().wrote

    def test_an_ended_delivery_cannot_be_renewed(self, claim: Claim) -> None:
        Delivery.objects.update(state="failed")

        with pytest.raises(LeaseLost):
            claim.lease.renew()

    def test_one_that_nobody_took_yet_is_renewed_though_it_expired(
        self, claim: Claim
    ) -> None:
        Delivery.objects.update(lease_expires_at=timezone.now() - timedelta(hours=1))

        claim.lease.renew()

        expires = Delivery.objects.get().lease_expires_at
        assert expires is not None
        assert expires > timezone.now()


class TestTimeForARequest:
    """By this process's own steady clock: the time of day may jump, we may freeze."""

    def test_a_fresh_lease_has_it(self, claim: Claim) -> None:
        claim.lease.require_time_for_a_request()

    @pytest.mark.parametrize(("ago", "may"), [(17, True), (19, False), (31, False)])
    def test_it_must_outlive_the_deadline_and_two_seconds(
        self, settings: Settings, ago: float, may: bool
    ) -> None:
        settings.DELIVERY_LEASE, settings.GATEWAY_REQUEST_DEADLINE = 30.0, 10.0
        lease = Lease(1, uuid.uuid4(), granted=time.monotonic() - ago)

        if may:
            lease.require_time_for_a_request()
        else:
            with pytest.raises(LeaseLost):
                lease.require_time_for_a_request()

    def test_a_short_lease_keeps_half_of_what_is_spare(
        self, settings: Settings
    ) -> None:
        settings.DELIVERY_LEASE, settings.GATEWAY_REQUEST_DEADLINE = 3.0, 1.0

        assert margin() == 1.0

    def test_what_is_not_sent_any_more_is_recorded_as_not_sent(
        self, desk: Desk, settings: Settings
    ) -> None:
        settings.DELIVERY_LEASE, settings.GATEWAY_REQUEST_DEADLINE = 1.0, 1.0
        change = approved(desk, route("a"))

        desk.deliver(change)

        assert desk.writes() == []
        assert steps_of(change)[-1] == ("write", "unreachable")
        # Somebody may take it over once the lease has run out.
        settings.DELIVERY_LEASE = 30.0
        time_passes(change)
        desk.deliver(change)
        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a"]


class TestReading:
    """Many reads take longer than a lease: they must keep it, and notice its loss."""

    def test_it_renews_a_lease_of_which_a_third_has_passed(
        self, desk: Desk, claim: Claim
    ) -> None:
        soon = timezone.now() + timedelta(seconds=1)
        Delivery.objects.update(lease_expires_at=soon)
        claim.lease.granted -= 0.4 * settings.DELIVERY_LEASE

        with connect(desk.gateway) as client, ThreadPoolExecutor() as threads:
            schemas = catalogue_of(desk.gateway, client)
            requests = Requests(client, claim.attempt, claim.lease, schemas, threads)
            requests.look([Item.objects.get()])

        expires = Delivery.objects.get().lease_expires_at
        assert expires is not None
        assert expires > soon

    def test_it_stops_when_the_lease_is_lost(self, desk: Desk, claim: Claim) -> None:
        taken_away()
        claim.lease.granted -= 0.4 * settings.DELIVERY_LEASE
        desk.sandbox.forget_requests()

        with connect(desk.gateway) as client, ThreadPoolExecutor() as threads:
            schemas = catalogue_of(desk.gateway, client)
            requests = Requests(client, claim.attempt, claim.lease, schemas, threads)
            with pytest.raises(LeaseLost):
                requests.look([Item.objects.get()])

        assert desk.sandbox.requests() == []


class TestSuccessors:
    def test_it_reads_after_it_has_waited_not_before(
        self, desk: Desk, settings: Settings
    ) -> None:
        """What was read before may have been changed while it waited."""
        settings.GATEWAY_REQUEST_DEADLINE = 1.0
        change = approved(desk, route("a"))
        claim_next(desk.gateway, actor=Actor.system("dead worker"))
        expired = timezone.now()
        Delivery.objects.update(lease_expires_at=expired)

        desk.deliver(change)

        assert change.state == State.APPLIED
        first = desk.sandbox.requests(path="/apisix/admin/routes/a")[0]
        assert first["time"] >= expired.timestamp() + 1.0

    @pytest.mark.django_db(transaction=True)
    def test_one_that_was_taken_over_meanwhile_says_nothing(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="slow", method="PUT", seconds=1)

        def work() -> None:
            try:
                deliver(delivery_of(change).pk)
            finally:
                connections.close_all()

        worker = threading.Thread(target=work)
        worker.start()
        eventually(desk.writes, "the write arrives")
        taken_away()
        worker.join()

        change.refresh_from_db()
        delivery = delivery_of(change)
        assert (change.state, delivery.state) == (State.DELIVERING, "sending")
        assert delivery.outcome == ""
        assert events_of(change)[-1] == "delivery.started"
        assert sent(desk) == ["PUT routes/a"]
