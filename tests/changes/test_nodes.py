"""Whether what was delivered has arrived at the nodes, as their Control APIs tell."""

import json
from typing import Any

import pytest

from portal.celery import app
from portal.changes import nodes
from portal.changes.models import ChangeRequest, NodeSighting, Sight
from portal.changes.nodes import ITEMS_AT_MOST, watch
from portal.changes.states import State
from portal.changes.tasks import sweep
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    creates,
    deletes,
    delivery_of,
    events_of,
    route,
    updates,
    upstream,
)
from tests.gateway.evil import evil, http, says, silent

pytestmark = pytest.mark.django_db

# Far longer than any test: nothing counts as late.
NEVER = 3600.0


@pytest.fixture(autouse=True)
def patience(settings: Any) -> None:
    settings.NODE_WAIT = NEVER


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A gateway of one node."""
    desk.gateway.control_urls = [desk.sandbox.control_url]
    desk.gateway.save()
    return desk


def delivered(desk: Desk, *items: Any) -> ChangeRequest:
    return desk.deliver(approved(desk, *items))


def watched(change: ChangeRequest) -> bool:
    return watch(delivery_of(change).pk)


def seen(change: ChangeRequest) -> list[tuple[str, str]]:
    """How each node stands, in the gateway's order."""
    rows = NodeSighting.objects.filter(delivery=delivery_of(change))
    return [(row.state, row.words) for row in rows]


class TestReached:
    def test_a_node_that_holds_it_is_seen_at_once(self, desk: Desk) -> None:
        change = delivered(desk, route("a"))
        assert seen(change) == [("waiting", "")]

        assert watched(change)

        assert seen(change) == [("reached", "")]
        sighting = NodeSighting.objects.get()
        assert sighting.url == desk.sandbox.control_url
        assert sighting.milliseconds is not None

    @pytest.mark.parametrize("kind", ["route", "service", "upstream"])
    def test_creating_updating_and_deleting_are_seen(
        self, desk: Desk, kind: str
    ) -> None:
        document = {
            "route": conference(),
            "service": {"upstream": upstream()},
            "upstream": upstream(),
        }[kind]
        for item in (
            creates(kind, "a", **document),
            updates(kind, "a", desc="new"),
            deletes(kind, "a"),
        ):
            change = delivered(desk, item)
            assert watched(change)
            assert seen(change) == [("reached", "")]

    def test_what_a_later_change_wrote_counts_as_well(self, desk: Desk) -> None:
        first = delivered(desk, route("a"))
        delivered(desk, deletes("route", "a"))

        assert watched(first)

        assert seen(first) == [("reached", "")]

    def test_a_second_look_changes_nothing(self, desk: Desk) -> None:
        change = delivered(desk, route("a"))
        watched(change)
        before = NodeSighting.objects.values().get()
        desk.sandbox.stop()

        assert watched(change)

        assert NodeSighting.objects.values().get() == before


class TestLate:
    def test_a_node_that_lags_is_waited_for(self, desk: Desk) -> None:
        desk.sandbox.put("upstream", "u", upstream())
        desk.sandbox.misbehave(do="lag", milliseconds=3_600_000)
        change = delivered(desk, updates("upstream", "u", desc="new"))

        assert not watched(change)
        words = "It does not hold this yet: upstream u."
        assert seen(change) == [("waiting", words)]

        desk.sandbox.behave()
        assert watched(change)
        assert seen(change) == [("reached", "")]

    @pytest.mark.parametrize("action", ["create", "delete"])
    def test_it_lags_in_what_comes_and_goes(self, desk: Desk, action: str) -> None:
        if action == "delete":
            desk.sandbox.put("route", "a", conference())
        desk.sandbox.misbehave(do="lag", milliseconds=3_600_000)
        change = delivered(
            desk, route("a") if action == "create" else deletes("route", "a")
        )

        assert not watched(change)

        assert seen(change) == [("waiting", "It does not hold this yet: route a.")]

    def test_after_the_limit_it_is_said_to_lag(self, desk: Desk, settings: Any) -> None:
        desk.sandbox.misbehave(do="lag", milliseconds=3_600_000)
        change = delivered(desk, route("a"))
        settings.NODE_WAIT = 0.0

        assert watched(change)

        assert seen(change) == [("lagging", "It does not hold this yet: route a.")]
        assert change.state == State.APPLIED
        assert events_of(change)[-1] == "change.applied"

    def test_a_node_that_is_down_is_unreachable(
        self, desk: Desk, settings: Any
    ) -> None:
        with evil(silent) as gone:
            desk.gateway.control_urls = [gone.url, desk.sandbox.control_url]
            desk.gateway.save()
        change = delivered(desk, route("a"))
        assert not watched(change)
        settings.NODE_WAIT = 0.0

        assert watched(change)

        down, up = seen(change)
        assert up == ("reached", "")
        assert down[0] == Sight.UNREACHABLE
        assert "connection refused" in down[1]

    @pytest.mark.parametrize(
        "answer",
        [
            http(200, b"<html>", "text/html"),
            http(404, b"<html>", "text/html"),
            http(200, b"[]"),
            http(200, json.dumps({"modifiedIndex": "new"}).encode()),
            http(302, b"{}", more="Location: http://169.254.169.254/\r\n"),
            http(500, b'{"error_msg":"no"}'),
        ],
    )
    def test_what_is_no_control_api_is_said_to_be_none(
        self, desk: Desk, settings: Any, answer: bytes
    ) -> None:
        with evil(says(answer)) as server:
            desk.gateway.control_urls = [server.url]
            desk.gateway.save()
            change = delivered(desk, route("a"))
            settings.NODE_WAIT = 0.0
            assert watched(change)

        state, words = seen(change)[0]
        assert state == Sight.UNREACHABLE
        assert "answers as no Control API does" in words

    def test_a_silent_node_costs_a_bounded_time(
        self, desk: Desk, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(nodes, "NODE_DEADLINE", 0.3)
        with evil(silent) as server:
            desk.gateway.control_urls = [server.url]
            desk.gateway.save()
            change = delivered(desk, route("a"))
            settings.NODE_WAIT = 0.0
            assert watched(change)

        assert "did not answer within 0.3 s" in seen(change)[0][1]

    def test_without_the_admin_api_nobody_can_compare(
        self, desk: Desk, settings: Any
    ) -> None:
        change = delivered(desk, route("a"))
        desk.sandbox.stop()
        settings.NODE_WAIT = 0.0

        assert watched(change)

        state, words = seen(change)[0]
        assert state == Sight.UNREACHABLE
        assert words.startswith("Nobody can compare what it holds: The Admin API at")


class TestWhoIsAsked:
    def test_nobody_without_addresses(self, desk: Desk) -> None:
        desk.gateway.control_urls = []
        desk.gateway.save()

        change = delivered(desk, route("a"))

        assert not NodeSighting.objects.exists()
        assert watched(change)

    def test_nobody_of_what_nodes_do_not_tell(self, desk: Desk) -> None:
        delivered(desk, creates("consumer", "jack", username="jack"))

        assert not NodeSighting.objects.exists()

    def test_nobody_of_what_was_not_delivered(self, desk: Desk) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.put("route", "a", conference(desc="somebody else's"))

        desk.deliver(change)

        assert change.state == State.CONFLICTED
        assert not NodeSighting.objects.exists()

    def test_of_many_items_the_last_ones(self, desk: Desk) -> None:
        with evil(says(http(404, b'{"error_msg":"route[a] not found"}'))) as server:
            desk.gateway.control_urls = [server.url]
            desk.gateway.save()
            ids = [f"r{number:02}" for number in range(ITEMS_AT_MOST + 3)]
            change = delivered(desk, *map(route, ids))
            watched(change)
            asked = {request.split(b" ")[1].decode() for request in server.requests}

        assert asked == {f"/v1/route/{name}" for name in ids[3:]}

    def test_the_worker_of_the_delivery_asks_nobody(self, desk: Desk) -> None:
        with evil(silent) as server:
            desk.gateway.control_urls = [server.url]
            desk.gateway.save()
            delivered(desk, route("a"))
            assert server.connections == 0


def test_the_sweep_finds_what_a_lost_message_left(desk: Desk) -> None:
    change = delivered(desk, route("a"))

    app.conf.task_always_eager = True
    try:
        sweep()
    finally:
        app.conf.task_always_eager = False

    assert seen(change) == [("reached", "")]
