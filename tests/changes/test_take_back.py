"""A failed probe takes its change back where that was approved with it, and only then."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.celery import app
from portal.changes.errors import Blocked
from portal.changes.inverse import expires_at
from portal.changes.message import message_for
from portal.changes.models import ChangeRequest, Delivery, ProbeRun, Review, Revision
from portal.changes.operate import cancel
from portal.changes.probe import Probe
from portal.changes.probing import DEATHS, TRIES, send_probe
from portal.changes.propose import make_plan
from portal.changes.schedule import explained
from portal.changes.states import State
from portal.changes.take_back import file_inverse
from portal.changes.tasks import sweep
from portal.changes.terms import Terms
from tests.actors import present
from tests.certificates import self_signed
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    deletes,
    delivery_of,
    events_of,
    route,
    sent,
    updates,
)
from tests.changes.test_probing import desk, probed
from tests.factories import make_freeze
from tests.gateway.evil import evil, http
from tests.waiting import LONG

__all__ = ["desk"]

pytestmark = pytest.mark.django_db

# Nothing answers there: 404 comes, where 200 is expected.
FAILS = Probe(path="/nowhere", status=200, take_back=True)
PASSES = Probe(path="/nowhere", status=404, take_back=True)
TWO_HOURS = timedelta(hours=2)


def live(
    desk: Desk, *items: Any, probe: Probe = FAILS, life: timedelta | None = None
) -> ChangeRequest:
    """A delivered change whose probe was not sent yet."""
    terms = Terms(probe=probe, expires_after=life)
    change = approved(desk, *(items or [route("a")]), terms=terms)
    assert desk.deliver(change).state == State.APPLIED
    desk.sandbox.forget_requests()
    return change


def failed(desk: Desk, *items: Any, **fields: Any) -> ChangeRequest:
    """A delivered change whose probe failed just now."""
    change = live(desk, *items, **fields)
    assert probed(change, times=TRIES).state == "failed"
    return change


def inverse_of(change: ChangeRequest) -> ChangeRequest:
    return ChangeRequest.objects.get(revisions__inverse_of__change=change)


def sweep_with_workers() -> None:
    """Let the schedule's hints be followed at once."""
    app.conf.task_always_eager = True
    try:
        sweep()
    finally:
        app.conf.task_always_eager = False


class TestItIsTakenBack:
    def test_as_soon_as_the_probe_failed(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference(uri="/a", desc="before"))
        change = failed(desk, updates("route", "a", desc="does harm"))
        inverse = inverse_of(change)

        assert desk.deliver(inverse).state == State.APPLIED

        assert desk.live("a")["desc"] == "before"
        assert sent(desk) == ["PUT routes/a"]
        assert events_of(change)[-1] == "probe.failed"
        told = AuditEvent.objects.get(event="probe.failed").details
        assert told["taken_back_by"] == inverse.number
        assert events_of(inverse) == [
            "delivery.queued",
            "delivery.started",
            "delivery.verified",
            "change.applied",
        ]

    def test_not_when_it_passes(self, desk: Desk) -> None:
        change = live(desk, probe=PASSES)

        assert probed(change, times=TRIES).state == "passed"

        assert not change.reverted_by.exists()

    def test_not_before_the_last_try(self, desk: Desk) -> None:
        change = live(desk)

        assert probed(change, times=TRIES - 1).state == "waiting"

        assert not change.reverted_by.exists()

    def test_not_unless_it_was_asked_for(self, desk: Desk) -> None:
        change = failed(desk, probe=Probe(path="/nowhere", status=200))

        assert not change.reverted_by.exists()
        assert "is live" in message_for(change)
        assert "; its probe failed: It answered 404" in message_for(change)

    def test_before_its_time_where_it_has_one(self, desk: Desk) -> None:
        change = live(desk, life=TWO_HOURS)
        inverse = inverse_of(change)
        assert desk.deliver(inverse).state == State.APPROVED

        probed(change, times=TRIES)

        assert f"until change #{inverse.number} takes it back now" in message_for(
            change
        )
        assert desk.deliver(inverse).state == State.APPLIED
        assert desk.live("a") is None
        assert ChangeRequest.objects.count() == 2
        ended = AuditEvent.objects.get(event="expiry.ended_early")
        assert ended.details["comment"] == f"The probe of #{change.number} failed."

    def test_a_passed_probe_leaves_it_its_time(self, desk: Desk) -> None:
        change = live(desk, probe=PASSES, life=TWO_HOURS)

        probed(change)

        ends = expires_at(change.latest_revision())
        assert delivery_of(inverse_of(change)).not_before == ends

    def test_not_in_a_freeze(self, desk: Desk) -> None:
        change = failed(desk)
        make_freeze(desk.people.admin)

        assert desk.deliver(inverse_of(change)).state == State.APPROVED

    def test_it_is_told(self, desk: Desk) -> None:
        change = failed(desk)
        inverse = inverse_of(change)
        now = f"until change #{inverse.number} takes it back now; its probe failed: It"
        assert now in message_for(change)
        words = explained(change, change.latest_revision(), None)
        assert f"#{inverse.number} takes it back now" in words
        assert inverse.reason.startswith(f"The probe of #{change.number} failed.")

        desk.deliver(inverse)

        took = f"was live until change #{inverse.number} took it back; its probe failed"
        assert took in message_for(change)


class TestSomebodyWasThereBefore:
    def test_what_was_changed_since_stays(self, desk: Desk) -> None:
        change = failed(desk)
        desk.sandbox.put("route", "a", conference(uri="/a", desc="by hand"))
        desk.sandbox.forget_requests()

        inverse = desk.deliver(inverse_of(change))

        assert inverse.state == State.CONFLICTED
        assert sent(desk) == []
        told = f"is live; change #{inverse.number}, which was to take it back, is conf"
        assert told in message_for(change)

    def test_an_operator_cancels(self, desk: Desk) -> None:
        change = failed(desk)
        inverse = inverse_of(change)

        cancel(inverse, actor=present(desk.people.omar), comment="The probe is wrong.")
        sweep_with_workers()

        assert desk.deliver(inverse).state == State.WITHDRAWN
        assert desk.live("a")["uri"] == "/a"
        assert "is withdrawn; its probe failed" in message_for(change)

    def test_an_operator_had_said_that_it_stays(self, desk: Desk) -> None:
        change = live(desk, life=TWO_HOURS)
        cancel(inverse_of(change), actor=present(desk.people.omar))

        probed(change, times=TRIES)

        assert inverse_of(change).state == State.WITHDRAWN
        assert "taken_back_by" not in (
            AuditEvent.objects.get(event="probe.failed").details
        )
        assert change.reverted_by.count() == 1


class TestWorkersDie:
    def test_after_the_probe_failed_the_sweep_goes_on(self, desk: Desk) -> None:
        """No hint is followed here: hints are sent after the commit, which never comes."""
        change = failed(desk)
        assert inverse_of(change).state == State.APPROVED

        sweep_with_workers()
        sweep_with_workers()

        assert inverse_of(change).state == State.APPLIED
        assert desk.live("a") is None
        assert sent(desk) == ["DELETE routes/a"]

    def test_before_a_failure_is_written_it_is_found_again(self, desk: Desk) -> None:
        change = live(desk)
        probed(change, times=TRIES - 1)
        # As the last try's worker leaves it that dies before it writes.
        ProbeRun.objects.update(
            begun=TRIES, not_before=timezone.now() - timedelta(seconds=1)
        )

        sweep_with_workers()
        sweep_with_workers()

        assert inverse_of(change).state == State.APPLIED
        assert desk.live("a") is None

    def test_their_deaths_alone_take_nothing_back(self, desk: Desk) -> None:
        change = live(desk)
        ProbeRun.objects.update(begun=TRIES + DEATHS)

        run = probed(change)

        assert (run.state, run.words) == ("failed", "The worker stopped answering.")
        assert not change.reverted_by.exists()


@pytest.mark.usefixtures("each_database")
@pytest.mark.django_db(transaction=True)
class TestTwoWorkers:
    def test_both_see_it_fail_and_it_is_taken_back_once(self, desk: Desk) -> None:
        """One was frozen while it waited for the answer, and its successor asked too."""
        change = live(desk)
        first = probed(change, times=TRIES - 2)
        both = Barrier(2, timeout=LONG)

        def answers(connection: socket.socket, request: bytes) -> None:
            ProbeRun.objects.update(not_before=None)
            connections.close_all()
            both.wait()
            connection.sendall(http(503, b""))

        def work(_: int) -> None:
            try:
                while ProbeRun.objects.filter(tries=first.tries).exists():
                    send_probe(delivery_of(change).pk)
            finally:
                connections.close_all()

        with evil(answers) as server:
            desk.gateway.public_url = server.url
            desk.gateway.save()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(work, range(2)))
            assert len(server.requests) == 2

        assert change.reverted_by.count() == 1
        assert events_of(change).count("probe.failed") == 1
        sweep_with_workers()
        sweep_with_workers()
        assert sent(desk) == ["DELETE routes/a"]


class TestWhatIsApproved:
    def test_approvals_are_bound_to_it(self, desk: Desk) -> None:
        digests = {
            make_plan(
                desk.asked(route("a"), terms=Terms(probe=probe)),
                asker=desk.people.alice,
            ).digest
            for probe in (None, FAILS, Probe(path="/nowhere", status=200))
        }

        assert len(digests) == 3

    def test_what_could_not_be_restored_is_stopped(self, desk: Desk) -> None:
        cert, key = self_signed("shop.example.com").pems
        desk.sandbox.put(
            "ssl", "shop", {"cert": cert, "key": key, "snis": ["shop.example.com"]}
        )

        with pytest.raises(Blocked) as refused:
            desk.ask(deletes("ssl", "shop"), terms=Terms(probe=FAILS))

        (found,) = [
            one
            for one in refused.value.extra["findings"]
            if one["code"] == "cannot_be_taken_back"
        ]
        assert "Leave probe.take_back out" in found["mend"]


def it_is_made_up(desk: Desk, change: ChangeRequest) -> None:
    Revision.objects.filter(change=change).update(probe=FAILS.as_json())


def its_approval_is_gone(desk: Desk, change: ChangeRequest) -> None:
    it_is_made_up(desk, change)
    Review.objects.filter(revision__change=change).delete()


class TestForgedRowsDeliverNothing:
    @pytest.mark.parametrize("tamper", [it_is_made_up, its_approval_is_gone])
    def test_nobody_approved_taking_it_back(
        self, desk: Desk, tamper: Callable[[Desk, ChangeRequest], None]
    ) -> None:
        """The workers themselves are led to believe it, and the claim is not."""
        change = live(desk, probe=Probe(path="/nowhere", status=200))
        tamper(desk, change)
        probed(change, times=TRIES)

        inverse = desk.deliver(inverse_of(change))

        assert inverse.state == State.FAILED
        assert "delivery.refused" in events_of(inverse)
        assert desk.writes() == []

    def test_a_run_of_a_change_without_a_probe(self, desk: Desk) -> None:
        change = desk.applied(route("a"))
        ProbeRun.objects.create(delivery=delivery_of(change), begun=TRIES)

        assert probed(change).state == "failed"

        assert not change.reverted_by.exists()

    @pytest.mark.parametrize("probe", [PASSES, FAILS])
    def test_the_ledger_knows_of_no_failure(self, desk: Desk, probe: Probe) -> None:
        """Somebody writes that the probe failed, and what would take it back then."""
        change = live(desk, probe=probe)
        if probe is PASSES:
            probed(change)
        ProbeRun.objects.update(state="failed", begun=TRIES)
        forged = file_inverse(delivery_of(change), change)

        desk.deliver(forged)

        assert forged.state == State.FAILED
        assert "Its time has not come." in delivery_of(forged).outcome
        assert desk.writes() == []

    def test_a_probe_that_passed_is_made_to_be_sent_again(self, desk: Desk) -> None:
        change = live(desk, probe=Probe(path="/a", status=404, take_back=True))
        desk.sandbox.delete("route", "a")
        assert probed(change).state == "passed"
        desk.sandbox.put("route", "a", conference(uri="/a"))
        ProbeRun.objects.update(state="waiting", begun=0, tries=[])

        assert probed(change, times=TRIES).state == "failed"

        desk.sandbox.forget_requests()
        assert desk.deliver(inverse_of(change)).state == State.FAILED
        assert desk.writes() == []

    def test_nothing_was_delivered(self, desk: Desk) -> None:
        change = approved(desk, route("a"), terms=Terms(probe=FAILS))
        ProbeRun.objects.create(delivery=delivery_of(change))

        probed(change, times=TRIES)

        assert not change.reverted_by.exists()
        assert Delivery.objects.count() == 1
