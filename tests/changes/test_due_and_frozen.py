"""A time to go live, a freeze and a time to be gone again, all of one change.

Delivery waits for the later of its time and the thaw; the time that the change lasts
counts from its delivery. People and programs are told the same at each point.
"""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal.changes.freezes import end_freeze
from portal.changes.inverse import expires_at
from portal.changes.models import ChangeRequest, Freeze
from portal.changes.states import State
from portal.changes.terms import Terms
from tests.actors import present
from tests.api.conftest import program_of
from tests.changes.conftest import Desk
from tests.changes.delivering import approved, route
from tests.factories import make_freeze
from tests.web.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_database")]

DAY = datetime(2026, 11, 27, tzinfo=UTC)
WHY = "Black Friday"


@pytest.fixture(autouse=True)
def database(each_database: str) -> str:
    return each_database


def stopped(moment: datetime) -> time_machine.travel:
    """A clock that only a test moves on: the machine may stall for a minute."""
    return time_machine.travel(moment, tick=False)


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


def freeze(desk: Desk, begin: int, end: int) -> Freeze:
    people = desk.people
    return make_freeze(people.admin, reason=WHY, starts_at=at(begin), ends_at=at(end))


def asked(desk: Desk, *, due: int) -> ChangeRequest:
    """A route for two hours from some hour on, approved."""
    terms = Terms(deliver_after=at(due), expires_after=timedelta(hours=2))
    return approved(desk, route("a"), terms=terms)


def end_of(change: ChangeRequest) -> datetime:
    """When it is taken back."""
    end = expires_at(change.latest_revision())
    assert end is not None
    return end


def told(desk: Desk, change: ChangeRequest) -> list[str]:
    """What its page and both sentences of the API say of a change."""
    alice = desk.people.alice
    answer = program_of(alice).get(f"/api/changes/{change.number}").json()
    page = sign_in(alice).get(change.get_absolute_url()).content.decode()
    return [page, answer["message"], answer["change"]["explained"]]


def says(desk: Desk, change: ChangeRequest, words: str) -> bool:
    return all(words in text for text in told(desk, change))


@pytest.mark.parametrize(
    ("due", "begin", "end", "live"),
    [(12, 11, 13, 13), (12, 10, 11, 12), (12, 12, 13, 13), (12, 9, 12, 12)],
    ids=["frozen when due", "thawed before", "frozen as it is due", "thawed as it is"],
)
def test_it_goes_live_at_the_later_of_both_and_lasts_from_then_on(
    desk: Desk, due: int, begin: int, end: int, live: int
) -> None:
    with stopped(at(8)) as clock:
        freeze(desk, begin, end)
        change = asked(desk, due=due)
        for hour in range(8, live):
            for minute in (0, 59):
                clock.move_to(at(hour, minute))
                assert desk.deliver(change).state == State.APPROVED
                assert desk.live("a") is None
                waits = (
                    f"goes live not before 2026-11-27 {due}:00 UTC"
                    if hour < due
                    else f"frozen until 2026-11-27 {end}:00 UTC"
                )
                assert says(desk, change, waits)

        clock.move_to(at(live))
        assert desk.deliver(change).state == State.APPLIED

        assert end_of(change) == at(live + 2)
        inverse = ChangeRequest.objects.get(revisions__inverse_of__change=change)
        ends = (
            f"until change #{inverse.number} takes it back at 2026-11-27 {live + 2}:00"
        )
        assert all(ends in text for text in told(desk, change)[1:])
        clock.move_to(at(live + 1, 59))
        assert desk.deliver(inverse).state == State.APPROVED
        assert desk.live("a") is not None
        clock.move_to(end_of(change))
        assert desk.deliver(inverse).state == State.APPLIED
        assert desk.live("a") is None


def test_what_is_over_in_a_freeze_is_taken_back_when_it_thaws(desk: Desk) -> None:
    with stopped(at(8)) as clock:
        change = asked(desk, due=9)
        freeze(desk, 10, 14)
        clock.move_to(at(9))
        assert desk.deliver(change).state == State.APPLIED
        inverse = ChangeRequest.objects.get(revisions__inverse_of__change=change)
        back = f"takes #{change.number} back not before 2026-11-27 11:00 UTC"
        assert says(desk, inverse, back)

        clock.move_to(end_of(change))
        assert desk.deliver(inverse).state == State.APPROVED
        assert desk.live("a") is not None
        assert says(desk, inverse, "frozen until 2026-11-27 14:00 UTC")
        because = told(desk, inverse)[2]
        assert because.endswith(f"because: {WHY}.")

        clock.move_to(at(14))
        assert desk.deliver(inverse).state == State.APPLIED
        assert desk.live("a") is None
        words = f"was live until change #{inverse.number} took it back"
        assert all(words in text for text in told(desk, change)[1:])


def test_one_that_ends_in_time_lets_it_go_when_it_is_due(desk: Desk) -> None:
    with stopped(at(8)) as clock:
        held = freeze(desk, 7, 20)
        change = asked(desk, due=10)
        clock.move_to(at(9))
        end_freeze(held, actor=present(desk.people.admin))

        assert desk.deliver(change).state == State.APPROVED
        assert says(desk, change, "goes live not before 2026-11-27 10:00 UTC")
        clock.move_to(at(10))
        assert desk.deliver(change).state == State.APPLIED
        assert end_of(change) == at(12)
