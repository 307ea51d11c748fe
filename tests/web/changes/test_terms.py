"""People say when a change shall go live; reviewers see it before they approve."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.changes.models import ChangeRequest
from portal.changes.review import request_changes
from portal.changes.states import State
from portal.changes.terms import Terms
from tests.actors import present
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import approved, route
from tests.web.asking.test_ask import ROUTE, as_json
from tests.web.conftest import sign_in

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


def test_a_change_for_a_time_says_so_to_whoever_approves(
    alice: Client, riley: Client
) -> None:
    alice.post(
        "/changes/new/",
        ROUTE | {"do": "send", "expires_after": "90", "expires_after_unit": "minutes"},
    )

    change = ChangeRequest.objects.get()
    assert change.latest_revision().expires_after == timedelta(minutes=90)
    page = riley.get(change.get_absolute_url()).content.decode()
    assert "1 hour 30 minutes" in page
    assert "Whoever approves it approves that, too." in page


@pytest.mark.parametrize(
    ("count", "unit"),
    [
        ("0", "hours"),
        ("91", "days"),
        ("x", "hours"),
        ("2", "years"),
        ("9" * 30, "days"),
    ],
)
def test_a_bad_length_is_said_beside_its_field(
    alice: Client, count: str, unit: str
) -> None:
    response = alice.post(
        "/changes/new/",
        ROUTE | {"do": "send", "expires_after": count, "expires_after_unit": unit},
    )

    assert response.status_code == 400
    assert response.context["asking"].why.errors["expires_after"]
    assert f'value="{count}"' in response.content.decode()
    assert not ChangeRequest.objects.exists()


def test_a_new_revision_begins_with_its_length(alice: Client, desk: Desk) -> None:
    terms = Terms(expires_after=timedelta(days=2))
    change = desk.ask(route("a"), terms=terms)

    form = alice.get(f"{change.get_absolute_url()}revise/").content.decode()

    assert 'name="expires_after" value="2"' in form
    assert '<option value="days" selected>' in form


def test_one_more_resource_keeps_what_was_typed(alice: Client) -> None:
    data = as_json({"document": "{}"}, do="add") | {
        "deliver_after": "2026-11-30T21:00",
        "expires_after": "3",
        "expires_after_unit": "days",
    }

    form = alice.post("/changes/new/", data).content.decode()

    assert 'value="2026-11-30T21:00"' in form
    assert 'name="expires_after" value="3"' in form
    assert '<option value="days" selected>' in form


def test_both_pages_lead_to_one_another_and_an_operator_ends_it(
    riley: Client, desk: Desk
) -> None:
    change = approved(desk, route("a"), terms=Terms(expires_after=timedelta(hours=2)))
    desk.deliver(change)
    inverse = ChangeRequest.objects.get(reverts=change)
    omar = sign_in(desk.people.omar)
    end_early = f"{inverse.get_absolute_url()}end-early/"

    first = omar.get(change.get_absolute_url()).content.decode()
    second = omar.get(inverse.get_absolute_url()).content.decode()

    assert f'href="{inverse.get_absolute_url()}"' in first
    assert f"until change #{inverse.number} takes it back at" in first
    assert f'href="{change.get_absolute_url()}"' in second
    assert f"takes #{change.number} back not before" in second
    assert end_early in second
    assert end_early not in riley.get(inverse.get_absolute_url()).content.decode()
    assert riley.post(end_early).status_code == 403
    page = omar.post(end_early, {"comment": "Over."}, follow=True).content.decode()
    assert "let it be taken back before its time" in page
    assert "Over." in page
    assert desk.deliver(inverse).state == State.APPLIED
