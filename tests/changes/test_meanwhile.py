"""What happens to a change while it waits for its time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from gateway.mirror import refresh
from gateway.models import Resource
from portal.accounts.actor import Actor
from portal.changes.meanwhile import also_asking, notice_conflict, notice_conflicts
from portal.changes.models import ChangeRequest, DeliveryState
from portal.changes.operate import cancel
from portal.changes.propose import revise
from portal.changes.rebase import rebase
from portal.changes.review import approve
from portal.changes.states import State
from portal.changes.terms import Terms
from portal.drift.tasks import scan_one
from tests.actors import present
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    creates,
    delivery_of,
    events_of,
    limit_is_reached,
    route,
    sent,
    updates,
)

LOOK = Actor.system("test")


def scheduled(desk: Desk) -> ChangeRequest:
    """An approved change of a route that is due tomorrow."""
    desk.sandbox.put("route", "conference", conference())
    refresh(desk.gateway)
    tomorrow = Terms(deliver_after=timezone.now() + timedelta(days=1))
    return approved(desk, updates("route", "conference", desc="Ours"), terms=tomorrow)


def overtake(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference(desc="Theirs"))
    desk.sandbox.forget_requests()


def test_a_scheduled_change_conflicts_as_soon_as_a_scan_sees_it_overtaken(
    desk: Desk,
) -> None:
    change = scheduled(desk)
    overtake(desk)

    scan_one(desk.gateway.pk)

    change.refresh_from_db()
    assert change.state == State.CONFLICTED
    delivery = delivery_of(change)
    assert delivery.state == DeliveryState.CONFLICTED
    assert "route conference was changed" in delivery.outcome
    assert events_of(change)[-1] == "change.conflicted"
    assert sent(desk) == []


def test_it_is_rebased_and_delivered_like_any_other(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())
    refresh(desk.gateway)
    change = approved(desk, updates("route", "conference", desc="Ours"))
    desk.sandbox.put("route", "conference", conference(methods=["GET"]))
    scan_one(desk.gateway.pk)
    change.refresh_from_db()

    rebase(change, actor=present(desk.people.alice))

    approve(change.latest_revision(), actor=present(desk.people.riley))
    assert desk.deliver(change).state == State.APPLIED
    assert (desk.live()["desc"], desk.live()["methods"]) == ("Ours", ["GET"])


def test_what_nobody_touched_stays_approved(desk: Desk) -> None:
    change = scheduled(desk)
    other = approved(desk, route("other"))
    before = events_of(change)

    scan_one(desk.gateway.pk)

    for one in (change, other):
        one.refresh_from_db()
        assert one.state == State.APPROVED
    assert events_of(change) == before


def test_what_is_live_already_is_no_conflict(desk: Desk) -> None:
    change = scheduled(desk)
    desk.sandbox.put("route", "conference", conference(desc="Ours"))

    scan_one(desk.gateway.pk)

    change.refresh_from_db()
    assert change.state == State.APPROVED


def test_an_old_mirror_alone_makes_no_conflict(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference(desc="Old"))
    refresh(desk.gateway)
    desk.sandbox.put("route", "conference", conference())
    change = approved(desk, updates("route", "conference", desc="Ours"))

    assert not notice_conflict(change, actor=LOOK)

    change.refresh_from_db()
    assert change.state == State.APPROVED


def test_a_gateway_that_is_down_proves_nothing(desk: Desk) -> None:
    change = scheduled(desk)
    overtake(desk)
    refresh(desk.gateway)
    desk.sandbox.stop()

    notice_conflicts(desk.gateway, actor=LOOK)

    change.refresh_from_db()
    assert change.state == State.APPROVED


@pytest.mark.parametrize("fast", ["worker", "operator"])
def test_whoever_was_faster_is_left_alone(desk: Desk, fast: str) -> None:
    change = scheduled(desk)
    overtake(desk)
    refresh(desk.gateway)
    stale = ChangeRequest.objects.get(pk=change.pk)
    if fast == "worker":
        delivery = delivery_of(change)
        delivery.state = DeliveryState.SENDING
        delivery.save()
    else:
        cancel(change, actor=present(desk.people.omar))
    before = ChangeRequest.objects.values_list("state", flat=True).get()

    assert not notice_conflict(stale, actor=LOOK)

    assert ChangeRequest.objects.values_list("state", flat=True).get() == before


def test_only_what_others_want_now_counts(desk: Desk) -> None:
    first = desk.create("one")
    second = desk.ask(creates("route", "one", **conference(desc="Mine")))
    alice = present(desk.people.alice)

    revise(second, desk.asked(route("another")), actor=alice)

    assert also_asking(first.latest_revision()) == []


def test_changes_of_the_same_resource_know_of_one_another(desk: Desk) -> None:
    first = desk.create("one")
    second = desk.ask(
        creates("route", "one", **conference(desc="Mine")), route("another")
    )
    desk.create("else")

    def others(change: ChangeRequest) -> list[int]:
        return [one.number for one in also_asking(change.latest_revision())]

    assert others(first) == [second.number]
    assert others(second) == [first.number]

    ChangeRequest.objects.filter(pk=first.pk).update(state=State.WITHDRAWN)
    assert others(second) == []


def test_what_another_delivery_has_half_written_is_no_conflict(desk: Desk) -> None:
    """It may yet be restored, and then nothing moved."""
    waits = scheduled(desk)
    # The mirror knows no better than to look.
    Resource.objects.update(digest="")
    other = approved(
        desk,
        updates("route", "conference", desc="Theirs"),
        route("b"),
    )
    desk.sandbox.misbehave(do="status", method="PUT", path="/routes/b$")
    desk.deliver(other)
    assert desk.live()["desc"] == "Theirs"

    assert not notice_conflict(waits, actor=LOOK)

    limit_is_reached(other)
    assert desk.deliver(other).state == State.FAILED
    assert "desc" not in desk.live()
    waits.refresh_from_db()
    assert waits.state == State.APPROVED


def test_what_another_delivery_has_written_for_good_is_one(desk: Desk) -> None:
    waits = scheduled(desk)
    Resource.objects.update(digest="")
    other = approved(desk, updates("route", "conference", desc="Theirs"))
    assert desk.deliver(other).state == State.APPLIED

    assert notice_conflict(waits, actor=LOOK)
