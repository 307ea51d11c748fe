"""A change for a time is taken back by its announced inverse, and by nothing else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway import sealing
from gateway.rotation import rotate
from portal.accounts.errors import NotAllowed, NotPresent
from portal.accounts.models import Membership
from portal.audit.models import AuditEvent
from portal.changes.errors import Blocked, Malformed, WrongState
from portal.changes.expiry import end_early
from portal.changes.inverse import expires_at
from portal.changes.message import message_for
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    Item,
    Review,
    Revision,
)
from portal.changes.operate import cancel, retry
from portal.changes.permissions import permissions
from portal.changes.plan import document_digest, stored_digest
from portal.changes.propose import make_plan, revise
from portal.changes.quorum import standing
from portal.changes.rollback import preview_rollback, rollback
from portal.changes.schedule import explained, waits
from portal.changes.states import State
from portal.changes.terms import Terms, iso_length, read_length
from tests.actors import present, program
from tests.certificates import self_signed
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    creates,
    deletes,
    delivery_of,
    events_of,
    replaces,
    route,
    sent,
    updates,
    upstream,
)
from tests.factories import make_freeze, make_person

TWO_HOURS = timedelta(hours=2)
EVIL = conference(uri="/a", upstream={"type": "roundrobin", "nodes": {"evil:1": 1}})


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT2H", TWO_HOURS),
        ("PT90M", timedelta(minutes=90)),
        ("P1DT12H", timedelta(hours=36)),
        ("P90D", timedelta(days=90)),
        ("PT1H30M15S", timedelta(seconds=5415)),
        ("P0D", timedelta(0)),
    ],
)
def test_a_length_is_read_and_written(text: str, length: timedelta) -> None:
    assert read_length(text, "expires_after") == length
    assert read_length(iso_length(length), "expires_after") == length


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "P1DT", "2h", "PT2", "7200", "P1Y", "P1M", "P1W", "-PT2H"),
        *("PT1.5H", "pt2h", "PT2H ", "PT2H\n", "P9999999999D", "PT٢H", "2:00:00"),
    ],
)
def test_no_other_text_is_a_length(text: str) -> None:
    with pytest.raises(Malformed, match="PT2H") as refused:
        read_length(text, "expires_after")

    assert refused.value.field == "expires_after"


@pytest.mark.parametrize(
    "length", [timedelta(0), timedelta(seconds=59), timedelta(days=90, seconds=1)]
)
def test_too_short_and_too_long_are_refused(length: timedelta) -> None:
    with pytest.raises(Malformed) as refused:
        Terms(expires_after=length).check(timezone.now())

    assert refused.value.field == "expires_after"


pytestmark = pytest.mark.django_db


def for_two_hours(desk: Desk, *items: Any) -> ChangeRequest:
    """A change that is live and will be taken back."""
    change = approved(desk, *items, terms=Terms(expires_after=TWO_HOURS))
    desk.deliver(change)
    assert change.state == State.APPLIED
    desk.sandbox.forget_requests()
    return change


def inverse_of(change: ChangeRequest) -> ChangeRequest:
    return ChangeRequest.objects.get(revisions__inverse_of__change=change)


def end_of(change: ChangeRequest) -> datetime:
    end = expires_at(change.latest_revision())
    assert end is not None
    return end


def taken_back(desk: Desk, change: ChangeRequest) -> ChangeRequest:
    """Let the time pass and a worker do its work; return the inverse as it then is."""
    with time_machine.travel(end_of(change)):
        return desk.deliver(inverse_of(change))


class TestItIsTakenBack:
    def test_when_its_time_is_over_and_not_before(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        inverse = inverse_of(change)

        with time_machine.travel(end_of(change) - timedelta(seconds=1), tick=False):
            desk.deliver(inverse)
        assert inverse.state == State.APPROVED
        assert sent(desk) == []

        assert taken_back(desk, change).state == State.APPLIED
        assert desk.live("a") is None
        assert sent(desk) == ["DELETE routes/a"]
        assert events_of(change)[-1] == "expiry.scheduled"
        assert events_of(inverse) == [
            "delivery.queued",
            "delivery.started",
            "delivery.verified",
            "change.applied",
        ]

    def test_each_kind_of_item_and_in_reverse(self, desk: Desk) -> None:
        desk.sandbox.put("route", "changed", conference(uri="/changed", desc="before"))
        desk.sandbox.put("route", "gone", conference(uri="/gone"))
        before = desk.live("changed"), desk.live("gone")
        change = for_two_hours(
            desk,
            creates("route", "new", uri="/new", upstream_id="u"),
            creates("upstream", "u", **upstream()),
            updates("route", "changed", desc="for now", methods=["GET"]),
            deletes("route", "gone"),
        )

        taken_back(desk, change)

        def plain(document: dict[str, Any]) -> dict[str, Any]:
            return {k: v for k, v in document.items() if not k.endswith("_time")}

        assert [plain(desk.live("changed")), plain(desk.live("gone"))] == [
            plain(one) for one in before
        ]
        assert desk.live("new") is None
        assert desk.live("u", kind="upstream") is None

    def test_its_secrets_come_back_whole(self, desk: Desk) -> None:
        desk.sandbox.put(
            "consumer",
            "jack",
            {"username": "jack", "plugins": {"key-auth": {"key": "the-old-key"}}},
        )
        change = for_two_hours(
            desk,
            replaces(
                "consumer",
                "jack",
                username="jack",
                plugins={"key-auth": {"key": "for-two-hours"}},
            ),
        )
        rotate()

        assert taken_back(desk, change).state == State.APPLIED
        live = desk.live("jack", kind="consumer")
        assert live["plugins"]["key-auth"]["key"] == "the-old-key"
        shown = str(inverse_of(change).latest_revision().items.values_list())
        assert "the-old-key" not in shown

    def test_in_an_hour_that_starts_when_it_is_live(self, desk: Desk) -> None:
        due = timezone.now() + timedelta(hours=5)
        change = approved(
            desk,
            route("a"),
            terms=Terms(deliver_after=due, expires_after=timedelta(hours=1)),
        )
        with time_machine.travel(due):
            desk.deliver(change)

        assert end_of(change) >= due + timedelta(hours=1)

    def test_what_fails_is_not_announced(self, desk: Desk) -> None:
        change = approved(desk, route("a"), terms=Terms(expires_after=TWO_HOURS))
        desk.sandbox.misbehave(do="status", method="PUT", status=400)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert ChangeRequest.objects.count() == 1

    def test_after_a_retry_it_is_announced_once(self, desk: Desk) -> None:
        change = approved(desk, route("a"), terms=Terms(expires_after=TWO_HOURS))
        desk.sandbox.misbehave(do="status", method="PUT", status=400)
        desk.deliver(change)
        desk.sandbox.behave()

        retry(change, actor=present(desk.people.omar))
        desk.deliver(change)
        desk.deliver(change)

        assert ChangeRequest.objects.filter(reverts=change).count() == 1

    def test_though_its_reviewer_has_left(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        Membership.objects.filter(person=desk.people.riley).delete()
        type(desk.people.riley).objects.filter(username="riley").update(is_active=False)

        assert taken_back(desk, change).state == State.APPLIED
        assert desk.live("a") is None

    def test_not_in_a_freeze_but_after_it(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        freeze = make_freeze(
            desk.people.admin, ends_at=timezone.now() + timedelta(hours=9)
        )

        assert taken_back(desk, change).state == State.APPROVED
        with time_machine.travel(freeze.ends_at):
            assert desk.deliver(inverse_of(change)).state == State.APPLIED


class TestSomebodyChangedItMeanwhile:
    def test_it_conflicts_and_their_work_stays(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        desk.sandbox.put("route", "a", conference(uri="/a", desc="by hand"))
        desk.sandbox.forget_requests()

        inverse = taken_back(desk, change)

        assert inverse.state == State.CONFLICTED
        assert desk.live("a")["desc"] == "by hand"
        assert sent(desk) == []
        assert "is live; change" in message_for(change)
        assert "is conflicted" in message_for(change)

    def test_a_new_revision_of_it_needs_reviewers_of_its_own(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        desk.sandbox.put("route", "a", conference(uri="/a", desc="by hand"))
        inverse = taken_back(desk, change)

        revise(
            inverse, desk.asked(deletes("route", "a")), actor=present(desk.people.alice)
        )

        inverse.refresh_from_db()
        assert inverse.state == State.IN_REVIEW
        assert standing(inverse).given == 0
        ChangeRequest.objects.filter(pk=inverse.pk).update(state=State.APPROVED)
        Delivery.objects.create(
            revision=inverse.latest_revision(), gateway=desk.gateway
        )
        assert desk.deliver(inverse).state == State.FAILED
        assert desk.live("a")["desc"] == "by hand"


class TestAnOperator:
    def test_ends_it_early(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        inverse = inverse_of(change)

        end_early(inverse, actor=present(desk.people.omar), comment="Done already.")

        assert desk.deliver(inverse).state == State.APPLIED
        assert desk.live("a") is None
        event = AuditEvent.objects.get(event="expiry.ended_early")
        assert (event.actor, event.details["comment"]) == ("omar", "Done already.")

    def test_cannot_end_early_what_waits_for_its_next_try(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        inverse, omar = inverse_of(change), present(desk.people.omar)
        desk.sandbox.misbehave(do="status", method="GET", status=503)
        assert taken_back(desk, change).state == State.APPROVED
        assert delivery_of(inverse).not_before is not None

        with time_machine.travel(end_of(change)):
            inverse.refresh_from_db()
            assert not permissions(inverse, actor=omar).end_early
            with pytest.raises(WrongState):
                end_early(inverse, actor=omar)

    def test_cancels_it(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))

        cancel(inverse_of(change), actor=present(desk.people.omar), comment="It stays.")

        assert taken_back(desk, change).state == State.WITHDRAWN
        assert desk.live("a")["uri"] == "/a"
        assert "is withdrawn" in message_for(change)

    @pytest.mark.parametrize("who", ["alice", "riley", "audrey"])
    def test_nobody_else(self, desk: Desk, who: str) -> None:
        inverse = inverse_of(for_two_hours(desk, route("a")))
        actor = present(getattr(desk.people, who))

        with pytest.raises(NotAllowed):
            end_early(inverse, actor=actor)

        assert not permissions(inverse, actor=actor).end_early
        assert delivery_of(inverse).not_before is not None

    def test_no_program(self, desk: Desk) -> None:
        inverse = inverse_of(for_two_hours(desk, route("a")))

        with pytest.raises(NotPresent):
            end_early(inverse, actor=program(desk.people.omar))

    def test_only_an_inverse_that_waits(self, desk: Desk) -> None:
        omar = present(desk.people.omar)
        change = for_two_hours(desk, route("a"))
        inverse = inverse_of(change)
        other = approved(
            desk,
            route("b"),
            terms=Terms(deliver_after=timezone.now() + timedelta(hours=1)),
        )
        assert permissions(inverse, actor=omar).end_early
        assert not permissions(other, actor=omar).end_early

        with pytest.raises(WrongState):
            end_early(change, actor=omar)
        with pytest.raises(WrongState):
            end_early(other, actor=omar)
        with pytest.raises(Malformed):
            end_early(inverse, actor=omar, comment="x" * 1001)
        end_early(inverse, actor=omar)
        with pytest.raises(WrongState):
            end_early(inverse, actor=omar)


class TestWhatIsApproved:
    def test_approvals_are_bound_to_it(self, desk: Desk) -> None:
        digests = {
            make_plan(
                desk.asked(route("a"), terms=Terms(expires_after=length)),
                asker=desk.people.alice,
            ).digest
            for length in (None, TWO_HOURS, timedelta(hours=3))
        }

        assert len(digests) == 3

    def test_what_could_not_be_restored_is_stopped(self, desk: Desk) -> None:
        cert, key = self_signed("shop.example.com").pems
        desk.sandbox.put(
            "ssl", "shop", {"cert": cert, "key": key, "snis": ["shop.example.com"]}
        )

        with pytest.raises(Blocked) as refused:
            desk.ask(deletes("ssl", "shop"), terms=Terms(expires_after=TWO_HOURS))

        codes = [one["code"] for one in refused.value.extra["findings"]]
        assert "cannot_be_taken_back" in codes

    def test_nobody_rolls_back_what_waits_to_be_taken_back(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        inverse, alice = inverse_of(change), present(desk.people.alice)
        assert not permissions(change, actor=alice).roll_back

        told = f"#{inverse.number} asks to undo it already and is approved"
        with pytest.raises(WrongState, match=told):
            rollback(change, reason="It fails.", actor=alice)
        with pytest.raises(WrongState, match=told):
            preview_rollback(change, actor=alice)

        cancel(inverse, actor=present(desk.people.omar))
        assert permissions(change, actor=alice).roll_back
        rollback(change, reason="It fails.", actor=alice)

    def test_the_way_back_is_told(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        inverse = inverse_of(change)
        at = f"{end_of(change):%Y-%m-%d %H:%M} UTC"

        assert f"until change #{inverse.number} takes it back at {at}" in message_for(
            change
        )
        waiting = waits(inverse, inverse.latest_revision())
        words = explained(inverse, inverse.latest_revision(), waiting)
        assert f"takes #{change.number} back not before {at}" in words
        assert [one.reviewer.username for one in standing(inverse).approvers] == [
            "riley"
        ]
        taken_back(desk, change)
        assert f"was live until change #{inverse.number} took it back" in message_for(
            change
        )


def expiry_is_made_up(desk: Desk, change: ChangeRequest) -> None:
    Revision.objects.filter(change=change).update(expires_after=timedelta(minutes=1))


def it_never_expired(desk: Desk, change: ChangeRequest) -> None:
    Revision.objects.filter(change=change).update(expires_after=None)


def another_announced_it(desk: Desk, change: ChangeRequest) -> None:
    other = desk.applied(route("other"))
    Revision.objects.filter(change=inverse_of(change)).update(
        inverse_of=other.latest_revision()
    )


def its_approval_is_gone(desk: Desk, change: ChangeRequest) -> None:
    Review.objects.all().delete()


def its_approval_is_its_author_s(desk: Desk, change: ChangeRequest) -> None:
    Review.objects.update(reviewer=desk.people.alice)


def its_approval_is_of_something_else(desk: Desk, change: ChangeRequest) -> None:
    Review.objects.update(digest="0" * 64)


def it_was_turned_down(desk: Desk, change: ChangeRequest) -> None:
    Review.objects.update(verdict="reject")


def it_was_never_delivered(desk: Desk, change: ChangeRequest) -> None:
    Delivery.objects.filter(revision__change=change).update(state="failed")


def what_it_restores_is_altered(desk: Desk, change: ChangeRequest) -> None:
    Item.objects.filter(revision__change=inverse_of(change)).update(
        wanted_sealed=sealing.seal(EVIL), wanted_digest=document_digest("route", EVIL)
    )


def all_of_it_is_altered(desk: Desk, change: ChangeRequest) -> None:
    what_it_restores_is_altered(desk, change)
    _seal_digest(desk, inverse_of(change))


def both_are_altered(desk: Desk, change: ChangeRequest) -> None:
    """The base of what was announced too, so that the inverse fits it."""
    all_of_it_is_altered(desk, change)
    Item.objects.filter(revision__change=change).update(base_sealed=sealing.seal(EVIL))


def an_item_is_added(desk: Desk, change: ChangeRequest) -> None:
    inverse = inverse_of(change)
    Item.objects.create(
        revision=inverse.latest_revision(),
        position=9,
        action="create",
        kind="route",
        resource_id="evil",
        wanted=EVIL,
        wanted_sealed=sealing.seal(EVIL),
    )
    _seal_digest(desk, inverse)


def _seal_digest(desk: Desk, inverse: ChangeRequest) -> None:
    digest = stored_digest(inverse.latest_revision(), desk.gateway)
    Revision.objects.filter(change=inverse).update(digest=digest)


class TestForgedRowsDeliverNothing:
    @pytest.mark.parametrize(
        "tamper",
        [
            expiry_is_made_up,
            it_never_expired,
            another_announced_it,
            its_approval_is_gone,
            its_approval_is_its_author_s,
            its_approval_is_of_something_else,
            it_was_turned_down,
            it_was_never_delivered,
            what_it_restores_is_altered,
            all_of_it_is_altered,
            both_are_altered,
            an_item_is_added,
        ],
    )
    def test_whatever_was_altered(
        self, desk: Desk, tamper: Callable[[Desk, ChangeRequest], None]
    ) -> None:
        desk.sandbox.put("route", "a", conference(uri="/a", desc="before"))
        change = for_two_hours(desk, updates("route", "a", desc="for now"))
        inverse, end = inverse_of(change), end_of(change)
        tamper(desk, change)
        desk.sandbox.forget_requests()

        with time_machine.travel(end):
            desk.deliver(inverse)

        assert inverse.state == State.FAILED
        assert desk.writes() == []
        assert desk.live("a")["desc"] == "for now"
        assert "delivery.refused" in events_of(inverse)

    def test_an_earlier_time(self, desk: Desk) -> None:
        change = for_two_hours(desk, route("a"))
        inverse = inverse_of(change)
        Delivery.objects.filter(revision__change=inverse).update(not_before=None)

        desk.deliver(inverse)

        assert inverse.state == State.FAILED
        assert "Its time has not come." in delivery_of(inverse).outcome
        assert desk.writes() == []

    def test_an_inverse_of_what_was_never_announced(self, desk: Desk) -> None:
        """Somebody writes the inverse of an applied change, ready to be delivered."""
        change = desk.applied(route("a"))
        mallory = make_person("mallory")
        forged = ChangeRequest.objects.create(
            gateway=desk.gateway,
            reason="x",
            summary="x",
            author=mallory,
            channel="rollback",
            reverts=change,
            state=State.APPROVED,
        )
        revision = Revision.objects.create(
            change=forged,
            number=1,
            author=mallory,
            digest="",
            inverse_of=change.latest_revision(),
        )
        item = change.latest_revision().items.get()
        Item.objects.create(
            revision=revision,
            position=0,
            action="delete",
            kind="route",
            resource_id="a",
            base=item.wanted,
            base_sealed=item.wanted_sealed,
            base_digest=item.wanted_digest,
        )
        _seal_digest(desk, forged)
        Delivery.objects.create(revision=revision, gateway=desk.gateway)
        desk.sandbox.forget_requests()

        desk.deliver(forged)

        assert forged.state == State.FAILED
        assert "Nobody who approved" in delivery_of(forged).outcome
        assert desk.writes() == []
