"""Several harmless changes on one page."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from gateway.models import Gateway
from portal.changes.models import ChangeRequest, Review
from portal.changes.states import State
from tests.factories import Cast, make_change, make_revision, route_document
from tests.web.conftest import sign_in

As = Callable[[str], Client]
WARNING = {
    "code": "auth_missing",
    "severity": "warning",
    "item": 0,
    "path": "",
    "words": "Open to all.",
    "mend": "",
}


@pytest.fixture
def three(people: Cast, gateway: Gateway) -> list[ChangeRequest]:
    return [make_change(gateway=gateway, author=people.alice) for _ in range(3)]


def address(*changes: ChangeRequest) -> str:
    return "/changes/together/?" + "&".join(f"n={one.number}" for one in changes)


def form_of(page: str) -> list[str]:
    return re.findall(r'name="seen" value="([^"]+)"', page)


def test_only_harmless_ones_that_wait_for_somebody_can_be_chosen(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    harmless = make_change(gateway=gateway, author=people.alice)
    make_change(gateway=gateway, author=people.alice, findings=[WARNING])

    def boxes(name: str, tab: str) -> list[str]:
        page = as_(name).get(f"/changes/?state={tab}").content.decode()
        return re.findall(r'<input type="checkbox" name="n" value="(\d+)"', page)

    assert boxes("riley", "waiting") == [str(harmless.number)]
    assert boxes("riley", "all") == []
    assert boxes("alice", "waiting") == []


def test_all_of_each_is_on_the_page_and_one_press_approves_them(
    as_: As, three: list[ChangeRequest]
) -> None:
    client = as_("riley")
    page = client.get(address(*three)).content.decode()

    assert len(re.findall("Node 127.0.0.1:8000", page)) == 3
    assert "Approve 3 changes" in page
    answer = client.post(
        "/changes/together/", {"seen": form_of(page)}, follow=True
    ).content.decode()

    for change in three:
        assert f"You approved #{change.number}." in answer
        change.refresh_from_db()
        assert change.state == State.APPROVED


def test_what_changed_since_it_was_shown_is_refused_and_said(
    as_: As, three: list[ChangeRequest]
) -> None:
    client = as_("riley")
    seen = form_of(client.get(address(*three)).content.decode())
    make_revision(three[0])

    answer = client.post("/changes/together/", {"seen": seen}, follow=True)

    page = answer.content.decode()
    assert f"#{three[0].number} is not approved" in page
    assert f"You approved #{three[1].number}." in page
    assert not Review.objects.filter(revision__change=three[0]).exists()


def test_a_second_press_says_that_they_are_decided(
    as_: As, three: list[ChangeRequest]
) -> None:
    client = as_("riley")
    seen = form_of(client.get(address(*three)).content.decode())
    client.post("/changes/together/", {"seen": seen})

    page = client.post(
        "/changes/together/", {"seen": seen}, follow=True
    ).content.decode()

    assert page.count("is not approved") == 3
    assert Review.objects.count() == 3


def test_those_who_may_not_see_no_button_and_cannot_press_it(
    as_: As, people: Cast, three: list[ChangeRequest]
) -> None:
    seen = [f"{one.number}.1.{one.latest_revision().digest}" for one in three]
    for name in ("alice", "audrey"):
        page = as_(name).get(address(*three)).content.decode()
        assert "<button" not in page.partition("<main")[2]
        as_(name).post("/changes/together/", {"seen": seen})

    assert not Review.objects.exists()


@pytest.mark.parametrize("seen", ["", "x", "1", "1.1", "²..", "1.1.x", "9" * 30])
def test_a_form_that_makes_no_sense_does_nothing(
    as_: As, three: list[ChangeRequest], seen: str
) -> None:
    answer = as_("riley").post("/changes/together/", {"seen": seen})

    assert answer.status_code in (302, 400)
    assert not Review.objects.exists()


def test_it_asks_the_database_as_often_for_many_as_for_few(
    people: Cast, gateway: Gateway, django_assert_max_num_queries: object
) -> None:
    changes = [make_change(gateway=gateway, author=people.alice) for _ in range(20)]
    make_change(gateway=gateway, author=people.alice, findings=[WARNING])
    client = sign_in(people.riley)

    with django_assert_max_num_queries(12):  # type: ignore[operator]
        page = client.get(address(*changes)).content.decode()

    assert "Approve 20 changes" in page
    assert route_document()["uri"] in page
