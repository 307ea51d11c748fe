"""What a delivery does when the gateway is well: once, as approved, in order."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.models import Resource
from portal.changes.deliver import deliver
from portal.changes.models import Attempt
from portal.changes.states import State
from portal.changes.steps import BATCH
from portal.changes.terms import Terms
from tests.certificates import self_signed
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    creates,
    deletes,
    delivery_of,
    events_of,
    fronted,
    replaces,
    route,
    sent,
    steps_of,
    updates,
    upstream,
)
from tests.waiting import LONG, eventually

pytestmark = pytest.mark.django_db


class TestOneItem:
    def test_a_create_is_applied_with_one_write_and_read_back(self, desk: Desk) -> None:
        change = approved(desk, route("a"))

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert desk.live("a")["uri"] == "/a"
        assert sent(desk) == ["PUT routes/a"]
        assert steps_of(change) == [
            ("read", "accepted"),
            ("write", "accepted"),
            ("verify", "accepted"),
        ]
        assert events_of(change)[-3:] == [
            "delivery.started",
            "delivery.verified",
            "change.applied",
        ]

    def test_it_says_how_it_ended_and_holds_nothing_any_more(self, desk: Desk) -> None:
        change = desk.deliver(approved(desk, route("a")))

        delivery = delivery_of(change)
        assert (delivery.state, delivery.wrote) == ("verified", True)
        assert delivery.outcome == "The gateway holds it, verified by reading back."
        assert delivery.finished_at is not None
        assert delivery.lease_token is None
        assert delivery.lease_expires_at is None
        attempt = Attempt.objects.get()
        assert attempt.finished_at is not None
        assert attempt.outcome == delivery.outcome

    def test_the_mirror_knows_it_at_once(self, desk: Desk) -> None:
        change = desk.deliver(approved(desk, route("a")))

        assert Resource.objects.get(resource_id="a").document["uri"] == "/a"

        desk.deliver(approved(desk, deletes("route", "a")))

        assert change.state == State.APPLIED
        assert not Resource.objects.filter(resource_id="a").exists()

    def test_an_update_keeps_what_it_does_not_name(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference(desc="kept"))
        change = approved(desk, updates("route", "a", methods=["GET"]))

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert desk.live("a")["desc"] == "kept"
        assert desk.live("a")["methods"] == ["GET"]
        assert sent(desk) == ["PUT routes/a"]

    def test_a_delete_is_read_back_as_gone(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference())
        change = approved(desk, deletes("route", "a"))

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert desk.live("a") is None
        assert sent(desk) == ["DELETE routes/a"]

    @pytest.mark.parametrize("action", ["create", "update", "delete"])
    def test_what_is_already_as_wanted_is_not_written(
        self, desk: Desk, action: str
    ) -> None:
        if action != "create":
            desk.sandbox.put("route", "a", conference())
        change = approved(
            desk,
            {
                "create": creates("route", "a", **conference()),
                "update": updates("route", "a", desc="new"),
                "delete": deletes("route", "a"),
            }[action],
        )
        if action == "delete":
            desk.sandbox.delete("route", "a")
        else:
            more = {"desc": "new"} if action == "update" else {}
            desk.sandbox.put("route", "a", conference(**more))

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert desk.writes() == []
        assert steps_of(change) == [("read", "accepted")]

    @pytest.mark.parametrize("action", ["create", "update", "delete"])
    def test_what_somebody_changed_since_is_left_alone(
        self, desk: Desk, action: str
    ) -> None:
        if action != "create":
            desk.sandbox.put("route", "a", conference())
        change = approved(
            desk,
            {
                "create": route("a"),
                "update": updates("route", "a", desc="new"),
                "delete": deletes("route", "a"),
            }[action],
        )
        desk.sandbox.put("route", "a", conference(desc="somebody else"))

        desk.deliver(change)

        assert change.state == State.CONFLICTED
        assert desk.live("a")["desc"] == "somebody else"
        assert desk.writes() == []
        delivery = delivery_of(change)
        assert (delivery.state, delivery.wrote) == ("conflicted", False)
        assert "route a was changed on the gateway by somebody" in delivery.outcome
        assert events_of(change)[-1] == "change.conflicted"

    def test_what_somebody_deleted_since_is_not_made_again(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference())
        change = approved(desk, updates("route", "a", desc="new"))
        desk.sandbox.delete("route", "a")

        desk.deliver(change)

        assert change.state == State.CONFLICTED
        assert desk.live("a") is None
        assert desk.writes() == []

    def test_what_the_gateway_keeps_itself_is_no_conflict(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference(priority=1))
        change = approved(desk, updates("route", "a", desc="new"))
        # The same document again: update_time and modifiedIndex move on.
        desk.sandbox.put("route", "a", conference(priority=1.0))

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert desk.live("a")["desc"] == "new"

    def test_delivering_twice_writes_once(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        delivery = delivery_of(change)

        deliver(delivery.pk)
        before = events_of(change)
        deliver(delivery.pk)

        assert sent(desk) == ["PUT routes/a"]
        assert events_of(change) == before

    def test_a_delivery_that_does_not_exist_is_no_error(self, desk: Desk) -> None:
        deliver(4711)

        assert desk.sandbox.requests() == []

    def test_one_that_is_not_due_yet_waits(self, desk: Desk) -> None:
        due = timezone.now() + timedelta(hours=1)
        change = approved(desk, route("a"), terms=Terms(deliver_after=due))

        desk.deliver(change)

        assert change.state == State.APPROVED
        assert desk.sandbox.requests() == []

        with time_machine.travel(due):
            desk.deliver(change)

        assert change.state == State.APPLIED


class TestSeveralItems:
    def test_they_follow_references(self, desk: Desk) -> None:
        change = desk.applied(
            creates("route", "r", uri="/r", service_id="s"),
            creates("service", "s", upstream_id="u"),
            creates("upstream", "u", **upstream()),
        )

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT upstreams/u", "PUT services/s", "PUT routes/r"]

        desk.sandbox.forget_requests()
        gone = desk.applied(
            deletes("upstream", "u"), deletes("service", "s"), deletes("route", "r")
        )

        assert gone.state == State.APPLIED
        assert sent(desk) == [
            "DELETE routes/r",
            "DELETE services/s",
            "DELETE upstreams/u",
        ]

    def test_a_conflict_in_the_last_writes_nothing_of_the_first(
        self, desk: Desk
    ) -> None:
        desk.sandbox.put("route", "b", conference())
        change = approved(desk, route("a"), updates("route", "b", desc="new"))
        desk.sandbox.put("route", "b", conference(desc="somebody else"))

        desk.deliver(change)

        assert change.state == State.CONFLICTED
        assert desk.writes() == []
        assert desk.live("a") is None

    def test_each_is_read_again_right_before_its_write(self, desk: Desk) -> None:
        """Somebody changes a later one while the first is being written."""
        desk.sandbox.put("route", "b", conference())
        change = approved(
            desk,
            creates("upstream", "a", **upstream()),
            updates("route", "b", desc="new"),
        )
        desk.sandbox.misbehave(do="slow", method="PUT", seconds=1)

        def interfere() -> None:
            eventually(desk.writes, "the first write arrives")
            desk.sandbox.put("route", "b", conference(desc="somebody else"))

        somebody = threading.Thread(target=interfere)
        somebody.start()
        desk.deliver(change)
        somebody.join()

        assert change.state == State.CONFLICTED
        assert sent(desk) == ["PUT upstreams/a", "DELETE upstreams/a"]
        assert desk.live("a", "upstream") is None
        assert desk.live("b")["desc"] == "somebody else"
        assert "upstream a was restored" in delivery_of(change).outcome

    def test_those_that_need_no_other_go_out_together(self, desk: Desk) -> None:
        """Nobody is answered before all have arrived."""
        all_here = threading.Barrier(BATCH, timeout=LONG)

        def intercept(method: str, path: str, body: bytes) -> None:
            if method == "PUT":
                all_here.wait()

        with fronted(desk, intercept):
            change = approved(desk, *(route(f"r{n}") for n in range(BATCH)))
            desk.deliver(change)

        assert change.state == State.APPLIED
        assert not all_here.broken

    def test_those_already_as_wanted_are_passed_over(self, desk: Desk) -> None:
        change = approved(desk, route("a"), route("b"))
        desk.sandbox.put("route", "a", conference(uri="/a"))

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT routes/b"]


class TestEveryKind:
    @pytest.mark.parametrize(
        ("kind", "resource_id", "document", "change"),
        [
            ("upstream", "u", upstream(), {"retries": 2}),
            ("service", "s", {"upstream": upstream()}, {"desc": "new"}),
            ("consumer", "jack", {"plugins": {}}, {"desc": "new"}),
            ("consumer_group", "g", {"plugins": {"cors": {}}}, {"desc": "new"}),
            ("plugin_config", "p", {"plugins": {"cors": {}}}, {"desc": "new"}),
            (
                "plugin_metadata",
                "http-logger",
                {"log_format": {"a": "$host"}},
                {"log_format": {"b": "$uri"}},
            ),
            (
                "global_rule",
                "g",
                {"plugins": {"cors": {}}},
                {"plugins": {"cors": {"allow_origins": "https://a"}}},
            ),
            (
                "secret",
                "vault/1",
                {"uri": "http://127.0.0.1:8200", "prefix": "kv", "token": "t-0123456"},
                {"prefix": "kv2"},
            ),
            ("proto", "p", {"content": 'syntax = "proto3";'}, {"desc": "new"}),
            (
                "stream_route",
                "s",
                {"server_port": 9100, "upstream": upstream()},
                {"desc": "new"},
            ),
        ],
    )
    def test_it_is_created_updated_and_deleted_with_one_write_each(
        self,
        desk: Desk,
        kind: str,
        resource_id: str,
        document: dict[str, Any],
        change: dict[str, Any],
    ) -> None:
        desk.sandbox.misbehave(do="stream", on=True)

        created = desk.applied(creates(kind, resource_id, **document))
        assert created.state == State.APPLIED
        updated = desk.applied(updates(kind, resource_id, **change))
        assert updated.state == State.APPLIED
        live = desk.live(resource_id, kind)
        assert all(live[name] == value for name, value in change.items()) or (
            kind == "plugin_metadata"
        )
        deleted = desk.applied(deletes(kind, resource_id))
        assert deleted.state == State.APPLIED
        assert desk.live(resource_id, kind) is None
        assert [one.partition(" ")[0] for one in sent(desk)] == ["PUT", "PUT", "DELETE"]

    def test_a_credential_goes_below_its_consumer(self, desk: Desk) -> None:
        both = desk.applied(
            creates(
                "credential", "jack/credentials/c1", plugins={"key-auth": {"key": "k1"}}
            ),
            creates("consumer", "jack"),
        )

        assert both.state == State.APPLIED
        assert sent(desk) == [
            "PUT consumers/jack",
            "PUT consumers/jack/credentials/c1",
        ]

        desk.sandbox.forget_requests()
        gone = desk.applied(
            deletes("consumer", "jack"), deletes("credential", "jack/credentials/c1")
        )

        assert gone.state == State.APPLIED
        assert sent(desk) == [
            "DELETE consumers/jack/credentials/c1",
            "DELETE consumers/jack",
        ]

    @pytest.mark.parametrize("lag", [0, 300])
    @pytest.mark.parametrize("how", ["taken out first", "taken out last", "deleted"])
    def test_a_plugin_moves_from_one_global_rule_to_another(
        self, desk: Desk, how: str, lag: int
    ) -> None:
        """One rule at most may hold it, so it must leave the old one first."""
        stays = {"request-id": {}}
        desk.sandbox.put("global_rule", "old", {"plugins": {"cors": {}, **stays}})
        desk.sandbox.misbehave(do="lag", milliseconds=lag)
        leaves = replaces("global_rule", "old", plugins=stays)
        arrives = creates("global_rule", "new", plugins={"cors": {}})

        change = desk.applied(
            *{
                "taken out first": (leaves, arrives),
                "taken out last": (arrives, leaves),
                "deleted": (arrives, deletes("global_rule", "old")),
            }[how]
        )

        assert change.state == State.APPLIED
        assert set(desk.live("new", "global_rule")["plugins"]) == {"cors"}
        old = desk.live("old", "global_rule")
        assert old is None if how == "deleted" else set(old["plugins"]) == set(stays)


class TestCertificates:
    """What GET never shows proves nothing: such an item is always written."""

    def test_one_that_reads_as_wanted_is_written_all_the_same(self, desk: Desk) -> None:
        cert, key = self_signed("a.example.com").pems
        change = approved(
            desk, creates("ssl", "s", cert=cert, key=key, sni="a.example.com")
        )
        # Somebody made it with the same certificate; which key they gave, nobody tells.
        desk.sandbox.put("ssl", "s", {"cert": cert, "key": key, "sni": "a.example.com"})

        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT ssls/s"]

    def test_a_new_key_for_the_same_certificate_is_written_once(
        self, desk: Desk
    ) -> None:
        cert, key = self_signed("a.example.com").pems
        desk.sandbox.put("ssl", "s", {"cert": cert, "key": key, "sni": "a.example.com"})
        change = approved(desk, updates("ssl", "s", cert=cert, key=key))

        desk.deliver(change)
        desk.deliver(change)

        assert change.state == State.APPLIED
        assert sent(desk) == ["PUT ssls/s"]
