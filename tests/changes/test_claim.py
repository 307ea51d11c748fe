"""Who may take a delivery: one worker, one delivery per gateway, first approved first."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.audit.ledger import problems
from portal.changes.claim import Claim, claim_next
from portal.changes.deliver import deliver
from portal.changes.errors import ChangeError
from portal.changes.models import Attempt, ChangeRequest, Delivery
from portal.changes.operate import cancel
from portal.changes.states import State
from tests.actors import present
from tests.changes.conftest import Desk
from tests.changes.delivering import (
    approved,
    delivery_of,
    events_of,
    route,
    sent,
    time_passes,
)
from tests.factories import make_live_gateway

WORKER = Actor.system("worker")


def claim(desk: Desk, gateway: Gateway | None = None) -> Claim | None:
    return claim_next(gateway or desk.gateway, actor=WORKER)


def claimed(desk: Desk) -> Claim:
    found = claim(desk)
    assert found is not None
    return found


def second_gateway(desk: Desk) -> Gateway:
    return make_live_gateway(
        desk.sandbox,
        "other",
    )


@pytest.mark.django_db
class TestOrder:
    def test_first_approved_is_first_served(self, desk: Desk) -> None:
        """Not first asked: the second change is approved before the first."""
        first, second = desk.ask(route("a")), desk.ask(route("b"))
        desk.approve(second)
        desk.approve(first)
        desk.sandbox.forget_requests()

        desk.deliver(first)

        assert sent(desk) == ["PUT routes/b", "PUT routes/a"]

    def test_a_held_gateway_is_left_alone(self, desk: Desk) -> None:
        approved(desk, route("a"))
        approved(desk, route("b"))

        assert claimed(desk).delivery.revision.items.get().resource_id == "a"
        assert claim(desk) is None

    def test_another_gateway_is_free(self, desk: Desk) -> None:
        other = Desk(second_gateway(desk), desk.sandbox, desk.people)
        approved(desk, route("a"))
        approved(other, route("b"))

        assert claim(desk) is not None
        assert claim(other) is not None

    def test_nothing_due_is_nothing_claimed(self, desk: Desk) -> None:
        assert claim(desk) is None
        change = approved(desk, route("a"))
        Delivery.objects.update(not_before=timezone.now() + timedelta(hours=1))
        assert claim(desk) is None
        assert events_of(change)[-1] == "delivery.queued"

    def test_one_left_half_done_goes_before_those_approved_earlier(
        self, desk: Desk
    ) -> None:
        """The first gave the gateway up; the second took it, wrote, and its worker died.

        Only who takes the second over frees the gateway, though the first is older.
        """
        first, second = approved(desk, route("a")), approved(desk, route("b"))
        desk.sandbox.misbehave(do="status", method="GET", path="/routes/a$")
        deliver(delivery_of(first).pk)
        Delivery.objects.filter(pk=delivery_of(second).pk).update(
            state="sending",
            wrote=True,
            lease_token="0" * 32,
            lease_expires_at=timezone.now() - timedelta(minutes=1),
        )
        ChangeRequest.objects.filter(pk=second.pk).update(state=State.DELIVERING)
        time_passes(first)
        desk.sandbox.behave()

        desk.deliver(first)

        second.refresh_from_db()
        assert (first.state, second.state) == (State.APPLIED, State.APPLIED)

    def test_the_database_keeps_it_to_one_per_gateway(self, desk: Desk) -> None:
        one, two = approved(desk, route("a")), approved(desk, route("b"))
        Delivery.objects.filter(pk=delivery_of(one).pk).update(state="sending")

        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.filter(pk=delivery_of(two).pk).update(state="sending")


@pytest.mark.django_db
class TestTakingOver:
    def test_a_living_lease_is_respected(self, desk: Desk) -> None:
        approved(desk, route("a"))
        claimed(desk)

        assert claim(desk) is None

    def test_an_expired_lease_is_taken_over_and_recorded(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        before = claimed(desk)
        time_passes(change)

        after = claimed(desk)

        assert after.delivery == before.delivery
        assert after.lease.token != before.lease.token
        assert after.attempt.number == 2
        old = Attempt.objects.get(number=1)
        assert old.finished_at is not None
        assert old.outcome == "The worker stopped answering."
        assert events_of(change)[-2:] == ["delivery.started", "delivery.taken_over"]

    def test_a_successor_waits_until_its_predecessors_requests_have_ended(
        self, desk: Desk, settings: Settings
    ) -> None:
        settings.GATEWAY_REQUEST_DEADLINE = 10.0
        approved(desk, route("a"))
        claimed(desk)
        expired = timezone.now() - timedelta(seconds=1)
        Delivery.objects.update(lease_expires_at=expired)

        assert claimed(desk).lease.quiet_from == expired + timedelta(seconds=10)

    def test_a_first_claim_and_a_retry_wait_for_nobody(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        assert claimed(desk).lease.quiet_from is None
        # As a postponed one that has written something looks.
        Delivery.objects.update(lease_token=None, lease_expires_at=None, wrote=True)

        assert claimed(desk).lease.quiet_from is None
        assert "delivery.taken_over" not in events_of(change)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestRaces:
    """Real threads, each with a connection of its own."""

    def race(self, *works: Any) -> list[Any]:
        def run(work: Any) -> Any:
            try:
                return work()
            except ChangeError as error:
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(run, works))

    @pytest.fixture(autouse=True)
    def database(self, each_database: str) -> str:
        return each_database

    def test_of_many_workers_one_claims(self, desk: Desk) -> None:
        approved(desk, route("a"))

        found = self.race(*[lambda: claim(desk)] * 6)

        assert len([one for one in found if one]) == 1
        assert Attempt.objects.count() == 1

    def test_many_workers_deliver_each_change_once(self, desk: Desk) -> None:
        changes = [approved(desk, route(f"r{n}")) for n in range(6)]
        desk.sandbox.forget_requests()

        deliveries = Delivery.objects.values_list("pk", flat=True)
        self.race(*[partial(deliver, pk) for pk in deliveries])
        deliver(deliveries[0])  # what a race left to the sweep

        assert {ChangeRequest.objects.get(pk=c.pk).state for c in changes} == {
            State.APPLIED
        }
        assert sent(desk) == [f"PUT routes/r{n}" for n in range(6)]
        assert list(problems()) == []

    def test_two_gateways_are_delivered_side_by_side(self, desk: Desk) -> None:
        """Each waits for the other's answer: one after the other, neither would end."""
        other = Desk(second_gateway(desk), desk.sandbox, desk.people)
        first, second = approved(desk, route("a")), approved(other, route("b"))
        desk.sandbox.misbehave(do="slow", method="PUT", seconds=1)

        self.race(
            lambda: deliver(delivery_of(first).pk),
            lambda: deliver(delivery_of(second).pk),
        )

        one, two = desk.writes()
        assert abs(one["time"] - two["time"]) < 1
        assert set(ChangeRequest.objects.values_list("state", flat=True)) == {
            State.APPLIED
        }

    @pytest.mark.parametrize("attempt", range(3))
    def test_a_cancelled_change_is_never_delivered(
        self, desk: Desk, attempt: int
    ) -> None:
        change = approved(desk, route("a"))

        cancelled, _ = self.race(
            lambda: cancel(change, actor=present(desk.people.omar)),
            lambda: deliver(delivery_of(change).pk),
        )

        change.refresh_from_db()
        if isinstance(cancelled, ChangeError):
            assert change.state == State.APPLIED
            assert desk.live("a") is not None
        else:
            assert change.state == State.WITHDRAWN
            assert delivery_of(change).state == "cancelled"
            assert desk.writes() == []
        assert list(problems()) == []
