"""Gateway, broker and database fail under real workers; nothing approved is lost."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from gateway.models import Resource
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.changes.checkpoints import LOOKING
from portal.changes.models import (
    Attempt,
    ChangeRequest,
    ImportFile,
    NodeSighting,
    ProbeRun,
    Sight,
)
from portal.changes.outbox import LOOK_AFTER
from portal.changes.probe import Probe
from portal.changes.states import State
from portal.changes.tasks import sweep_imports
from portal.changes.terms import Terms
from portal.changes.transfer.formats import Format
from portal.changes.transfer.later import IMPORT_ONE, keep_for_later
from portal.changes.transfer.propose_file import FileAsked
from tests.actors import present
from tests.changes.conftest import conference
from tests.changes.delivering import (
    creates,
    deletes,
    delivery_of,
    events_of,
    route,
    updates,
    upstream,
)
from tests.flow.accidents import Town
from tests.flow.worker import Workers
from tests.gateway.evil import evil, silent
from tests.sandbox import SandboxGateway
from tests.servers.valkey import ValkeyServer
from tests.waiting import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.flow,
    pytest.mark.valkey,
]


@pytest.fixture(scope="class")
def workers(
    each_database: str,
    django_db_blocker: DjangoDbBlocker,
    valkey_server: ValkeyServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("trouble")
    with django_db_blocker.unblock():
        made = Workers(folder, valkey_server.url)
    yield made
    made.close()


@pytest.fixture
def town(
    workers: Workers,
    transactional_db: None,
    sandbox_server: SandboxGateway,
    valkey_server: ValkeyServer,
) -> Iterator[Town]:
    """A gateway, a broker and people; no worker yet."""
    yield Town(sandbox_server, valkey_server, workers)
    workers.kill_all()
    valkey_server.stop()


@pytest.fixture
def staffed(town: Town) -> Town:
    """With a worker of two processes and the scheduler that sweeps."""
    town.workers.ready(town.workers.start(processes=2))
    town.workers.start_scheduler()
    return town


def writes_of(town: Town) -> list[str]:
    """All that changed or could have changed the gateway: `PUT a`."""
    return [
        f"{request['method']} {request['path'].rpartition('/')[2]}"
        for request in town.sandbox.requests()
        if request["method"] in {"PUT", "DELETE", "PATCH"}
    ]


class TestWorkers:
    def test_an_approved_change_is_live_and_mirrored(self, staffed: Town) -> None:
        change = staffed.approved("g", route("a"))

        staffed.wait_for(change)

        assert change.state == State.APPLIED
        assert staffed.sandbox.get("route", "a")["uri"] == "/a"
        eventually(
            lambda: Resource.objects.filter(resource_id="a").exists(),
            "the mirror knows it",
        )
        assert writes_of(staffed) == ["PUT a"]
        assert list(problems()) == []

    def test_a_lost_message_costs_seconds_not_a_change(self, town: Town) -> None:
        change = town.approved("g", route("a"))
        town.broker.empty()
        town.workers.start()
        town.workers.start_scheduler()

        town.wait_for(change)

        assert change.state == State.APPLIED
        assert writes_of(town) == ["PUT a"]

    def test_a_dead_broker_holds_up_no_approval(self, staffed: Town) -> None:
        change = staffed.desk("g").ask(route("a"))
        desk = staffed.desk("other")
        staffed.broker.stop()

        started = time.monotonic()
        desk.approve(change)
        elapsed = time.monotonic() - started

        change.refresh_from_db()
        assert change.state == State.APPROVED
        # A moment, unless the machine stalls; who insists on the broker waits for ever.
        assert elapsed < 20

        staffed.broker.start()
        staffed.wait_for(change)

        assert change.state == State.APPLIED
        assert writes_of(staffed) == ["PUT a"]

    def test_a_silent_node_holds_up_no_change(self, staffed: Town) -> None:
        desk = staffed.desk("g")
        with evil(silent) as node:
            desk.gateway.control_urls = [node.url, staffed.sandbox.control_url]
            desk.gateway.save()
            changes = [desk.ask(route(name)) for name in "abcd"]
            for change in changes:
                desk.approve(change)
            for change in changes:
                staffed.wait_for(change)
                change.refresh_from_db()
                assert change.state == State.APPLIED

            eventually(
                lambda: (
                    sorted(NodeSighting.objects.values_list("url", "state"))
                    == sorted(
                        [(node.url, Sight.UNREACHABLE)] * len(changes)
                        + [(staffed.sandbox.control_url, Sight.REACHED)] * len(changes)
                    )
                ),
                "each node is settled for each change",
            )
        assert writes_of(staffed) == ["PUT a", "PUT b", "PUT c", "PUT d"]

    def test_whoever_looks_after_it_or_reads_a_file_is_replaced(
        self, town: Town
    ) -> None:
        """Killed at the worst moment, their messages lost with them."""
        desk = town.desk("g")
        desk.gateway.public_url = town.sandbox.proxy_url
        desk.gateway.control_urls = [town.sandbox.control_url]
        desk.gateway.save()
        probe = Probe(path="/nowhere", status=404)
        rows: dict[str, tuple[str, int]] = {}
        for at in LOOKING:
            change = desk.ask(route(at), terms=Terms(probe=probe))
            desk.approve(change)
            desk.deliver(change)
            rows[at] = (LOOK_AFTER, delivery_of(change).pk)
        file = keep_for_later(
            FileAsked(
                gateway=desk.gateway,
                source=b"consumers:\n- username: jack\n#END",
                format=Format.APISIX,
                reason="As it was.",
            ),
            actor=present(desk.people.alice),
        )
        rows["filing"] = (IMPORT_ONE, file.pk)
        victims = {at: town.workers.start(at, stop_at=at) for at in rows}
        town.workers.ready(*victims.values())
        for at, victim in victims.items():
            town.send(*rows[at], at)
            victim.wait_at_checkpoint()
            victim.kill()
        assert not ChangeRequest.objects.filter(channel="import").exists()
        town.lose_messages()

        # Their claims run out.
        past = timezone.now() - timedelta(seconds=1)
        ProbeRun.objects.update(not_before=past)
        ImportFile.objects.update(claimed_until=past)
        town.workers.start(processes=2)
        town.workers.start_scheduler()
        sweep_imports()
        sweep_imports()

        eventually(
            lambda: (
                ImportFile.objects.filter(state="filed").exists()
                and not ProbeRun.objects.filter(state="waiting").exists()
            ),
            "others have done it",
        )
        assert set(ProbeRun.objects.values_list("state", flat=True)) == {"passed"}
        assert set(NodeSighting.objects.values_list("state", flat=True)) == {
            Sight.REACHED
        }
        assert AuditEvent.objects.filter(event="probe.passed").count() == len(LOOKING)
        change = ChangeRequest.objects.get(channel="import")
        assert ImportFile.objects.get().change == change
        assert events_of(change) == ["change.submitted"]

    def test_two_workers_told_of_one_change_write_it_once(self, town: Town) -> None:
        both = [town.workers.start("one"), town.workers.start("two")]
        town.workers.ready(*both)
        town.sandbox.misbehave(do="slow", method="GET", path="/routes/a$", seconds=0.2)
        change = town.approved("g", route("a"))
        for _ in range(6):
            town.hint(change)

        town.wait_for(change)
        town.wait_until_idle()

        assert change.state == State.APPLIED
        assert writes_of(town) == ["PUT a"]
        assert Attempt.objects.count() == 1

    def test_many_changes_on_many_gateways_go_out_once_and_in_order(
        self, staffed: Town
    ) -> None:
        desks = [staffed.desk(f"g{n}") for n in range(3)]
        changes = [
            (desk, desk.ask(route(f"{desk.gateway.slug}.{n}")))
            for n in range(4)
            for desk in desks
        ]

        for desk, change in changes:
            desk.approve(change)
        staffed.wait_for(*(change for _, change in changes))

        assert {change.state for _, change in changes} == {State.APPLIED}
        for desk in desks:
            slug = desk.gateway.slug
            mine = [one for one in writes_of(staffed) if f" {slug}." in one]
            assert mine == [f"PUT {slug}.{n}" for n in range(4)]
        assert list(problems()) == []

    def test_a_worker_told_to_stop_ends_what_it_has_begun(self, town: Town) -> None:
        worker = town.workers.start("leaving", stop_at="answered")
        town.workers.ready(worker)
        change = town.approved("g", route("a"))
        town.hint(change, "leaving")
        worker.wait_at_checkpoint()

        # What a deployment does, to the worker's first process alone.
        main = psutil.Process(worker.pid)
        main.send_signal(signal.SIGTERM)
        worker.release()
        town.wait_for(change)

        assert change.state == State.APPLIED
        assert writes_of(town) == ["PUT a"]
        assert "delivery.taken_over" not in events_of(change)
        eventually(lambda: not psutil.pid_exists(worker.pid), "the worker left")


@pytest.mark.parametrize("each_database", ["sqlite"], indirect=True, scope="class")
class TestAGateway:
    @pytest.mark.parametrize(
        ("fault", "writes"),
        [
            ({"do": "drop_after"}, 1),
            ({"do": "slow", "seconds": 1.5, "after": True}, 1),
            ({"do": "reset", "bytes": 60}, 1),
            ({"do": "drop_before"}, 2),
            ({"do": "status", "status": 502}, 2),
        ],
        ids=["dropped after", "too late", "cut", "dropped before", "bad gateway"],
    )
    def test_a_lost_answer_loses_nothing(
        self, staffed: Town, fault: dict[str, object], writes: int
    ) -> None:
        staffed.sandbox.misbehave(method="PUT", times=1, **fault)

        change = staffed.approved("g", route("a"))
        staffed.wait_for(change)

        assert change.state == State.APPLIED
        assert staffed.sandbox.get("route", "a")["uri"] == "/a"
        assert writes_of(staffed) == ["PUT a"] * writes

    def test_a_gateway_that_comes_back_gets_what_was_approved_meanwhile(
        self, staffed: Town
    ) -> None:
        desk = staffed.desk("g")
        first, second = desk.ask(route("a")), desk.ask(route("b"))
        staffed.sandbox.stop()
        desk.approve(first)
        desk.approve(second)
        eventually(
            lambda: Attempt.objects.filter(finished_at__isnull=False).count() >= 2,
            "both were tried in vain",
        )

        staffed.sandbox.start()
        staffed.wait_for(first, second)

        assert (first.state, second.state) == (State.APPLIED, State.APPLIED)
        assert sorted(writes_of(staffed)) == ["PUT a", "PUT b"]
        assert "delivery.postponed" in events_of(first)

    def test_a_gateway_that_goes_away_between_write_and_read_back(
        self, staffed: Town
    ) -> None:
        staffed.sandbox.misbehave(
            do="refuse", method="GET", path="/routes/a$", skip=2, times=1, seconds=2
        )

        change = staffed.approved("g", route("a"))
        staffed.wait_for(change)

        assert change.state == State.APPLIED
        assert writes_of(staffed) == ["PUT a"]

    def test_what_somebody_changed_since_it_was_planned_is_left_alone(
        self, staffed: Town
    ) -> None:
        desk = staffed.desk("g")
        staffed.sandbox.put("route", "a", conference())
        change = desk.ask(updates("route", "a", desc="ours"))
        staffed.sandbox.put("route", "a", conference(desc="theirs"))

        desk.approve(change)
        staffed.wait_for(change)

        assert change.state == State.CONFLICTED
        assert staffed.sandbox.get("route", "a")["desc"] == "theirs"
        assert writes_of(staffed) == []
        assert "changed on the gateway by somebody else" in delivery_of(change).outcome

    def test_a_delete_right_after_its_only_referrer_went(self, staffed: Town) -> None:
        """Approved one after the other; the guards see the first a second late."""
        desk = staffed.desk("g")
        staffed.sandbox.put("upstream", "u", upstream())
        staffed.sandbox.put("route", "r", {"uri": "/r", "upstream_id": "u"})
        first = desk.ask(deletes("route", "r"))
        staffed.sandbox.delete("route", "r")
        second = desk.ask(deletes("upstream", "u"))
        staffed.sandbox.put("route", "r", {"uri": "/r", "upstream_id": "u"})
        staffed.sandbox.misbehave(do="lag", milliseconds=1000)

        desk.approve(first)
        desk.approve(second)
        staffed.wait_for(first, second)

        assert (first.state, second.state) == (State.APPLIED, State.APPLIED)
        assert staffed.sandbox.get("upstream", "u") is None

    def test_a_refused_later_item_leaves_nothing_behind(self, staffed: Town) -> None:
        desk = staffed.desk("g")
        staffed.sandbox.put("upstream", "gone", upstream())
        change = desk.ask(
            route("a"), creates("route", "b", uri="/b", upstream_id="gone")
        )
        staffed.sandbox.delete("upstream", "gone")

        desk.approve(change)
        staffed.wait_for(change)

        assert change.state == State.FAILED
        assert staffed.sandbox.get("route", "a") is None
        assert "route a was restored" in delivery_of(change).outcome


@pytest.mark.parametrize(
    "each_database",
    [pytest.param("postgresql", marks=pytest.mark.postgresql)],
    indirect=True,
    scope="class",
)
class TestALostConnection:
    @pytest.mark.parametrize("at", ["looked", "answered", "all_written"])
    def test_to_the_database_costs_an_attempt_not_a_change(
        self, town: Town, at: str
    ) -> None:
        worker = town.workers.start("cut", stop_at=at)
        town.workers.ready(worker)
        change = town.approved("g", route("a"))
        town.hint(change, "cut")
        worker.wait_at_checkpoint()

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        worker.release()
        town.lose_messages()
        town.workers.start()
        town.workers.start_scheduler()
        town.wait_for(change)

        assert change.state == State.APPLIED
        assert writes_of(town) == ["PUT a"]
        assert Attempt.objects.count() == 2
