"""A freeze stops every delivery that has not begun; people see why and until when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from portal.changes.errors import Malformed, WrongState
from portal.changes.freezes import end_freeze, frozen, make_freeze, override_freeze
from portal.changes.message import message_for
from portal.changes.models import ChangeRequest, Freeze, FreezeOverride
from portal.changes.permissions import permissions
from portal.changes.schedule import explained, waits
from portal.changes.states import State
from portal.changes.terms import Terms
from tests.actors import present, program
from tests.changes.conftest import Desk
from tests.changes.delivering import (
    approved,
    delivery_of,
    events_of,
    route,
    sent,
    time_passes,
)
from tests.factories import Cast, make_gateway, make_person

pytestmark = pytest.mark.django_db


def a_freeze(**fields: Any) -> Freeze:
    """From an hour ago to in an hour, of everything, unless told otherwise."""
    now = timezone.now()
    values: dict[str, Any] = {
        "reason": "Black Friday",
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(hours=1),
    } | fields
    return Freeze(**values)


def freeze(desk: Desk, **fields: Any) -> Freeze:
    return make_freeze(a_freeze(**fields), actor=present(desk.people.admin))


def state_of(change: ChangeRequest) -> str:
    return ChangeRequest.objects.get(pk=change.pk).state


class TestItHolds:
    def test_nothing_is_delivered_until_it_is_over(self, desk: Desk) -> None:
        held = freeze(desk)
        change = approved(desk, route("a"))

        desk.deliver(change)

        assert change.state == State.APPROVED
        assert desk.sandbox.requests() == []
        assert delivery_of(change).tries == 0
        with time_machine.travel(held.ends_at):
            desk.deliver(change)
        assert change.state == State.APPLIED

    def test_ending_it_lets_all_go(self, desk: Desk) -> None:
        held = freeze(desk)
        change = approved(desk, route("a"))

        end_freeze(held, actor=present(desk.people.admin))

        assert desk.deliver(change).state == State.APPLIED

    @pytest.mark.parametrize(
        ("fields", "holds"),
        [
            ({"environment": "production"}, True),
            ({"environment": "PRODUCTION"}, True),
            ({"environment": "staging"}, False),
            ({}, True),
        ],
    )
    def test_it_reaches_its_environment_and_no_other(
        self, desk: Desk, fields: dict[str, str], holds: bool
    ) -> None:
        Gateway.objects.update(environment="production")
        freeze(desk, **fields)
        change = approved(desk, route("a"))

        assert (desk.deliver(change).state == State.APPROVED) is holds

    def test_it_reaches_its_gateway_and_no_other(self, desk: Desk) -> None:
        other = make_gateway("other")
        freeze(desk, gateway=other)

        assert frozen(other) is not None
        assert frozen(desk.gateway) is None

    def test_one_without_an_environment_is_not_in_the_environment_of_no_name(
        self, desk: Desk
    ) -> None:
        freeze(desk, environment="production")

        assert frozen(desk.gateway) is None

    def test_one_that_is_to_come_holds_nothing_yet(self, desk: Desk) -> None:
        soon = timezone.now() + timedelta(minutes=1)
        freeze(desk, starts_at=soon, ends_at=soon + timedelta(hours=1))

        assert desk.deliver(approved(desk, route("a"))).state == State.APPLIED

    def test_the_one_that_lasts_longest_is_told(self, desk: Desk) -> None:
        now = timezone.now()
        freeze(desk, reason="short", ends_at=now + timedelta(hours=1))
        freeze(desk, reason="long", ends_at=now + timedelta(hours=3))
        freeze(desk, reason="middle", ends_at=now + timedelta(hours=2))

        held = frozen(desk.gateway)

        assert held is not None
        assert held.freeze.reason == "long"


class TestItComesAgain:
    def weekends(self, desk: Desk) -> Freeze:
        """Fridays 18:00 to Mondays 08:00 in Berlin."""
        return freeze(
            desk,
            starts_at=None,
            ends_at=None,
            cron="0 18 * * 5",
            length=timedelta(hours=62),
            zone="Europe/Berlin",
        )

    @pytest.mark.parametrize(
        ("now", "until"),
        [
            # The clock is put forward in this night, then back in that one.
            ("2026-03-27 16:59", None),
            ("2026-03-27 17:00", "2026-03-30 06:00"),
            ("2026-03-30 05:59", "2026-03-30 06:00"),
            ("2026-03-30 06:00", None),
            ("2026-10-23 15:59", None),
            ("2026-10-23 16:00", "2026-10-26 07:00"),
            ("2026-10-25 00:30", "2026-10-26 07:00"),
            ("2026-10-26 06:59", "2026-10-26 07:00"),
            ("2026-10-26 07:00", None),
        ],
    )
    def test_across_changes_of_the_clock(
        self, desk: Desk, now: str, until: str | None
    ) -> None:
        self.weekends(desk)

        held = frozen(desk.gateway, datetime.fromisoformat(now).replace(tzinfo=UTC))

        assert (held and f"{held.until:%Y-%m-%d %H:%M}") == until

    def test_a_delivery_waits_over_the_weekend_when_the_clock_changes(
        self, desk: Desk
    ) -> None:
        # Saturday evening before the clock is put back. It stands still between: the
        # machine may stall for the minute before the thaw.
        with time_machine.travel("2026-10-24T20:00:00Z", tick=False) as clock:
            self.weekends(desk)
            change = approved(desk, route("a"))
            assert "until 2026-10-26 07:00 UTC" in message_for(change)

            clock.move_to("2026-10-26T06:59:00Z")
            assert desk.deliver(change).state == State.APPROVED

            clock.move_to("2026-10-26T07:00:00Z")
            assert desk.deliver(change).state == State.APPLIED

    def test_one_window_right_after_another_is_one_wait(self, desk: Desk) -> None:
        freeze(
            desk,
            starts_at=None,
            ends_at=None,
            cron="0 0 * * 1-5",
            length=timedelta(days=1),
        )
        monday = datetime(2026, 11, 23, 12, tzinfo=UTC)

        held = frozen(desk.gateway, monday)

        assert held is not None
        assert held.until == datetime(2026, 11, 28, tzinfo=UTC)

    def test_one_that_never_lets_go_says_so(self, desk: Desk) -> None:
        freeze(
            desk,
            starts_at=None,
            ends_at=None,
            cron="0 * * * *",
            length=timedelta(hours=1),
        )
        change = approved(desk, route("a"))

        assert "all gateways are frozen with no end in sight" in message_for(change)


class TestWhatHadBegun:
    def test_a_half_written_gateway_is_brought_to_its_end(self, desk: Desk) -> None:
        change = approved(desk, route("a"), route("b"))
        desk.sandbox.misbehave(do="status", method="PUT", path="/routes/b$")
        desk.deliver(change)
        assert "PUT routes/a" in sent(desk)
        assert change.state == State.DELIVERING
        desk.sandbox.behave()
        freeze(desk)
        time_passes(change)

        assert desk.deliver(change).state == State.APPLIED

    def test_one_that_wrote_nothing_and_waits_for_a_retry_is_held(
        self, desk: Desk
    ) -> None:
        change = approved(desk, route("a"))
        desk.sandbox.misbehave(do="status", method="GET", path="/routes/a$")
        desk.deliver(change)
        assert change.state == State.APPROVED
        desk.sandbox.behave()
        desk.sandbox.forget_requests()
        freeze(desk)
        time_passes(change)

        assert desk.deliver(change).state == State.APPROVED
        assert desk.sandbox.requests() == []


class TestAnOperatorLetsOnePass:
    def test_that_one_is_delivered_and_no_other(self, desk: Desk) -> None:
        freeze(desk)
        first, second = approved(desk, route("a")), approved(desk, route("b"))

        override_freeze(second, actor=present(desk.people.omar), comment="An outage.")
        desk.deliver(first)

        assert first.state == State.APPROVED
        assert state_of(second) == State.APPLIED
        assert "freeze.overridden" in events_of(second)
        event = AuditEvent.objects.get(event="freeze.overridden")
        assert (event.actor, event.details["comment"]) == ("omar", "An outage.")

    def test_not_one_that_begins_later(self, desk: Desk) -> None:
        freeze(desk)
        omar, change = present(desk.people.omar), approved(desk, route("a"))
        override_freeze(change, actor=omar, comment="An outage.")
        freeze(desk, reason="Stop everything.")

        assert desk.deliver(change).state == State.APPROVED
        revision = change.latest_revision()
        assert "Stop everything." in explained(
            change, revision, waits(change, revision)
        )
        assert permissions(change, actor=omar).override

        override_freeze(change, actor=omar, comment="This too.")

        assert desk.deliver(change).state == State.APPLIED

    def test_not_one_that_comes_again(self, desk: Desk) -> None:
        freeze(
            desk,
            starts_at=None,
            ends_at=None,
            cron="0 18 * * 5",
            length=timedelta(hours=2),
            made_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        friday = datetime(2026, 11, 27, 19, tzinfo=UTC)
        change = approved(desk, route("a"))
        with time_machine.travel(friday):
            override_freeze(
                change, actor=present(desk.people.omar), comment="An outage."
            )
            revision = change.latest_revision()
            assert waits(change, revision) is None

        with time_machine.travel(friday + timedelta(days=7)):
            assert desk.deliver(change).state == State.APPROVED
            assert waits(change, revision) is not None

    def test_one_that_goes_on_without_a_break_is_one(self, desk: Desk) -> None:
        freeze(
            desk,
            starts_at=None,
            ends_at=None,
            cron="0 * * * *",
            length=timedelta(hours=1),
            made_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        now = datetime(2026, 11, 27, 19, 30, tzinfo=UTC)
        change = approved(desk, route("a"))
        with time_machine.travel(now):
            override_freeze(
                change, actor=present(desk.people.omar), comment="An outage."
            )

        with time_machine.travel(now + timedelta(hours=1)):
            assert waits(change, change.latest_revision()) is None

    def test_not_before_its_time(self, desk: Desk) -> None:
        due = timezone.now() + timedelta(minutes=10)
        freeze(desk)
        change = approved(desk, route("a"), terms=Terms(deliver_after=due))

        override_freeze(change, actor=present(desk.people.omar), comment="An outage.")

        assert desk.deliver(change).state == State.APPROVED

    @pytest.mark.parametrize(
        ("who", "error"),
        [("alice", NotAllowed), ("riley", NotAllowed), ("audrey", NotAllowed)],
    )
    def test_nobody_else(self, desk: Desk, who: str, error: type[Exception]) -> None:
        freeze(desk)
        change = approved(desk, route("a"))

        with pytest.raises(error):
            override_freeze(
                change, actor=present(getattr(desk.people, who)), comment="Please."
            )

        assert not FreezeOverride.objects.exists()

    def test_no_program(self, desk: Desk) -> None:
        freeze(desk)
        change = approved(desk, route("a"))

        with pytest.raises(NotPresent):
            override_freeze(change, actor=program(desk.people.omar), comment="Please.")

    @pytest.mark.parametrize("comment", ["", "  ", "x" * 1001])
    def test_not_without_a_reason(self, desk: Desk, comment: str) -> None:
        freeze(desk)
        change = approved(desk, route("a"))

        with pytest.raises(Malformed) as refused:
            override_freeze(change, actor=present(desk.people.omar), comment=comment)

        assert refused.value.field == "comment"

    def test_only_what_is_approved_and_held(self, desk: Desk) -> None:
        omar = present(desk.people.omar)
        free = approved(desk, route("a"))
        with pytest.raises(WrongState, match="No freeze holds"):
            override_freeze(free, actor=omar, comment="x")
        freeze(desk)
        in_review = desk.create("b")
        with pytest.raises(WrongState, match="in review"):
            override_freeze(in_review, actor=omar, comment="x")

        override_freeze(free, actor=omar, comment="x")
        with pytest.raises(WrongState, match="No freeze holds"):
            override_freeze(free, actor=omar, comment="again")


class TestWhatPeopleAreTold:
    def test_the_change_says_until_when_and_why(self, desk: Desk) -> None:
        held = freeze(desk, gateway=desk.gateway, reason="Black\u202eFriday")
        change = approved(desk, route("a"))
        until = f"gateway default is frozen until {held.ends_at:%Y-%m-%d %H:%M} UTC"

        revision = change.latest_revision()

        words = explained(change, revision, waits(change, revision))
        assert until in words
        assert "because: Black" in words
        assert "\u202e" not in words
        assert until in message_for(change)
        # A model repeats the message: nobody's words are in it.
        assert "Friday" not in message_for(change)

    def test_the_control_is_offered_to_operators_while_it_is_held(
        self, desk: Desk
    ) -> None:
        change = approved(desk, route("a"))
        omar, riley = present(desk.people.omar), present(desk.people.riley)
        assert not permissions(change, actor=omar).override

        freeze(desk)

        assert permissions(change, actor=omar).override
        assert not permissions(change, actor=riley).override
        override_freeze(change, actor=omar, comment="x")
        assert not permissions(change, actor=omar).override


class TestWhoFreezes:
    def test_it_is_recorded(self, people: Cast) -> None:
        held = make_freeze(a_freeze(), actor=present(people.admin))
        end_freeze(held, actor=present(people.admin))
        end_freeze(held, actor=present(people.admin))

        made, ended = AuditEvent.objects.order_by("number")
        assert (made.event, ended.event) == ("freeze.made", "freeze.ended")
        assert made.details["reason"] == "Black Friday"
        assert made.subject == "freeze of all gateways"
        held.refresh_from_db()
        assert held.ended_by == people.admin

    @pytest.mark.parametrize("who", ["alice", "riley", "omar", "audrey"])
    def test_nobody_but_administrators(self, people: Cast, who: str) -> None:
        actor = present(getattr(people, who))
        gateway = make_gateway()
        for fields in ({}, {"environment": "production"}, {"gateway": gateway}):
            with pytest.raises(NotAllowed):
                make_freeze(a_freeze(**fields), actor=actor)
        held = make_freeze(a_freeze(), actor=present(people.admin))

        with pytest.raises(NotAllowed):
            end_freeze(held, actor=actor)

        held.refresh_from_db()
        assert held.ended_at is None
        assert Freeze.objects.count() == 1

    def test_no_program(self, people: Cast) -> None:
        with pytest.raises(NotPresent):
            make_freeze(a_freeze(), actor=program(people.admin))

    def test_an_administrator_of_one_gateway_freezes_that_one(
        self, people: Cast
    ) -> None:
        mine, other = make_gateway("mine"), make_gateway("other")
        person = make_person("gil")
        Membership.objects.create(person=person, role=Role.ADMINISTRATOR, gateway=mine)

        make_freeze(a_freeze(gateway=mine), actor=present(person))

        with pytest.raises(NotVisible):
            make_freeze(a_freeze(gateway=other), actor=present(person))
        with pytest.raises(NotAllowed):
            make_freeze(a_freeze(), actor=present(person))

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            (lambda now: {"reason": "  "}, "reason"),
            (lambda now: {"reason": "x" * 1001}, "reason"),
            (lambda now: {"starts_at": None}, "starts_at"),
            (lambda now: {"ends_at": None}, "ends_at"),
            (lambda now: {"ends_at": now - timedelta(hours=1)}, "ends_at"),
            (
                lambda now: {
                    "starts_at": now - timedelta(days=2),
                    "ends_at": now - timedelta(days=1),
                },
                "ends_at",
            ),
            (lambda now: {"ends_at": now + timedelta(days=400)}, "ends_at"),
            (lambda now: {"cron": "x", "length": timedelta(hours=1)}, "cron"),
        ],
    )
    def test_what_makes_no_sense_is_refused_by_its_field(
        self, people: Cast, wrong: Callable[[datetime], dict[str, Any]], field: str
    ) -> None:
        with pytest.raises(Malformed) as refused:
            make_freeze(a_freeze(**wrong(timezone.now())), actor=present(people.admin))

        assert refused.value.field == field
        assert not Freeze.objects.exists()

    def test_the_database_keeps_out_what_is_neither_once_nor_again(
        self, people: Cast
    ) -> None:
        for fields in (
            {"ends_at": None},
            {"cron": "0 18 * * 5", "length": timedelta(hours=1)},
            {"gateway": make_gateway(), "environment": "production"},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                a_freeze(made_by=people.admin, **fields).save()
