"""Two things at the same moment, on both databases: one wins, and all agree which."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction
from django.utils import timezone

from gateway.mirror import refresh
from portal.accounts.actor import Actor
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent, LedgerHead
from portal.changes.claim import claim_next
from portal.changes.deliver import deliver
from portal.changes.errors import ChangeError, StaleRevision, WrongState
from portal.changes.expiry import end_early
from portal.changes.freezes import end_freeze, make_freeze, override_freeze
from portal.changes.inverse import expires_at
from portal.changes.meanwhile import notice_conflict
from portal.changes.models import ChangeRequest, Delivery, Freeze
from portal.changes.operate import cancel
from portal.changes.rebase import rebase
from portal.changes.review import approve
from portal.changes.states import State
from portal.changes.terms import Terms
from tests.actors import present
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    delivery_of,
    events_of,
    route,
    sent,
    updates,
)
from tests.test_locks import waiting
from tests.waiting import LONG, eventually

WORKER = Actor.system("worker")
HOUR = timedelta(hours=1)
Act = Callable[[], Any]


def run(act: Act) -> Any:
    """Do it with a connection of its own; a refusal is an answer too."""
    try:
        return act()
    except ChangeError as error:
        return error
    finally:
        connections.close_all()


def race(*acts: Act) -> list[Any]:
    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def for_an_hour(desk: Desk) -> tuple[ChangeRequest, ChangeRequest]:
    """A live change, and the one that waits to take it back."""
    change = approved(desk, route("a"), terms=Terms(expires_after=HOUR))
    desk.deliver(change)
    desk.sandbox.forget_requests()
    return change, change.reverted_by.get()


def a_freeze(desk: Desk, **fields: Any) -> Freeze:
    now = timezone.now()
    values = {"starts_at": now - HOUR, "ends_at": now + HOUR} | fields
    return Freeze(gateway=desk.gateway, reason="Black Friday", **values)


@pytest.fixture(autouse=True)
def the_ledger_holds(db: None) -> Any:
    yield
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
@pytest.mark.parametrize("attempt", range(2))
class TestAtTheSameMoment:
    @pytest.fixture(autouse=True)
    def database(self, each_database: str) -> str:
        return each_database

    def test_an_inverse_is_due_and_is_let_go(self, desk: Desk, attempt: int) -> None:
        change, inverse = for_an_hour(desk)
        end = expires_at(change.latest_revision())
        assert end is not None

        # In this very moment it is not its time yet; with the next tick it is.
        with time_machine.travel(end - timedelta(milliseconds=20)):
            let_go, _, _ = race(
                lambda: end_early(inverse, actor=present(desk.people.omar)),
                lambda: deliver(delivery_of(inverse).pk),
                lambda: deliver(delivery_of(inverse).pk),
            )
            eventually(lambda: timezone.now() > end, "its time has come")
            deliver(delivery_of(inverse).pk)  # what a race left to the sweep

        inverse.refresh_from_db()
        assert inverse.state == State.APPLIED
        assert sent(desk) == ["DELETE routes/a"]
        told = AuditEvent.objects.filter(event="expiry.ended_early").count()
        assert told == (not isinstance(let_go, WrongState))

    def test_an_inverse_is_due_and_is_cancelled(self, desk: Desk, attempt: int) -> None:
        change, inverse = for_an_hour(desk)
        end = expires_at(change.latest_revision())
        assert end is not None

        with time_machine.travel(end):
            cancelled, _ = race(
                lambda: cancel(inverse, actor=present(desk.people.omar)),
                lambda: deliver(delivery_of(inverse).pk),
            )

        inverse.refresh_from_db()
        if isinstance(cancelled, WrongState):
            assert inverse.state == State.APPLIED
            assert desk.live("a") is None
        else:
            assert inverse.state == State.WITHDRAWN
            assert sent(desk) == []
            assert desk.live("a") is not None

    def test_a_freeze_ends_and_is_set_aside(self, desk: Desk, attempt: int) -> None:
        admin, omar = present(desk.people.admin), present(desk.people.omar)
        freeze = make_freeze(a_freeze(desk), actor=admin)
        change = approved(desk, route("a"))

        _, override, _ = race(
            lambda: end_freeze(freeze, actor=admin),
            lambda: override_freeze(change, actor=omar, comment="An outage."),
            lambda: deliver(delivery_of(change).pk),
        )
        deliver(delivery_of(change).pk)

        change.refresh_from_db()
        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a"]
        told = events_of(change).count("freeze.overridden")
        assert told == (not isinstance(override, WrongState))

    def test_a_change_is_rebased_and_approved(self, desk: Desk, attempt: int) -> None:
        desk.sandbox.put("route", "a", conference(uri="/a"))
        change = desk.ask(updates("route", "a", desc="Ours"))
        desk.sandbox.put("route", "a", conference(uri="/a", priority=7))
        seen = change.latest_revision()

        rebased, approval = race(
            lambda: rebase(change, actor=present(desk.people.alice)),
            lambda: approve(seen, actor=present(desk.people.riley)),
        )

        change.refresh_from_db()
        if isinstance(rebased, WrongState):
            assert change.state == State.APPROVED
            assert delivery_of(change).revision == seen
        else:
            assert change.state == State.IN_REVIEW
            assert isinstance(approval, StaleRevision | WrongState)
            assert not Delivery.objects.exists()

    def test_a_conflict_is_noticed_and_a_worker_comes(
        self, desk: Desk, attempt: int
    ) -> None:
        desk.sandbox.put("route", "a", conference(uri="/a"))
        refresh(desk.gateway)
        change = approved(desk, updates("route", "a", desc="Ours"))
        desk.sandbox.put("route", "a", conference(uri="/a", desc="Theirs"))
        refresh(desk.gateway)

        race(
            lambda: notice_conflict(change, actor=WORKER),
            lambda: deliver(delivery_of(change).pk),
        )

        change.refresh_from_db()
        assert (change.state, delivery_of(change).state) == ("conflicted", "conflicted")
        assert events_of(change).count("change.conflicted") == 1
        assert desk.live("a")["desc"] == "Theirs"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("on_postgresql")
class TestWhileAClaimIsMade:
    """SQLite lets nobody write meanwhile."""

    def test_a_freeze_that_is_recorded_first_holds_it(self, desk: Desk) -> None:
        change = approved(desk, route("a"))

        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                LedgerHead.objects.select_for_update().get(pk=1)
                claim = pool.submit(run, lambda: claim_next(desk.gateway, actor=WORKER))
                eventually(lambda: waiting() == 1, "the claim is to be recorded")
                make_freeze(a_freeze(desk), actor=present(desk.people.admin))
            assert claim.result(LONG) is None

        change.refresh_from_db()
        assert (change.state, delivery_of(change).state) == ("approved", "pending")
        assert events_of(change)[-1] == "delivery.queued"
        assert not delivery_of(change).attempts.exists()

    def test_a_clock_that_is_put_back_costs_nothing(self, desk: Desk) -> None:
        """By the claim's own clock its time had come."""
        change, inverse = for_an_hour(desk)
        end = expires_at(change.latest_revision())
        assert end is not None

        with ThreadPoolExecutor(1) as pool, time_machine.travel(end) as clock:
            with transaction.atomic():
                Delivery.objects.select_for_update().get(pk=delivery_of(inverse).pk)
                delivered = pool.submit(run, lambda: deliver(delivery_of(inverse).pk))
                eventually(lambda: waiting() == 1, "the claim waits for the row")
                clock.shift(-HOUR / 2)
            delivered.result(LONG)

        inverse.refresh_from_db()
        assert inverse.state == State.APPLIED, delivery_of(inverse).outcome
