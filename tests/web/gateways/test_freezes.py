"""The page of freezes, and what a frozen change shows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest, Delivery, Freeze
from portal.changes.states import State
from tests.factories import (
    Cast,
    make_change,
    make_delivery,
    make_freeze,
    make_gateway,
    make_person,
)
from tests.web.conftest import sign_in

As = Callable[[str], Client]
ONCE = {
    "reach": "all",
    "reason": "Black Friday",
    "zone": "Europe/Berlin",
    "again": "",
    "starts_at": "2026-11-27T00:00",
    "ends_at": "2026-11-28T00:00",
    "cron": "",
    "length": "",
    "length_unit": "hours",
}
AGAIN = ONCE | {
    "again": "yes",
    "starts_at": "",
    "ends_at": "",
    "cron": "0 18 * * 5",
    "length": "62",
}
NOW = "2026-11-21T10:00:00Z"


@time_machine.travel(NOW)
def test_one_from_to_is_by_the_clock_of_its_zone(as_: As) -> None:
    response = as_("admin").post("/freezes/", ONCE, follow=True)

    freeze = Freeze.objects.get()
    assert freeze.starts_at == datetime(2026, 11, 26, 23, tzinfo=UTC)
    assert freeze.ends_at == datetime(2026, 11, 27, 23, tzinfo=UTC)
    page = response.content.decode()
    assert "All gateways" in page
    assert "2026-11-26 23:00 UTC" in page
    assert "Black Friday" in page


@time_machine.travel(NOW)
def test_one_that_comes_again_shows_its_next_windows(as_: As, gateway: Gateway) -> None:
    response = as_("admin").post(
        "/freezes/", AGAIN | {"reach": "gateway:default"}, follow=True
    )

    freeze = Freeze.objects.get()
    assert (freeze.cron, freeze.length) == ("0 18 * * 5", timedelta(hours=62))
    assert freeze.gateway == gateway
    page = response.content.decode()
    assert "2 days 14 hours" in page
    for start in ("2026-11-20", "2026-11-27", "2026-12-04"):
        assert f"{start} 17:00 UTC" in page
    # For whoever does not see the picture.
    assert "17:00 to 24:00" in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"reach": "gateway:other"}, "reach"),
        ({"reach": ""}, "reach"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"starts_at": ""}, "starts_at"),
        ({"ends_at": ""}, "ends_at"),
        ({"ends_at": "2026-11-26T00:00"}, "ends_at"),
        ({"ends_at": "2029-11-26T00:00"}, "ends_at"),
        ({"again": "yes", "cron": "0 18 * * 5"}, "length"),
        ({"again": "yes", "length": "3"}, "cron"),
        ({"again": "yes", "cron": "x", "length": "3"}, "cron"),
        ({"again": "yes", "cron": "0 1 * * *", "length": "0"}, "length"),
        ({"again": "yes", "cron": "0 1 * * *", "length": "99999"}, "length"),
        (
            {"again": "yes", "cron": "0 1 * * *", "length": "9", "length_unit": "x"},
            "length",
        ),
        ({"again": "maybe"}, "again"),
    ],
)
@time_machine.travel(NOW)
def test_what_is_wrong_is_said_beside_its_field(
    as_: As, wrong: dict[str, str], field: str
) -> None:
    response = as_("admin").post("/freezes/", ONCE | wrong)

    assert response.status_code == 400
    assert field in response.context["form"].errors
    assert not Freeze.objects.exists()


@time_machine.travel(NOW)
def test_the_calendar_is_turned(as_: As, people: Cast, gateway: Gateway) -> None:
    start = datetime(2026, 12, 24, 12, tzinfo=UTC)
    make_freeze(
        people.admin,
        gateway=gateway,
        starts_at=start,
        ends_at=start + timedelta(hours=6),
    )
    client = as_("audrey")

    november = client.get("/gateways/default/freezes/").content.decode()
    december = client.get("/gateways/default/freezes/?month=2026-12").content.decode()

    assert "12:00 to 18:00" not in november
    assert 'href="?month=2026-12"' in november
    assert "December 2026" in december
    assert "12:00 to 18:00" in december


def test_a_gateway_s_own_page_leaves_out_what_does_not_reach_it(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    make_freeze(people.admin, reason="Everywhere")
    make_freeze(people.admin, reason="Elsewhere", gateway=make_gateway("other"))

    page = as_("admin").get("/gateways/default/freezes/").content.decode()

    assert "Everywhere" in page
    assert "Elsewhere" not in page
    assert "New freeze" not in page
    assert 'href="/freezes/">See those of all gateways, or begin one.' in page


def test_ending_one_lets_it_go(as_: As, people: Cast) -> None:
    freeze = make_freeze(people.admin)
    admin = as_("admin")
    assert "on now" in admin.get("/freezes/").content.decode()

    page = admin.post(f"/freezes/{freeze.pk}/end/", follow=True).content.decode()

    freeze.refresh_from_db()
    assert freeze.ended_by == people.admin
    assert "on now" not in page
    assert "ended by admin" in page


@pytest.mark.parametrize("who", ["alice", "riley", "omar", "audrey"])
def test_others_read_and_have_no_controls(as_: As, people: Cast, who: str) -> None:
    freeze = make_freeze(people.admin)
    client = as_(who)

    page = client.get("/freezes/").content.decode()

    assert "Black Friday" in page
    assert "New freeze" not in page
    assert "End this freeze" not in page
    assert client.post("/freezes/", ONCE).status_code == 403
    assert client.post(f"/freezes/{freeze.pk}/end/").status_code == 403
    assert Freeze.objects.get().ended_at is None


def test_a_gateway_one_may_not_see_keeps_its_freezes_to_itself(people: Cast) -> None:
    mine, other = make_gateway("mine"), make_gateway("other")
    person = make_person("gil")
    Membership.objects.create(person=person, role=Role.ADMINISTRATOR, gateway=mine)
    make_freeze(people.admin, gateway=mine, reason="Ours")
    theirs = make_freeze(people.admin, gateway=other, reason="Theirs")
    client = sign_in(person)

    page = client.get("/freezes/").content.decode()

    assert "Ours" in page
    assert "Theirs" not in page
    assert "All gateways" not in page
    assert client.post(f"/freezes/{theirs.pk}/end/").status_code == 404


class TestAChangeThatWaits:
    @pytest.fixture
    def change(self, people: Cast, gateway: Gateway) -> ChangeRequest:
        change = make_change(gateway=gateway, author=people.alice, state=State.APPROVED)
        make_delivery(change, state="pending")
        return change

    def test_says_why(self, as_: As, people: Cast, change: ChangeRequest) -> None:
        freeze = make_freeze(people.admin)

        page = as_("alice").get(change.get_absolute_url()).content.decode()

        assert f"frozen until {freeze.ends_at:%Y-%m-%d %H:%M} UTC" in page
        assert "because: Black Friday" in page
        assert "in spite of the freeze" not in page

    def test_an_operator_lets_it_pass_with_a_reason(
        self, as_: As, people: Cast, change: ChangeRequest
    ) -> None:
        make_freeze(people.admin)
        omar = as_("omar")
        path = f"{change.get_absolute_url()}override/"
        assert path in omar.get(change.get_absolute_url()).content.decode()

        refused = omar.post(path, {"comment": " "})
        page = omar.post(path, {"comment": "An outage."}, follow=True)

        assert refused.status_code == 400
        assert Delivery.objects.get().freeze_overrides.get().reason == "An outage."
        told = page.content.decode()
        assert "An outage." in told
        assert "frozen until" not in told

    def test_an_open_page_notices_that_a_freeze_begins(
        self, as_: As, people: Cast, change: ChangeRequest
    ) -> None:
        client = as_("omar")
        url = change.get_absolute_url()
        seen = client.get(url).context["seen"]
        asked = {"headers": {"HX-Request": "true"}}
        assert client.get(f"{url}?seen={seen}", **asked).status_code == 204

        make_freeze(people.admin)

        news = client.get(f"{url}?seen={seen}", **asked)
        assert news.status_code == 200
        assert "frozen until" in news.content.decode()
