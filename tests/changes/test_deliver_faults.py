"""What a delivery does when the gateway, or we, misbehave: wait, look, then decide."""

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from gateway.models import Gateway
from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest, Delivery, Item
from portal.changes.operate import retry
from portal.changes.plan import stored_digest
from portal.changes.states import State
from portal.changes.steps import BATCH
from tests.actors import present
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    deletes,
    delivery_of,
    events_of,
    fronted,
    limit_is_reached,
    route,
    sent,
    steps_of,
    time_passes,
    updates,
)
from tests.gateway.evil import http
from tests.waiting import eventually

pytestmark = pytest.mark.django_db

# Seconds: short to wait for, long enough for a machine that stalls.
FAST = 2.0


@pytest.fixture
def short_deadline(settings: Settings) -> None:
    """No request takes longer than a moment, so that a time-out costs little."""
    settings.GATEWAY_REQUEST_DEADLINE = FAST


def waits(change: ChangeRequest) -> timedelta:
    """For how long the delivery now waits."""
    not_before = delivery_of(change).not_before
    assert not_before is not None
    return not_before - timezone.now()


class TestABusyGateway:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_a_write_it_could_not_do_is_tried_again_later(
        self, desk: Desk, status: int
    ) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="status", method="PUT", status=status, times=1)

        desk.deliver(change)

        delivery = delivery_of(change)
        assert delivery.state == "sending"
        assert delivery.outcome.startswith("Waiting to try again: ")
        assert waits(change) > timedelta(0)
        assert events_of(change)[-1] == "delivery.postponed"

        time_passes(change)
        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a", "PUT routes/a"]

    def test_it_waits_longer_each_time(self, desk: Desk, settings: Settings) -> None:
        settings.DELIVERY_BACKOFF = 10.0
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="status", method="GET")

        for tries in (1, 2, 3):
            desk.deliver(change)

            expected = 10 * 2 ** (tries - 1)
            seconds = waits(change).total_seconds()
            assert 0.4 * expected <= seconds <= 1.5 * expected
            assert delivery_of(change).tries == tries
            time_passes(change)

    def test_it_never_waits_for_hours(self, desk: Desk, settings: Settings) -> None:
        change = approved(desk, route("a"))
        Delivery.objects.update(tries=5_000)
        desk.sandbox.misbehave(do="status", method="GET")

        desk.deliver(change)

        assert waits(change) <= timedelta(seconds=90)

    def test_before_its_time_nobody_asks_again(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="status", method="GET")
        desk.deliver(change)
        desk.sandbox.forget_requests()

        desk.deliver(change)

        assert desk.sandbox.requests() == []

    def test_no_thread_of_an_attempt_outlives_it(self, desk: Desk) -> None:
        change = approved(desk, *(route(f"r{n}") for n in range(BATCH)))
        desk.sandbox.misbehave(do="status", method="PUT")
        before = threading.active_count()

        desk.deliver(change)

        assert steps_of(change)[-1] == ("verify", "accepted")
        assert threading.active_count() <= before


class TestAGatewayThatIsNotThere:
    def test_nothing_was_written_so_the_change_waits_as_approved(
        self, desk: Desk
    ) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.stop()

        desk.deliver(change)

        delivery = delivery_of(change)
        assert change.state == State.APPROVED
        assert (delivery.state, delivery.wrote) == ("pending", False)
        assert "cannot be reached" in delivery.outcome

        desk.sandbox.start()
        time_passes(change)
        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a"]

    def test_one_that_wrote_nothing_lets_the_next_pass(self, desk: Desk) -> None:
        first, second = approved(desk, route("a")), approved(desk, route("b"))
        desk.sandbox.misbehave(do="status", path="/routes/a$")

        deliver(delivery_of(first).pk)

        first.refresh_from_db()
        second.refresh_from_db()
        assert first.state == State.APPROVED
        assert second.state == State.APPLIED

    def test_one_that_wrote_keeps_the_gateway_until_it_is_done(
        self, desk: Desk
    ) -> None:
        first, second = approved(desk, route("a")), approved(desk, route("b"))
        desk.sandbox.misbehave(do="status", method="PUT", path="/routes/a$", times=1)

        desk.deliver(first)
        desk.deliver(second)

        assert (first.state, second.state) == (State.DELIVERING, State.APPROVED)
        assert delivery_of(first).wrote

        time_passes(first)
        desk.deliver(second)

        first.refresh_from_db()
        assert (first.state, second.state) == (State.APPLIED, State.APPLIED)
        assert sent(desk) == ["PUT routes/a", "PUT routes/a", "PUT routes/b"]

    def test_after_the_limit_it_fails_and_says_that_nothing_was_written(
        self, desk: Desk
    ) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.stop()
        desk.deliver(change)
        limit_is_reached(change)

        desk.deliver(change)

        assert change.state == State.FAILED
        delivery = delivery_of(change)
        assert delivery.state == "failed"
        assert not delivery.wrote
        assert "could not be brought to it in time" in delivery.outcome
        assert "Nothing was written." in delivery.outcome
        assert events_of(change)[-1] == "change.failed"

    def test_after_the_limit_what_was_written_is_taken_back(self, desk: Desk) -> None:
        change = approved(desk, route("a"), route("b"))
        desk.sandbox.misbehave(do="status", method="PUT", path="/routes/b$")
        desk.deliver(change)
        assert desk.live("a") is not None
        limit_is_reached(change)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a") is None
        assert desk.live("b") is None
        outcome = delivery_of(change).outcome
        assert "in time" in outcome
        assert "route a was restored to what it was before." in outcome
        assert not delivery_of(change).wrote

    def test_after_the_limit_what_cannot_be_taken_back_is_named(
        self, desk: Desk
    ) -> None:
        change = approved(desk, route("a"), route("b"))
        desk.sandbox.misbehave(do="status", method="PUT", path="/routes/b$")
        desk.deliver(change)
        desk.sandbox.stop()
        limit_is_reached(change)

        desk.deliver(change)

        assert change.state == State.FAILED
        delivery = delivery_of(change)
        assert delivery.wrote
        assert "route a was not restored" in delivery.outcome
        assert "holds what this change wanted" in delivery.outcome
        assert "route b" in delivery.outcome

    def test_an_operator_retries_what_failed(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.stop()
        desk.deliver(change)
        limit_is_reached(change)
        desk.deliver(change)
        desk.sandbox.start()

        retry(change, actor=present(desk.people.omar))
        desk.deliver(change)

        assert change.state == State.APPLIED
        delivery = delivery_of(change)
        assert (delivery.state, delivery.tries) == ("verified", 1)
        assert [a.number for a in delivery.attempts.all()] == [1, 2, 3]
        assert "delivery.retried" in events_of(change)


@pytest.mark.usefixtures("short_deadline")
class TestALostAnswer:
    def test_an_answer_that_comes_too_late_is_found_by_reading(
        self, desk: Desk
    ) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="slow", method="PUT", seconds=3 * FAST, after=True)

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a"]
        assert ("write", "unknown") in steps_of(change)

    @pytest.mark.parametrize(
        "fault",
        [
            {"do": "drop_after"},
            {"do": "reset", "bytes": 60},
            {"do": "drip", "milliseconds": 50},
        ],
    )
    def test_an_answer_that_broke_off_is_found_by_reading(
        self, desk: Desk, fault: dict[str, Any]
    ) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(method="PUT", times=1, **fault)

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a"]

    def test_a_delete_whose_answer_was_lost_is_found_by_reading(
        self, desk: Desk
    ) -> None:
        desk.sandbox.put("route", "a", conference())
        change = approved(desk, deletes("route", "a"))
        desk.sandbox.misbehave(do="drop_after", method="DELETE")

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["DELETE routes/a"]

    def test_a_write_that_never_arrived_is_sent_again_after_a_while(
        self, desk: Desk
    ) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="drop_before", method="PUT", times=1)

        desk.deliver(change)

        # Not at once: until the deadline it could still have arrived.
        assert change.state == State.DELIVERING
        assert sent(desk) == ["PUT routes/a"]
        assert waits(change) > timedelta(seconds=0.5 * FAST)

        time_passes(change)
        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a", "PUT routes/a"]
        assert desk.live("a")["uri"] == "/a"

    def test_a_write_that_arrives_after_all_is_not_sent_again(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(
            do="slow", method="PUT", seconds=1.5 * FAST, after=False, times=1
        )
        desk.deliver(change)
        assert change.state == State.DELIVERING

        eventually(lambda: desk.live("a"), "the late write arrives")
        time_passes(change)
        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a"]

    def test_what_somebody_else_wrote_meanwhile_stays(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference())
        change = approved(desk, updates("route", "a", desc="ours"))
        desk.sandbox.misbehave(do="drop_before", method="PUT", times=1)
        desk.deliver(change)
        desk.sandbox.put("route", "a", conference(desc="theirs"))
        time_passes(change)

        desk.deliver(change)

        assert change.state == State.CONFLICTED
        assert desk.live("a")["desc"] == "theirs"
        assert sent(desk) == ["PUT routes/a"]
        assert "left alone" in delivery_of(change).outcome

    def test_a_delete_that_somebody_was_quicker_with_is_done(self, desk: Desk) -> None:
        """Between our read and our delete it goes away: the gateway answers 404."""
        desk.sandbox.put("route", "a", conference())
        change = approved(desk, deletes("route", "a"))
        desk.sandbox.misbehave(
            do="slow", method="DELETE", seconds=0.5 * FAST, after=False
        )

        def interfere() -> None:
            eventually(desk.writes, "the delete arrives")
            desk.sandbox.delete("route", "a")

        somebody = threading.Thread(target=interfere)
        somebody.start()
        desk.deliver(change)
        somebody.join()

        assert desk.writes()[0]["status"] == 404
        assert change.state == State.APPLIED
        assert delivery_of(change).outcome.startswith("The gateway holds it")

    def test_an_unanswered_read_writes_nothing(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="drop_before", method="GET")

        desk.deliver(change)

        assert change.state == State.APPROVED
        assert desk.writes() == []

    def test_a_read_back_without_answer_is_repeated_later(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="status", method="GET", path="/routes/a$", skip=1)

        desk.deliver(change)

        assert change.state == State.DELIVERING
        assert delivery_of(change).wrote

        desk.sandbox.behave()
        time_passes(change)
        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/a"]


class TestRefusals:
    def test_a_refusal_is_told_in_the_gateways_words(self, desk: Desk) -> None:
        desk.sandbox.put("upstream", "u", {"nodes": {"127.0.0.1:1": 1}})
        change = approved(desk, route("a", upstream=None, upstream_id="u"))
        desk.sandbox.delete("upstream", "u")

        desk.deliver(change)

        assert change.state == State.FAILED
        assert "failed to fetch upstream info" in delivery_of(change).outcome
        assert desk.live("a") is None
        assert steps_of(change)[-1] == ("write", "invalid")

    def test_a_wrong_key_is_told_without_the_key(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        gateway = Gateway.objects.get()
        gateway.set_admin_key("wrong-key-0123456789")
        gateway.save()

        desk.deliver(change)

        assert change.state == State.FAILED
        assert "refuses the admin key" in delivery_of(change).outcome
        assert "wrong-key" not in delivery_of(change).outcome
        assert desk.writes() == []

    def test_what_is_no_admin_api_is_not_believed(self, desk: Desk) -> None:
        """Its 404 must not count as "there is no such route"."""
        desk.sandbox.put("route", "a", conference())
        is_ours = True

        def maintenance(method: str, path: str, body: bytes) -> bytes | None:
            page = b"<h1>404 Not Found</h1>"
            return None if is_ours else http(404, page, "text/html")

        with fronted(desk, maintenance):
            change = approved(desk, deletes("route", "a"))
            is_ours = False
            desk.deliver(change)

        assert change.state == State.FAILED
        assert "not as an Admin API does" in delivery_of(change).outcome
        assert desk.writes() == []


class TestFaultsOfOurs:
    def break_item(self, change: ChangeRequest) -> None:
        """Let the sealed document open with no key."""
        Item.objects.filter(revision__change=change).update(wanted_sealed=b"broken")

    def test_what_cannot_be_opened_is_postponed_and_blocks_nobody(
        self, desk: Desk
    ) -> None:
        broken, fine = approved(desk, route("a")), approved(desk, route("b"))
        self.break_item(broken)

        deliver(delivery_of(broken).pk)

        broken.refresh_from_db()
        fine.refresh_from_db()
        assert (broken.state, fine.state) == (State.APPROVED, State.APPLIED)
        assert "FIELD_ENCRYPTION_KEY" in delivery_of(broken).outcome

    def test_what_can_never_be_opened_fails_in_the_end(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        self.break_item(change)
        desk.deliver(change)
        limit_is_reached(change)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert "Nothing was written." in delivery_of(change).outcome
        assert desk.writes() == []

    def test_a_fault_in_our_code_is_logged_and_blocks_nobody(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken, fine = approved(desk, route("a")), approved(desk, route("b"))
        self.unknown_kind(broken)

        with caplog.at_level(logging.ERROR):
            desk.deliver(broken)

        fine.refresh_from_db()
        assert (broken.state, fine.state) == (State.APPROVED, State.APPLIED)
        assert "An internal error" in delivery_of(broken).outcome
        assert "delivery.internal_error" in caplog.text
        assert "exc_info" in caplog.text

    def test_a_fault_in_our_code_fails_in_the_end(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        self.unknown_kind(change)
        limit_is_reached(change)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert "Nothing was written." in delivery_of(change).outcome

    def unknown_kind(self, change: ChangeRequest) -> None:
        """Let an item be of a kind that no line of our code expects."""
        revision = change.latest_revision()
        revision.items.update(kind="nosuch")
        digest = stored_digest(revision, change.gateway)
        type(revision).objects.filter(pk=revision.pk).update(digest=digest)
        revision.reviews.update(digest=digest)
