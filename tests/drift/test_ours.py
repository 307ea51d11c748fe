"""What Gatehouse itself writes is no drift, whatever else happens meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from gateway.models import Gateway, Resource
from portal.changes.models import ChangeRequest
from portal.changes.operate import retry
from portal.changes.signals import applied
from portal.changes.states import State
from portal.drift.models import Drift
from portal.drift.scan import scan
from tests.actors import present
from tests.certificates import self_signed
from tests.changes.conftest import conference
from tests.changes.delivering import (
    approved,
    creates,
    deletes,
    delivery_of,
    limit_is_reached,
    route,
    time_passes,
    updates,
    upstream,
)
from tests.changes.test_compensate import doomed
from tests.drift.conftest import Watched
from tests.drift.meanwhile import meanwhile
from tests.waiting import LONG


def nothing_is_found(desk: Watched) -> None:
    """Nothing now, nothing in the next two scans, and nothing was in between."""
    desk.scan()
    desk.scan()
    assert desk.events() == []
    assert Drift.objects.count() == 0


def mirrored(resource_id: str, kind: str = "route") -> dict[str, Any] | None:
    found = Resource.objects.filter(kind=kind, resource_id=resource_id).first()
    return found.document if found else None


@pytest.fixture
def adopted(desk: Watched) -> Watched:
    desk.outside("route", "a", conference(uri="/a"))
    desk.scan()
    return desk


@pytest.mark.django_db
class TestApplied:
    def test_creation_change_and_deletion(self, adopted: Watched) -> None:
        adopted.outside("route", "b", conference(uri="/b"))
        adopted.scan()
        Drift.objects.all().delete()

        change = adopted.applied(
            route("c"), updates("route", "a", desc="ours"), deletes("route", "b")
        )

        assert change.state == State.APPLIED
        assert (mirrored("a") or {})["desc"] == "ours"
        assert mirrored("b") is None
        adopted.scan()
        assert adopted.found() == []

    def test_a_private_key_that_the_gateway_encrypts(self, adopted: Watched) -> None:
        cert, key = self_signed("client.example.com").pems
        tls = {"client_cert": cert, "client_key": key}

        adopted.applied(
            creates("upstream", "u", **upstream(scheme="https", tls=tls)),
            creates("ssl", "s", cert=cert, key=key, sni="client.example.com"),
        )

        nothing_is_found(adopted)
        assert key not in str(list(Resource.objects.values("document")))

    def test_a_private_key_stays_known_although_it_is_never_shown(
        self, adopted: Watched
    ) -> None:
        """So that a certificate can be restored."""
        cert, key = self_signed("a.example.com").pems
        adopted.applied(creates("ssl", "s", cert=cert, key=key, sni="a.example.com"))

        adopted.scan()
        adopted.scan()

        assert Resource.objects.get(kind="ssl").whole()["key"] == key
        assert "key" not in Resource.objects.get(kind="ssl").document

    def test_another_private_key_from_outside_is_found(self, adopted: Watched) -> None:
        cert, key = self_signed("client.example.com").pems
        other_cert, other_key = self_signed("client.example.com").pems
        tls = {"client_cert": cert, "client_key": key}
        adopted.applied(creates("upstream", "u", **upstream(scheme="https", tls=tls)))
        adopted.scan()

        tls = {"client_cert": other_cert, "client_key": other_key}
        adopted.outside("upstream", "u", upstream(scheme="https", tls=tls))
        adopted.scan()

        assert adopted.found() == [("altered", "upstream", "u")]

    def test_what_was_done_outside_before_it_was_seen_is_found_still(
        self, adopted: Watched
    ) -> None:
        """Planned against it and delivered onto it, no scan ever saw it alone."""
        adopted.outside("route", "a", conference(uri="/a", priority=7))

        adopted.applied(updates("route", "a", desc="ours"))
        adopted.scan()

        drift = Drift.objects.get()
        assert [one.dotted for one in drift.differences] == ["priority"]
        assert (drift.baseline or {})["desc"] == "ours"

    def test_what_was_made_outside_and_changed_by_us_is_found_still(
        self, adopted: Watched
    ) -> None:
        adopted.outside("route", "x", conference(uri="/x"))

        adopted.applied(updates("route", "x", desc="ours"))
        adopted.scan()

        assert adopted.found() == [("created", "route", "x")]

    def test_it_is_told_whether_the_gateway_was_seen_as_it_was(
        self, adopted: Watched
    ) -> None:
        told: list[bool] = []

        def heard(*, is_stale: bool, **kwargs: Any) -> None:
            told.append(is_stale)

        applied.connect(heard)
        try:
            adopted.applied(route("mine"))
            adopted.outside("route", "theirs", conference(uri="/theirs"))
            adopted.applied(updates("route", "theirs", desc="ours"))
        finally:
            applied.disconnect(heard)

        assert told == [False, True]

    def test_what_is_done_outside_right_after_is_found(self, adopted: Watched) -> None:
        adopted.applied(updates("route", "a", desc="ours"))
        adopted.outside("route", "a", conference(uri="/a", desc="theirs"))

        adopted.scan()

        drift = Drift.objects.get()
        assert (drift.baseline or {})["desc"] == "ours"
        assert (drift.live or {})["desc"] == "theirs"


@pytest.mark.django_db
class TestFailed:
    def test_what_was_restored(self, adopted: Watched) -> None:
        change = doomed(adopted, updates("route", "a", desc="ours"), route("b"))

        adopted.deliver(change)

        assert change.state == State.FAILED
        nothing_is_found(adopted)

    def test_what_stands_written_and_is_named(self, adopted: Watched) -> None:
        """The gateway would not take the old one back: what we wrote is there."""
        change = doomed(adopted, route("b"))
        adopted.sandbox.misbehave(do="status", method="DELETE")
        adopted.deliver(change)
        limit_is_reached(change)
        adopted.deliver(change)
        adopted.sandbox.behave()
        assert change.state == State.FAILED
        assert adopted.live("b") is not None

        nothing_is_found(adopted)

        assert mirrored("b") is not None

    def test_what_stands_written_on_top_of_what_was_done_outside(
        self, adopted: Watched
    ) -> None:
        adopted.outside("route", "a", conference(uri="/a", priority=7))
        adopted.outside("upstream", "gone", upstream())
        adopted.scan()
        change = doomed(adopted, updates("route", "a", desc="ours"))
        adopted.sandbox.misbehave(do="status", method="PUT", path="/routes/a$", skip=1)
        adopted.deliver(change)
        limit_is_reached(change)
        adopted.deliver(change)
        adopted.sandbox.behave()
        assert adopted.live("a")["desc"] == "ours"

        adopted.scan()

        drift = Drift.objects.get(kind="route")
        assert [one.dotted for one in drift.differences] == ["priority"]

    def test_what_was_left_is_no_excuse_for_what_comes_later(
        self, adopted: Watched
    ) -> None:
        change = doomed(adopted, route("b"))
        adopted.sandbox.misbehave(do="status", method="DELETE")
        adopted.deliver(change)
        limit_is_reached(change)
        adopted.deliver(change)
        adopted.sandbox.behave()
        adopted.scan()

        adopted.outside("route", "b", conference(uri="/theirs"))
        adopted.scan()

        assert adopted.found() == [("altered", "route", "b")]

    def test_what_somebody_wrote_over_it_is_found(self, adopted: Watched) -> None:
        change = doomed(adopted, updates("route", "a", desc="ours"))
        adopted.sandbox.misbehave(do="status", method="PUT", path="/routes/a$", skip=1)
        adopted.deliver(change)
        adopted.outside("route", "a", conference(uri="/theirs"))
        adopted.sandbox.behave()
        time_passes(change)
        adopted.deliver(change)
        assert change.state == State.CONFLICTED

        adopted.scan()

        assert ("altered", "route", "a") in adopted.found()

    def test_what_waits_for_a_retry(self, adopted: Watched) -> None:
        change = doomed(adopted, route("b"))
        adopted.sandbox.misbehave(do="status", method="DELETE")
        adopted.deliver(change)
        limit_is_reached(change)
        adopted.deliver(change)
        adopted.sandbox.behave()
        retry(change, actor=present(adopted.people.omar))
        assert delivery_of(change).state == "pending"

        nothing_is_found(adopted)


@pytest.mark.django_db
class TestUnderWay:
    def test_a_worker_that_died_after_writing(self, adopted: Watched) -> None:
        """Its lease is over and nobody took over yet."""
        change = doomed(adopted, route("b"))
        adopted.sandbox.misbehave(do="status", method="DELETE")
        adopted.deliver(change)
        assert delivery_of(change).state == "sending"
        assert adopted.live("b") is not None

        nothing_is_found(adopted)

        # It is found out once the delivery has ended, not lost.
        adopted.sandbox.behave()
        time_passes(change)
        adopted.deliver(change)
        nothing_is_found(adopted)
        assert mirrored("b") is None

    def test_elsewhere_on_the_gateway_drift_is_found_meanwhile(
        self, adopted: Watched
    ) -> None:
        change = doomed(adopted, route("b"))
        adopted.sandbox.misbehave(do="status", method="DELETE")
        adopted.deliver(change)
        adopted.outside("route", "a", conference(uri="/elsewhere"))

        adopted.scan()

        assert adopted.found() == [("altered", "route", "a")]


SCAN_POINTS = [
    ("GET", "/plugins/list?subsystem=http", "before"),
    ("GET", "/routes", "before"),
    ("GET", "/routes", "after"),
    ("GET", "/stream_routes", "after"),
]
DELIVERY_POINTS = [
    ("GET", "/routes/a", "after"),
    ("PUT", "/routes/a", "before"),
    ("PUT", "/routes/a", "after"),
    ("PUT", "/routes/c", "before"),
    ("DELETE", "/routes/b", "after"),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestRaces:
    """Real threads, each with a connection of its own, at every exact moment."""

    @pytest.fixture(autouse=True)
    def database(self, each_database: str) -> str:
        return each_database

    def change(self, desk: Watched) -> ChangeRequest:
        """Create, change and delete; asked for and approved."""
        return approved(
            desk, route("c"), updates("route", "a", desc="ours"), deletes("route", "b")
        )

    @pytest.fixture
    def two(self, desk: Watched) -> Watched:
        """A gateway with routes a and b."""
        desk.outside("route", "a", conference(uri="/a"))
        desk.outside("route", "b", conference(uri="/b"))
        desk.scan()
        return desk

    @pytest.mark.parametrize("point", SCAN_POINTS, ids=lambda p: f"{p[1]} {p[2]}")
    def test_a_delivery_while_the_gateway_is_read(
        self, two: Watched, point: tuple[str, str, str]
    ) -> None:
        method, path, when = point
        with meanwhile(two) as between:
            change = self.change(two)
            getattr(between, when)(method, path, lambda: two.deliver(change))

            two.scan()

        change.refresh_from_db()
        assert change.state == State.APPLIED
        assert (mirrored("a") or {})["desc"] == "ours"
        assert mirrored("c") is not None
        assert mirrored("b") is None
        nothing_is_found(two)

    @pytest.mark.parametrize("point", DELIVERY_POINTS, ids=lambda p: f"{p[1]} {p[2]}")
    def test_a_scan_while_a_delivery_is_under_way(
        self, two: Watched, point: tuple[str, str, str]
    ) -> None:
        method, path, when = point
        with meanwhile(two) as between:
            change = self.change(two)
            getattr(between, when)(method, path, two.scan)

            two.deliver(change)

        assert change.state == State.APPLIED
        nothing_is_found(two)

    def test_a_scan_that_saw_what_was_restored_before_it_wrote_it_down(
        self, two: Watched
    ) -> None:
        seen, restored = threading.Event(), threading.Event()
        scanning: list[threading.Thread] = []

        def start_scan() -> None:
            thread = threading.Thread(target=self.closing(two.scan))
            thread.start()
            scanning.append(thread)
            assert seen.wait(LONG)

        def hold_the_answer() -> None:
            seen.set()
            assert restored.wait(LONG)

        with meanwhile(two) as between:
            change = doomed(two, updates("route", "a", desc="ours"), route("c"))
            between.after("GET", "/routes", hold_the_answer)
            between.before("PUT", "/routes/z", start_scan)
            two.deliver(change)
            restored.set()
            scanning[0].join(LONG)

        assert change.state == State.FAILED
        assert (two.live("a") or {}).get("desc") is None
        two.scan()
        assert [d for d in two.found() if d[2] in "abc"] == []
        assert "drift.moved" not in two.events()

    def test_two_scanners_at_once_record_everything_once(self, two: Watched) -> None:
        two.outside("route", "a", conference(uri="/elsewhere"))
        two.outside("route", "d", conference(uri="/d"))
        # Both get at it: the first is taken for dead.
        done = self.race(*[lambda: self.scan_regardless(two)] * 4)

        assert True in done
        assert two.found() == [("altered", "route", "a"), ("created", "route", "d")]
        assert sorted(two.events()) == ["drift.found", "drift.found"]

    def test_of_two_scanners_one_reads(self, two: Watched) -> None:
        with meanwhile(two) as between:
            again: list[bool] = []
            between.before("GET", "/routes", lambda: again.append(two.scan()))

            assert two.scan()

        assert again == [False]

    def test_scans_and_deliveries_in_any_order(self, two: Watched) -> None:
        changes = [self.change(two), *(approved(two, route(f"n{n}")) for n in range(3))]

        self.race(
            *[lambda: [two.scan() for _ in range(6)]] * 2,
            lambda: [two.deliver(change) for change in changes],
        )

        assert set(ChangeRequest.objects.values_list("state", flat=True)) == {
            State.APPLIED
        }
        nothing_is_found(two)

    def scan_regardless(self, desk: Watched) -> bool:
        Gateway.objects.update(mirroring_until=None)
        return scan(Gateway.objects.get(pk=desk.gateway.pk))

    def closing(self, work: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            try:
                return work()
            finally:
                connections.close_all()

        return run

    def race(self, *works: Callable[[], Any]) -> list[Any]:
        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(lambda work: self.closing(work)(), works))
