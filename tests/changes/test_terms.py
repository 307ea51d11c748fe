"""When a change goes live is asked for, approved with it, and kept."""

from datetime import UTC, datetime, timedelta
from datetime import timezone as zones

import pytest
import time_machine
from django.utils import timezone

from portal.changes.asked import ChangeAsked
from portal.changes.errors import Malformed, StaleRevision
from portal.changes.message import message_for
from portal.changes.models import ChangeRequest, Delivery
from portal.changes.plan import Plan
from portal.changes.propose import make_plan, propose, revise
from portal.changes.rebase import rebase
from portal.changes.review import approve
from portal.changes.schedule import explained, waits
from portal.changes.states import State
from portal.changes.terms import Terms, read_moment
from tests.actors import present
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import approved, delivery_of, route, updates

DUE = datetime(2026, 11, 30, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-30T21:00:00Z", DUE),
        ("2026-11-30T22:00+01:00", DUE),
        ("2026-11-30 16:00:00-05:00", DUE),
        ("20261130T210000Z", DUE),
    ],
)
def test_a_moment_is_read_in_any_form_with_an_offset(
    text: str, moment: datetime
) -> None:
    assert read_moment(text, "deliver_after") == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-11-30",
        "2026-11-30T22:00:00",
        "2026-02-30T22:00:00Z",
        "1764536400",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_anything_else_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(Malformed, match="with an offset") as refused:
        read_moment(text, "deliver_after")

    assert refused.value.field == "deliver_after"


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-1), timedelta(400)])
def test_the_past_and_the_far_future_are_refused(ahead: timedelta) -> None:
    with pytest.raises(Malformed) as refused:
        Terms(deliver_after=DUE + ahead).check(DUE)

    assert refused.value.field == "deliver_after"


def test_the_same_moment_binds_alike_in_any_zone() -> None:
    there = DUE.astimezone(zones(timedelta(hours=9)))

    assert Terms(deliver_after=there).as_json() == Terms(deliver_after=DUE).as_json()


@pytest.mark.django_db
class TestOfAChange:
    def asked(self, desk: Desk, due: datetime | None) -> ChangeAsked:
        return desk.asked(route("a"), terms=Terms(deliver_after=due))

    def plan(self, desk: Desk, due: datetime | None) -> Plan:
        return make_plan(self.asked(desk, due), asker=desk.people.alice)

    def in_an_hour(self) -> datetime:
        return timezone.now() + timedelta(hours=1)

    def test_approvals_are_bound_to_it(self, desk: Desk) -> None:
        at_once = self.plan(desk, None)
        later = self.plan(desk, self.in_an_hour())
        much_later = self.plan(desk, self.in_an_hour() + timedelta(seconds=1))

        assert len({at_once.digest, later.digest, much_later.digest}) == 3

    def test_another_time_is_another_request(self, desk: Desk) -> None:
        alice = present(desk.people.alice)
        due = self.in_an_hour()

        first = propose(self.asked(desk, due), actor=alice)
        again = propose(self.asked(desk, due), actor=alice)
        other = propose(self.asked(desk, None), actor=alice)

        assert again.is_replay
        assert again.change == first.change
        assert not other.is_replay

    def test_a_request_sent_again_after_its_time_gets_its_first_answer(
        self, desk: Desk
    ) -> None:
        alice = present(desk.people.alice)
        due = self.in_an_hour()
        asked = desk.asked(
            route("a"), terms=Terms(deliver_after=due), idempotency_key="k"
        )
        first = propose(asked, actor=alice)

        with time_machine.travel(due + timedelta(hours=1)):
            again = propose(asked, actor=alice)

        assert again.is_replay
        assert again.change == first.change

    def test_a_later_edit_voids_the_approval(self, desk: Desk) -> None:
        change = desk.ask(route("a"), terms=Terms(deliver_after=self.in_an_hour()))
        seen = change.latest_revision()

        revise(change, self.asked(desk, None), actor=present(desk.people.alice))

        with pytest.raises(StaleRevision):
            approve(seen, actor=present(desk.people.riley))
        assert change.latest_revision().deliver_after is None

    def test_a_rebase_keeps_it_even_when_it_is_over(self, desk: Desk) -> None:
        desk.sandbox.put("route", "a", conference())
        due = self.in_an_hour()
        change = desk.ask(
            updates("route", "a", desc="ours"), terms=Terms(deliver_after=due)
        )
        desk.sandbox.put("route", "a", conference(methods=["GET"]))

        with time_machine.travel(due + timedelta(hours=1)):
            revision = rebase(change, actor=present(desk.people.alice))

        assert revision.deliver_after == due

    def test_the_sweep_finds_it_once_it_is_due(self, desk: Desk) -> None:
        due = self.in_an_hour()
        change = approved(desk, route("a"), terms=Terms(deliver_after=due))
        delivery = delivery_of(change)

        assert delivery not in Delivery.objects.due(timezone.now())
        assert delivery in Delivery.objects.due(due)

    def test_one_that_is_not_due_does_not_hold_up_the_next(self, desk: Desk) -> None:
        first = approved(desk, route("a"), terms=Terms(deliver_after=self.in_an_hour()))
        second = approved(desk, route("b"))

        desk.deliver(second)

        assert second.state == State.APPLIED
        assert self.now(first).state == State.APPROVED

    def test_what_it_waits_for_is_said(self, desk: Desk) -> None:
        due = self.in_an_hour()
        change = approved(desk, route("a"), terms=Terms(deliver_after=due))
        words = f"goes live not before {due:%Y-%m-%d %H:%M} UTC"

        revision = change.latest_revision()
        assert words in explained(change, revision, waits(change, revision))
        assert words in message_for(change)
        with time_machine.travel(due):
            assert "waits for its turn" in message_for(change)

    def now(self, change: ChangeRequest) -> ChangeRequest:
        return ChangeRequest.objects.get(pk=change.pk)
