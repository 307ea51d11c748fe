"""Whoever reads a page reads and types times of their own clock; programs get UTC."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.changes.models import ChangeRequest, Freeze
from portal.changes.states import State
from tests.changes.conftest import Desk, desk
from tests.factories import Cast, make_change, make_freeze, make_token
from tests.web.asking.test_ask import ROUTE
from tests.web.conftest import sign_in
from tests.web.gateways.test_freezes import ONCE

__all__ = ["desk"]

As = Callable[[str], Client]
NOW = "2026-10-20T10:00:00Z"
# On the 25th Berlin's clock shows 02:00 to 03:00 twice, on 28 March it skips them.
DUE = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)


@pytest.fixture
def berlin(people: Cast) -> Client:
    """Alice, whose clock is Berlin's."""
    return in_zone(people.alice, "Europe/Berlin")


def in_zone(person: Person, zone: str) -> Client:
    Person.objects.filter(pk=person.pk).update(time_zone=zone)
    return sign_in(person)


def waiting(people: Cast, gateway: Gateway) -> ChangeRequest:
    change = make_change(gateway=gateway, author=people.alice, state=State.APPROVED)
    change.revisions.update(deliver_after=DUE)
    return change


@time_machine.travel(NOW, tick=False)
def test_a_page_tells_times_of_the_readers_zone_and_names_it(
    berlin: Client, as_: As, people: Cast, gateway: Gateway
) -> None:
    change = waiting(people, gateway)
    path = change.get_absolute_url()

    page = berlin.get(path).content.decode()
    record = berlin.get(f"{path}print/").content.decode()
    elsewhere = as_("riley").get(path).content.decode()

    assert "goes live not before 2026-10-25 00:30 CEST" in page
    assert "12:00:00. Times are of Europe/Berlin." in record
    assert "goes live not before 2026-10-24 22:30 UTC" in elsewhere
    # What one reader's page set does not outlive it.
    assert timezone.get_current_timezone_name() == "UTC"


@time_machine.travel(NOW, tick=False)
def test_programs_get_utc_whoever_holds_their_token(
    berlin: Client, people: Cast, gateway: Gateway
) -> None:
    change = waiting(people, gateway)
    _, secret = make_token(people.alice)

    answer: Any = berlin.get(
        f"/api/changes/{change.number}", headers={"Authorization": f"Bearer {secret}"}
    ).json()

    told = answer["change"]
    assert told["deliver_after"] == "2026-10-24T22:30:00Z"
    assert "2026-10-24 22:30 UTC" in told["explained"]


@time_machine.travel(NOW, tick=False)
def test_a_deadline_is_typed_and_shown_again_by_ones_own_clock(desk: Desk) -> None:
    berlin = in_zone(desk.people.alice, "Europe/Berlin")

    berlin.post("/ask/", ROUTE | {"do": "send", "deliver_after": "2026-10-25T00:30"})

    change = ChangeRequest.objects.get()
    assert change.latest_revision().deliver_after == DUE
    form = berlin.get(f"{change.get_absolute_url()}revise/").content.decode()
    assert "Not before (Europe/Berlin)" in form
    assert 'value="2026-10-25T00:30"' in form


@pytest.mark.parametrize("nowhere", ["2026-10-25T02:30", "2027-03-28T02:30"])
@time_machine.travel(NOW, tick=False)
def test_a_time_that_ones_clock_shows_twice_or_never_is_refused(
    berlin: Client, gateway: Gateway, nowhere: str
) -> None:
    response = berlin.post("/ask/", ROUTE | {"do": "send", "deliver_after": nowhere})

    assert response.status_code == 400
    errors = response.context["asking"].why.errors["deliver_after"]
    assert "Europe/Berlin" in errors[0]
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [
        # The hours that the clock shows twice are frozen whole.
        (
            "2026-10-25T02:00",
            "2026-10-25T02:30",
            ("2026-10-25T00:00", "2026-10-25T01:30"),
        ),
        (
            "2026-10-24T18:00",
            "2026-10-25T18:00",
            ("2026-10-24T16:00", "2026-10-25T17:00"),
        ),
        # What it skips is the moment of the skip.
        (
            "2027-03-28T02:30",
            "2027-03-28T04:00",
            ("2027-03-28T01:00", "2027-03-28T02:00"),
        ),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_a_freeze_over_a_change_of_clocks_is_by_the_clock_on_the_wall(
    people: Cast, start: str, end: str, window: tuple[str, str]
) -> None:
    # Whose own clock is another: New York's skips other hours.
    admin = in_zone(people.admin, "America/New_York")

    offered = admin.get("/freezes/").context["form"]["zone"].value()
    admin.post("/freezes/", ONCE | {"starts_at": start, "ends_at": end})

    assert offered == "America/New_York"
    freeze = Freeze.objects.get()
    assert (freeze.starts_at, freeze.ends_at) == tuple(
        datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in window
    )


@time_machine.travel(NOW, tick=False)
def test_the_calendar_is_that_of_the_readers_zone(
    people: Cast, gateway: Gateway
) -> None:
    make_freeze(
        people.admin,
        gateway=gateway,
        starts_at=datetime(2026, 12, 24, 12, tzinfo=UTC),
        ends_at=datetime(2026, 12, 24, 18, tzinfo=UTC),
    )
    client = in_zone(people.audrey, "Asia/Tokyo")

    page = client.get("/freezes/?month=2026-12").content.decode()

    assert "Asia/Tokyo</span>" in page
    assert "21:00 to 24:00" in page
    assert "00:00 to 03:00" in page
    assert "2026-12-24 21:00 JST" in page


@pytest.mark.parametrize(
    "path",
    [
        "/changes/?state=all&since=0001-01-01&until=9999-12-31",
        "/audit/?since=0001-01-01T00:00&until=9999-12-31T23:59",
    ],
)
def test_days_at_the_end_of_time_filter_nothing(people: Cast, path: str) -> None:
    for zone in ("Asia/Tokyo", "America/New_York"):
        assert in_zone(people.riley, zone).get(path).status_code == 200


@time_machine.travel("2026-10-20T23:30:00Z", tick=False)
def test_days_that_narrow_a_list_are_ones_own(
    berlin: Client, as_: As, people: Cast, gateway: Gateway
) -> None:
    change = make_change(gateway=gateway, author=people.alice)

    def found(client: Client, day: str) -> bool:
        page = client.get(f"/changes/?state=all&since={day}&until={day}")
        return change.get_absolute_url() in page.content.decode()

    assert found(berlin, "2026-10-21")
    assert not found(berlin, "2026-10-20")
    assert found(as_("riley"), "2026-10-20")
