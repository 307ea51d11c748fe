"""People say when a change shall go live; reviewers see it before they approve."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.changes.models import ChangeRequest
from portal.changes.review import request_changes
from portal.changes.terms import Terms
from tests.actors import present
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import approved, route
from tests.web.conftest import sign_in
from tests.web.test_ask import ROUTE, as_json

__all__ = ["desk"]


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


@pytest.fixture
def riley(desk: Desk) -> Client:
    return sign_in(desk.people.riley)


def tomorrow() -> datetime:
    """Tomorrow at this time, as the form takes it: to the minute, in UTC."""
    return (timezone.now() + timedelta(days=1)).replace(second=0, microsecond=0)


def typed(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"


def test_the_form_takes_it_and_the_reviewer_reads_it(
    alice: Client, riley: Client
) -> None:
    due = tomorrow()

    alice.post("/changes/new/", ROUTE | {"do": "send", "deliver_after": typed(due)})

    change = ChangeRequest.objects.get()
    assert change.latest_revision().deliver_after == due
    page = riley.get(change.get_absolute_url()).content.decode()
    assert f"{due:%Y-%m-%d %H:%M} UTC" in page
    assert "in 23 h" in page or "in 1 d" in page
    assert "at once" not in page


@pytest.mark.parametrize("wrong", ["2020-01-01T10:00", "2999-01-01T10:00", "soon"])
@pytest.mark.parametrize("do", ["preview", "send"])
def test_a_bad_time_is_said_beside_its_field(
    alice: Client, wrong: str, do: str
) -> None:
    response = alice.post("/changes/new/", ROUTE | {"do": do, "deliver_after": wrong})

    assert response.status_code == 400
    assert response.context["asking"].why.errors["deliver_after"]
    assert f'value="{wrong}"' in response.content.decode()
    assert not ChangeRequest.objects.exists()


def test_a_new_revision_begins_with_it_and_may_drop_it(
    alice: Client, desk: Desk
) -> None:
    due = tomorrow()
    change = desk.ask(route("a"), terms=Terms(deliver_after=due))
    request_changes(
        change.latest_revision(), actor=present(desk.people.riley), comment="Sooner."
    )
    path = f"{change.get_absolute_url()}revise/"

    form = alice.get(path).content.decode()
    alice.post(
        path,
        as_json(
            {"id": "a", "document": {"uri": "/a", "upstream": {"nodes": {"h:1": 1}}}},
            do="send",
            deliver_after="",
        ),
    )

    assert f'value="{typed(due)}"' in form
    assert change.latest_revision().number == 2
    assert change.latest_revision().deliver_after is None


def test_an_approved_one_says_what_it_waits_for(riley: Client, desk: Desk) -> None:
    due = tomorrow()
    change = approved(desk, route("a"), terms=Terms(deliver_after=due))

    page = riley.get(change.get_absolute_url()).content.decode()

    assert f"goes live not before {due:%Y-%m-%d %H:%M} UTC" in page
    assert "A worker takes it in a moment." not in page
    assert 'hx-trigger="every 5s' in page
