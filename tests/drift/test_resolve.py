"""A drift is accepted, left be, or undone by a change: by whom, when, and once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.models import Scope
from portal.audit.models import AuditEvent
from portal.changes.errors import Blocked, GatewayDown, NoSuchResource
from portal.changes.errors import Malformed as MalformedChange
from portal.changes.models import ChangeRequest
from portal.changes.propose import REASON_LIMIT
from portal.changes.review import reject
from portal.changes.states import State
from portal.drift.errors import DriftError, Malformed, MovedMeanwhile, NotStanding
from portal.drift.models import Drift, DriftRule, DriftState
from portal.drift.resolve import adopt, ignore, revert
from portal.drift.ruling import add_rule
from tests.actors import present, program
from tests.certificates import self_signed
from tests.changes.conftest import conference
from tests.drift.conftest import Watched, upstream
from tests.drift.meanwhile import meanwhile
from tests.factories import make_person, make_token
from tests.test_locks import waiting
from tests.waiting import LONG, eventually

WHY = "It was an emergency."


@pytest.fixture
def drifted(desk: Watched) -> Watched:
    """Somebody changed route a, deleted upstream u and made route b."""
    desk.outside("route", "a", conference(uri="/a"))
    desk.outside("upstream", "u", upstream())
    desk.scan()
    desk.outside("route", "a", conference(uri="/elsewhere", priority=7))
    desk.outside("upstream", "u", None)
    desk.outside("route", "b", conference(uri="/b"))
    desk.scan()
    desk.start_counting()
    return desk


def drift_of(kind: str, resource_id: str) -> Drift:
    return Drift.objects.get(kind=kind, resource_id=resource_id)


@pytest.fixture
def drift(drifted: Watched) -> Drift:
    """The changed route."""
    return drift_of("route", "a")


def decide(
    operation: Callable[..., Drift], drift: Drift, actor: Actor, **fields: str
) -> Drift:
    return operation(
        drift,
        **{"seen": drift.live_digest, "reason": WHY} | fields,
        actor=actor,
    )


def refused(error: type[Exception], act: Callable[[], Any]) -> Exception:
    """Assert that the act is refused so and that nothing at all was written."""

    def everything() -> list[Any]:
        return [
            list(Drift.objects.order_by("pk").values()),
            ChangeRequest.objects.count(),
            AuditEvent.objects.count(),
        ]

    before = everything()
    with pytest.raises(error) as raised:
        act()
    assert everything() == before
    return raised.value


@pytest.mark.parametrize("operation", [adopt, ignore])
class TestDecided:
    def test_it_is_remembered_who_and_why(
        self, drifted: Watched, drift: Drift, operation: Callable[..., Drift]
    ) -> None:
        state = "adopted" if operation is adopt else "ignored"

        decide(operation, drift, present(drifted.people.omar), reason=f" {WHY} ")

        drift.refresh_from_db()
        assert drift.state == state
        assert drift.resolved_by == drifted.people.omar
        assert drift.resolved_at is not None
        assert drift.reason == WHY
        event = AuditEvent.objects.order_by("number").last()
        assert event is not None
        assert (event.event, event.actor) == (f"drift.{state}", "omar")
        assert event.subject_id == str(drift.pk)
        assert event.details["reason"] == WHY
        assert "uri: /a → /elsewhere" in event.details["changes"]
        assert drifted.events() == [f"drift.{state}"]

    def test_nothing_is_written_to_the_gateway(
        self, drifted: Watched, drift: Drift, operation: Callable[..., Drift]
    ) -> None:
        drifted.sandbox.forget_requests()

        decide(operation, drift, present(drifted.people.omar))

        assert drifted.sandbox.requests() == []

    @pytest.mark.parametrize("name", ["alice", "riley", "audrey"])
    def test_only_operators_may(
        self,
        drifted: Watched,
        drift: Drift,
        operation: Callable[..., Drift],
        name: str,
    ) -> None:
        actor = present(getattr(drifted.people, name))

        refused(NotAllowed, lambda: decide(operation, drift, actor))

    def test_no_program_may(
        self, drifted: Watched, drift: Drift, operation: Callable[..., Drift]
    ) -> None:
        for actor in (program(drifted.people.omar), Actor.system("drift scan")):
            refused(NotPresent, lambda actor=actor: decide(operation, drift, actor))

    def test_a_stranger_is_told_nothing(
        self, drifted: Watched, drift: Drift, operation: Callable[..., Drift]
    ) -> None:
        stranger = present(make_person("stranger"))

        refused(NotVisible, lambda: decide(operation, drift, stranger))

    @pytest.mark.parametrize("reason", ["", " \n", "x" * (REASON_LIMIT + 1)])
    def test_it_takes_a_reason_of_some_length(
        self,
        drifted: Watched,
        drift: Drift,
        operation: Callable[..., Drift],
        reason: str,
    ) -> None:
        omar = present(drifted.people.omar)

        error = refused(
            Malformed, lambda: decide(operation, drift, omar, reason=reason)
        )

        assert isinstance(error, DriftError)
        assert error.field == "reason"

    def test_what_moved_since_is_not_decided_on(
        self, drifted: Watched, drift: Drift, operation: Callable[..., Drift]
    ) -> None:
        drifted.outside("route", "a", conference(uri="/worse"))
        drifted.scan()
        omar = present(drifted.people.omar)

        # `drift` still says what the person saw.
        refused(MovedMeanwhile, lambda: decide(operation, drift, omar))

    def test_once_it_is_over_there_is_nothing_to_decide(
        self, drifted: Watched, drift: Drift, operation: Callable[..., Drift]
    ) -> None:
        drifted.outside("route", "a", conference(uri="/a"))
        drifted.scan()
        omar = present(drifted.people.omar)

        refused(NotStanding, lambda: decide(operation, drift, omar))


class TestAdopt:
    def test_what_is_live_is_the_baseline_from_then_on(
        self, drifted: Watched, drift: Drift
    ) -> None:
        decide(adopt, drift, present(drifted.people.omar))
        drifted.scan()
        assert ("altered", "route", "a") not in drifted.found()

        drifted.outside("route", "a", conference(uri="/third", priority=7))
        drifted.scan()

        again = Drift.objects.get(kind="route", resource_id="a", state="open")
        assert [one.describe() for one in again.differences] == [
            "uri: /elsewhere → /third"
        ]

    @pytest.mark.parametrize("one", [("upstream", "u"), ("route", "b")])
    def test_a_deletion_or_creation_too(
        self, drifted: Watched, one: tuple[str, str]
    ) -> None:
        decide(adopt, drift_of(*one), present(drifted.people.omar))

        drifted.scan()

        assert one not in [found[1:] for found in drifted.found()]

    def test_what_was_ignored_may_still_be_accepted(
        self, drifted: Watched, drift: Drift
    ) -> None:
        decide(ignore, drift, present(drifted.people.omar))

        decide(adopt, drift, present(drifted.people.omar))

        assert drift_of("route", "a").state == DriftState.ADOPTED


class TestIgnore:
    def test_it_is_left_be_until_it_moves_again(
        self, drifted: Watched, drift: Drift
    ) -> None:
        decide(ignore, drift, present(drifted.people.omar))
        drifted.scan()
        assert drift_of("route", "a").state == DriftState.IGNORED

        drifted.outside("route", "a", conference(uri="/third"))
        drifted.scan()

        drift.refresh_from_db()
        assert drift.state == DriftState.OPEN
        assert (drift.resolved_by, drift.resolved_at, drift.reason) == (None, None, "")
        # What was approved is still what counts.
        assert (drift.baseline or {})["uri"] == "/a"
        assert drifted.events() == ["drift.ignored", "drift.moved"]

    def test_back_at_the_baseline_it_is_gone(
        self, drifted: Watched, drift: Drift
    ) -> None:
        decide(ignore, drift, present(drifted.people.omar))
        drifted.outside("route", "a", conference(uri="/a"))

        drifted.scan()

        assert drift_of("route", "a").state == DriftState.GONE

    def test_twice_is_refused(self, drifted: Watched, drift: Drift) -> None:
        omar = present(drifted.people.omar)
        decide(ignore, drift, omar)

        refused(NotStanding, lambda: decide(ignore, drift, omar))


class TestRevert:
    @pytest.mark.parametrize(
        ("kind", "resource_id", "action"),
        [
            ("route", "a", "update"),
            ("upstream", "u", "create"),
            ("route", "b", "delete"),
        ],
    )
    def test_a_change_restores_the_baseline(
        self, drifted: Watched, kind: str, resource_id: str, action: str
    ) -> None:
        drift = drift_of(kind, resource_id)

        change = revert(drift, reason=WHY, actor=present(drifted.people.alice)).change

        [item] = change.latest_revision().items.all()
        assert (item.action, item.kind, item.resource_id) == (action, kind, resource_id)
        assert (change.channel, change.state) == ("drift", State.IN_REVIEW)
        assert change.author == drifted.people.alice
        drift.refresh_from_db()
        assert (drift.change, drift.state) == (change, DriftState.OPEN)

        drifted.approve(change)
        drifted.deliver(change)

        assert change.state == State.APPLIED
        drift.refresh_from_db()
        assert drift.state == DriftState.REVERTED
        assert drift.resolved_at is not None
        assert drifted.events() == ["drift.revert_asked", "drift.reverted"]
        drifted.scan()
        assert (kind, resource_id) not in [found[1:] for found in drifted.found()]

    def test_all_is_as_it_was_secrets_too(self, drifted: Watched) -> None:
        before = {
            "username": "jack",
            "plugins": {"key-auth": {"key": "the-old-secret"}},
        }
        drifted.outside("consumer", "jack", before)
        drifted.scan()
        decide(adopt, drift_of("consumer", "jack"), present(drifted.people.omar))
        drifted.outside(
            "consumer",
            "jack",
            {"username": "jack", "plugins": {"key-auth": {"key": "the-new-secret"}}},
        )
        drifted.scan()
        drift = Drift.objects.open().get(kind="consumer")

        change = revert(drift, reason=WHY, actor=present(drifted.people.alice)).change
        drifted.approve(change)
        drifted.deliver(change)

        assert drifted.live("jack", "consumer")["plugins"] == before["plugins"]
        told = repr([*AuditEvent.objects.values("details"), change.summary])
        assert "-secret" not in told

    def test_a_program_may_ask_as_it_may_for_any_change(
        self, drifted: Watched, drift: Drift
    ) -> None:
        change = revert(drift, reason=WHY, actor=program(drifted.people.alice)).change

        assert change.token is not None
        assert change.channel == "drift"

    def test_a_program_without_the_scope_may_not(
        self, drifted: Watched, drift: Drift
    ) -> None:
        token, _ = make_token(drifted.people.omar, scopes=[Scope.READ])
        reader = Actor(person=drifted.people.omar, channel="api", token=token)

        refused(NotAllowed, lambda: revert(drift, reason=WHY, actor=reader))

    def test_who_may_not_ask_may_not(self, drifted: Watched, drift: Drift) -> None:
        audrey = present(drifted.people.audrey)

        refused(NotAllowed, lambda: revert(drift, reason=WHY, actor=audrey))

    def test_without_a_reason_nothing_is_filed(
        self, drifted: Watched, drift: Drift
    ) -> None:
        alice = present(drifted.people.alice)

        refused(MalformedChange, lambda: revert(drift, reason=" ", actor=alice))

    def test_while_one_change_is_open_there_is_no_second(
        self, drifted: Watched, drift: Drift
    ) -> None:
        change = revert(drift, reason=WHY, actor=present(drifted.people.alice)).change

        error = refused(
            NotStanding,
            lambda: revert(drift, reason="Me too.", actor=present(drifted.people.omar)),
        )

        assert f"#{change.number}" in str(error)

    def test_after_a_refusal_it_may_be_asked_again(
        self, drifted: Watched, drift: Drift
    ) -> None:
        alice = present(drifted.people.alice)
        first = revert(drift, reason=WHY, actor=alice).change
        riley = present(drifted.people.riley)
        reject(first.latest_revision(), actor=riley, comment="Let it be.")

        second = revert(drift, reason=WHY, actor=alice).change

        assert second != first
        drift.refresh_from_db()
        assert drift.change == second

    def test_what_is_over_is_not_undone(self, drifted: Watched, drift: Drift) -> None:
        decide(adopt, drift, present(drifted.people.omar))
        alice = present(drifted.people.alice)

        refused(NotStanding, lambda: revert(drift, reason=WHY, actor=alice))

    def test_a_gateway_that_is_down_files_nothing(
        self, drifted: Watched, drift: Drift
    ) -> None:
        drifted.sandbox.stop()
        alice = present(drifted.people.alice)

        refused(GatewayDown, lambda: revert(drift, reason=WHY, actor=alice))

    def test_what_was_deleted_since_files_nothing(
        self, drifted: Watched, drift: Drift
    ) -> None:
        drifted.outside("route", "a", None)
        alice = present(drifted.people.alice)

        refused(NoSuchResource, lambda: revert(drift, reason=WHY, actor=alice))

    def test_a_certificate_whose_key_was_never_seen_cannot_be_restored(
        self, drifted: Watched
    ) -> None:
        cert, key = self_signed("a.example.com").pems
        drifted.outside("ssl", "s", {"cert": cert, "key": key, "sni": "a.example.com"})
        drifted.scan()
        decide(adopt, drift_of("ssl", "s"), present(drifted.people.omar))
        drifted.outside("ssl", "s", None)
        drifted.scan()
        drift = Drift.objects.open().get(kind="ssl")
        alice = present(drifted.people.alice)

        refused(Blocked, lambda: revert(drift, reason=WHY, actor=alice))

    def test_undone_by_hand_meanwhile_it_is_gone(
        self, drifted: Watched, drift: Drift
    ) -> None:
        revert(drift, reason=WHY, actor=present(drifted.people.alice))
        drifted.outside("route", "a", conference(uri="/a"))

        drifted.scan()

        drift.refresh_from_db()
        assert drift.state == DriftState.GONE


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
def test_of_two_who_decide_at_once_one_does(desk: Watched) -> None:
    drift = found(desk)
    actors = [present(desk.people.omar), present(desk.people.admin)]

    def run(actor: Actor) -> str:
        try:
            return decide(adopt, Drift.objects.get(pk=drift.pk), actor).state
        except NotStanding:
            return "refused"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        done = sorted(pool.map(run, actors))

    assert done == ["adopted", "refused"]
    assert desk.events() == ["drift.found", "drift.adopted"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestTwoAtOnce:
    def test_of_two_who_ask_to_undo_it_one_does(self, desk: Watched) -> None:
        drift = found(desk)

        def omar_asks() -> None:
            revert(drift, reason=WHY, actor=present(desk.people.omar))

        with meanwhile(desk) as between:
            between.before("GET", "/routes/b", omar_asks)
            with pytest.raises(NotStanding, match="asks to undo it already"):
                revert(drift, reason=WHY, actor=present(desk.people.alice))

        change = ChangeRequest.objects.get()
        drift.refresh_from_db()
        assert (drift.change, change.author) == (change, desk.people.omar)
        assert desk.events() == ["drift.found", "drift.revert_asked"]

    def test_what_is_accepted_meanwhile_is_not_undone(self, desk: Watched) -> None:
        drift = found(desk)

        with meanwhile(desk) as between:
            between.before(
                "GET",
                "/routes/b",
                lambda: decide(adopt, drift, present(desk.people.omar)),
            )
            with pytest.raises(NotStanding, match="adopted"):
                revert(drift, reason=WHY, actor=present(desk.people.alice))

        assert not ChangeRequest.objects.exists()
        assert desk.events() == ["drift.found", "drift.adopted"]

    @pytest.mark.parametrize("operation", [adopt, ignore])
    def test_what_our_delivery_undid_is_not_decided_on(
        self,
        desk: Watched,
        operation: Callable[..., Drift],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        """It has ended, and has not told the drift yet."""
        drift = found(desk)
        change = revert(drift, reason=WHY, actor=present(desk.people.alice)).change
        desk.approve(change)
        marker = tmp_path / "finished.marker"
        monkeypatch.setenv("GATEHOUSE_TEST_STOP_AT", "finished")
        monkeypatch.setenv("GATEHOUSE_TEST_MARKER", str(marker))

        def deliver() -> None:
            try:
                desk.deliver(change)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            delivered = pool.submit(deliver)
            eventually(marker.exists, "the delivery has ended")
            try:
                with pytest.raises(NotStanding, match="reverted"):
                    decide(operation, drift, present(desk.people.omar))
            finally:
                marker.unlink()
            delivered.result(LONG)

        drift.refresh_from_db()
        assert drift.state == DriftState.REVERTED
        assert desk.events() == ["drift.found", "drift.revert_asked", "drift.reverted"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("on_postgresql")
def test_what_was_asked_is_not_forgotten_by_who_judges_it_meanwhile(
    desk: Watched,
) -> None:
    """A rule is applied to both: it has read the one and waits for the other."""
    for name in "ab":
        desk.outside("route", name, conference(uri=f"/{name}"))
    desk.scan()
    for name in "ab":
        desk.outside("route", name, conference(uri="/elsewhere", priority=7))
    desk.scan()
    later, drift = Drift.objects.order_by("-pk")
    rule = DriftRule(field="priority", reason=WHY)

    def run(act: Callable[[], Any]) -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            Drift.objects.select_for_update(no_key=True).get(pk=later.pk)
            ruled = pool.submit(
                run, lambda: add_rule(rule, actor=present(desk.people.admin))
            )
            eventually(lambda: waiting() == 1, "the rule waits for the later one")
            asked = pool.submit(
                run,
                lambda: revert(drift, reason=WHY, actor=present(desk.people.alice)),
            )
            eventually(lambda: waiting() == 2 or asked.done(), "it is asked for")
        ruled.result(LONG)
        change = asked.result(LONG).change

    drift.refresh_from_db()
    assert drift.change == change
    assert [one.dotted for one in drift.differences] == ["uri"]


def found(desk: Watched) -> Drift:
    """Somebody made route b."""
    desk.scan()
    desk.outside("route", "b", conference(uri="/b"))
    desk.scan()
    return Drift.objects.get()
