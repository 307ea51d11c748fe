"""All or nothing, as far as possible; and the exact state where it was not."""

import itertools
import json
import threading
from typing import Any

import pytest
from pytest_django import Settings

from portal.changes.models import ChangeRequest, Delivery
from portal.changes.operate import retry
from portal.changes.states import State
from tests.actors import present
from tests.certificates import self_signed
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    creates,
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
    upstream,
)
from tests.gateway.evil import http
from tests.waiting import eventually

pytestmark = pytest.mark.django_db


def doomed(desk: Desk, *items: Any) -> ChangeRequest:
    """An approved change whose last item the gateway will refuse for good."""
    desk.sandbox.put("upstream", "gone", upstream())
    change = approved(desk, *items, creates("route", "z", uri="/z", upstream_id="gone"))
    desk.sandbox.delete("upstream", "gone")
    return change


def outcome(change: ChangeRequest) -> str:
    return delivery_of(change).outcome


class TestRestored:
    def test_a_create_is_deleted_again(self, desk: Desk) -> None:
        change = doomed(desk, route("a"))

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a") is None
        # Routes go out together, in any order.
        assert sorted(sent(desk)[:2]) == ["PUT routes/a", "PUT routes/z"]
        assert sent(desk)[2:] == ["DELETE routes/a"]
        assert "route a was restored to what it was before." in outcome(change)
        assert "failed to fetch upstream info" in outcome(change)
        assert not delivery_of(change).wrote

    def test_an_update_is_put_back(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference(desc="before"))
        before = desk.live("a")
        change = doomed(desk, updates("route", "a", desc="after"))

        desk.deliver(change)

        after = desk.live("a")
        assert {**after, "update_time": 0} == {**before, "update_time": 0}

    def test_a_delete_is_made_again(self, desk: Desk) -> None:
        """Deletions come last, so one is taken back when a later one is refused."""
        desk.sandbox.put("route", "a", conference(desc="before"))
        desk.sandbox.put("upstream", "u", upstream())
        change = approved(desk, deletes("route", "a"), deletes("upstream", "u"))
        desk.sandbox.put("route", "user", {"uri": "/user", "upstream_id": "u"})

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a")["desc"] == "before"
        assert "route a was restored" in outcome(change)

    def test_it_goes_in_reverse(self, desk: Desk) -> None:
        change = doomed(
            desk,
            creates("upstream", "u", **upstream()),
            creates("service", "s", upstream_id="u"),
            creates("route", "a", uri="/a", service_id="s"),
        )

        desk.deliver(change)

        assert sent(desk)[-3:] == [
            "DELETE routes/a",
            "DELETE services/s",
            "DELETE upstreams/u",
        ]

    def test_it_is_recorded_with_each_items_state(self, desk: Desk) -> None:
        change = doomed(desk, route("a"))

        desk.deliver(change)

        assert events_of(change)[-2:] == ["change.failed", "delivery.compensated"]
        assert steps_of(change)[-3:] == [
            ("read", "accepted"),
            ("restore", "accepted"),
            ("verify", "accepted"),
        ]

    def test_a_refused_first_item_leaves_nothing_to_restore(self, desk: Desk) -> None:
        change = doomed(desk)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert sent(desk) == ["PUT routes/z"]
        assert "restored" not in outcome(change)

    def test_what_was_already_as_wanted_is_not_taken_back(self, desk: Desk) -> None:
        """We did not write it, so it is not ours to delete."""
        change = doomed(desk, route("a"))
        desk.sandbox.put("route", "a", conference(uri="/a"))

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a") is not None
        assert sent(desk) == ["PUT routes/z"]

    def test_an_operator_may_retry_once_the_cause_is_gone(self, desk: Desk) -> None:
        change = doomed(desk, route("a"))
        desk.deliver(change)
        desk.sandbox.put("upstream", "gone", upstream())

        retry(change, actor=present(desk.people.omar))
        desk.deliver(change)

        assert change.state == State.APPLIED
        assert desk.live("a") is not None
        assert desk.live("z") is not None

    def test_what_a_retry_did_not_write_is_not_taken_back(self, desk: Desk) -> None:
        """Written and restored once; then somebody else made it, exactly as wanted."""
        change = doomed(desk, route("a"))
        desk.deliver(change)
        desk.sandbox.put("route", "a", conference(uri="/a"))

        retry(change, actor=present(desk.people.omar))
        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a") is not None


class TestNotRestored:
    def interfere(self, desk: Desk, work: Any) -> Any:
        """Do this from outside once the others are written, before one is refused."""
        desk.sandbox.misbehave(
            do="slow", method="PUT", path="/routes/z$", seconds=1, after=False
        )

        def wait_and_work() -> None:
            eventually(lambda: "PUT routes/z" in sent(desk), "the last item is sent")
            eventually(lambda: desk.live("a") != before, "the first item is written")
            work()

        before = desk.live("a")

        thread = threading.Thread(target=wait_and_work)
        thread.start()
        return thread

    def test_what_somebody_wrote_meanwhile_stays(self, desk: Desk) -> None:
        change = doomed(desk, route("a"))
        somebody = self.interfere(
            desk, lambda: desk.sandbox.put("route", "a", conference(desc="theirs"))
        )

        desk.deliver(change)
        somebody.join()

        assert change.state == State.FAILED
        assert desk.live("a")["desc"] == "theirs"
        assert "DELETE routes/a" not in sent(desk)
        assert (
            "route a was changed by somebody else meanwhile and was left alone."
            in outcome(change)
        )
        assert delivery_of(change).wrote

    def test_what_somebody_deleted_meanwhile_stays_deleted(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference())
        change = doomed(desk, updates("route", "a", desc="ours"))
        somebody = self.interfere(desk, lambda: desk.sandbox.delete("route", "a"))

        desk.deliver(change)
        somebody.join()

        assert desk.live("a") is None
        assert "was left alone" in outcome(change)

    def test_a_restore_that_the_gateway_refuses_is_told_in_its_words(
        self, desk: Desk
    ) -> None:
        """What a named before has gone since: it cannot be put back."""
        desk.sandbox.put("upstream", "old", upstream())
        desk.sandbox.put("upstream", "new", upstream())
        desk.sandbox.put("route", "a", {"uri": "/a", "upstream_id": "old"})
        change = doomed(desk, updates("route", "a", upstream_id="new"))
        somebody = self.interfere(
            desk, lambda: desk.sandbox.delete("upstream", "old", force=True)
        )

        desk.deliver(change)
        somebody.join()

        assert change.state == State.FAILED
        words = outcome(change)
        assert "route a was not restored: failed to fetch upstream info" in words
        assert "It holds what this change wanted." in words
        assert delivery_of(change).wrote

    def test_a_certificate_whose_key_nobody_knows(self, desk: Desk) -> None:
        cert, key = self_signed("a.example.com").pems
        desk.sandbox.put("ssl", "s", {"cert": cert, "key": key, "sni": "a.example.com"})
        other_cert, other_key = self_signed("a.example.com").pems
        change = doomed(desk, updates("ssl", "s", cert=other_cert, key=other_key))

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("s", "ssl")["cert"] == other_cert
        assert sent(desk) == ["PUT ssls/s", "PUT routes/z"]
        assert "ssl s was not restored: its former private key" in outcome(change)
        assert key not in outcome(change)

    def test_a_deleted_certificate_whose_key_nobody_knows(self, desk: Desk) -> None:
        cert, key = self_signed("a.example.com").pems
        desk.sandbox.put("ssl", "s", {"cert": cert, "key": key, "sni": "a.example.com"})
        desk.sandbox.put("proto", "p", {"content": 'syntax = "proto3";'})
        change = approved(desk, deletes("ssl", "s"), deletes("proto", "p"))
        desk.sandbox.put(
            "route",
            "user",
            conference(
                plugins={
                    "grpc-transcode": {"proto_id": "p", "service": "S", "method": "M"}
                }
            ),
        )

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("s", "ssl") is None
        assert "It is deleted, as this change wanted." in outcome(change)

    def test_a_new_certificate_is_deleted_again(self, desk: Desk) -> None:
        cert, key = self_signed("a.example.com").pems
        change = doomed(
            desk, creates("ssl", "s", cert=cert, key=key, sni="a.example.com")
        )

        desk.deliver(change)

        assert desk.live("s", "ssl") is None
        assert "ssl s was restored" in outcome(change)


class TestInterrupted:
    def test_a_busy_gateway_is_tried_again_until_all_is_restored(
        self, desk: Desk
    ) -> None:
        change = doomed(desk, route("a"))
        desk.sandbox.misbehave(do="status", method="DELETE", times=1)

        desk.deliver(change)

        assert change.state == State.DELIVERING
        assert delivery_of(change).wrote
        assert Delivery.objects.get().state == "sending"

        time_passes(change)
        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a") is None

    def test_a_lost_answer_to_a_restore_is_found_by_reading(self, desk: Desk) -> None:
        change = doomed(desk, route("a"))
        desk.sandbox.misbehave(do="drop_after", method="DELETE", times=1)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a") is None
        assert sent(desk).count("DELETE routes/a") == 1
        assert "route a was restored" in outcome(change)

    def test_after_the_limit_the_state_is_named_exactly(self, desk: Desk) -> None:
        change = doomed(desk, route("a"))
        desk.sandbox.misbehave(do="status", method="DELETE")
        desk.deliver(change)
        limit_is_reached(change)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert delivery_of(change).wrote
        assert "route a was not restored" in outcome(change)
        assert desk.live("a") is not None

    def test_a_write_that_a_proxy_gave_up_on_is_waited_for(
        self, desk: Desk, settings: Settings
    ) -> None:
        """It arrives after the gateway refused the other of the same batch."""
        settings.GATEWAY_REQUEST_DEADLINE = 2.0
        given_up: list[bytes] = []
        reads = itertools.count(1)

        def intercept(method: str, path: str, body: bytes) -> bytes | None:
            if path.endswith("/a") and method == "PUT":
                given_up.append(body)
                return http(504, b'{"error_msg": "gave up waiting"}')
            is_read = path.endswith("/a") and method == "GET" and given_up
            if is_read and next(reads) == 2:
                desk.sandbox.put("route", "a", json.loads(given_up[0]))
                return http(404, b'{"message": "Key not found"}')
            return None

        with fronted(desk, intercept):
            change = doomed(desk, route("a"))
            desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a") is None
        assert "route a was restored" in outcome(change)
