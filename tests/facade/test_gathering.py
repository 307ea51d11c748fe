"""One token's writes gather in one draft, which is sent for review when it is quiet."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.tokens import revoke_token
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.changes.errors import SelfReview
from portal.changes.models import ChangeRequest, Delivery, Gathering, Item, Review
from portal.changes.review import withdraw
from portal.changes.states import State
from portal.changes.tasks import submit_one, sweep_gatherings
from tests.actors import present
from tests.facade.conftest import (
    NODES,
    UPSTREAM,
    Desk,
    Program,
    body_of,
    program_of,
    refused,
)
from tests.factories import make_change

pytestmark = pytest.mark.django_db


def chain(program: Program) -> Any:
    """Write an upstream, then a route that names it; return the last answer's change."""
    body_of(program.put("/upstreams/u1", UPSTREAM), 202)
    route = {"uri": "/speaker/*", "upstream_id": "u1"}
    return body_of(program.put("/routes/r1", route), 202)["change"]


def test_a_write_is_answered_with_the_admin_api_s_shape_and_the_change(
    desk: Desk, alice: Program
) -> None:
    response = alice.put("/upstreams/u1?reason=A+new+pool.", UPSTREAM)

    body = body_of(response, 202)
    change = desk.the_change()
    assert body["key"] == "/apisix/upstreams/u1"
    assert set(body["value"]) - set(UPSTREAM) == {"id", "create_time", "update_time"}
    assert body["value"]["id"] == "u1"
    assert response["Location"] == f"/changes/{change.number}/"
    assert body["change"]["number"] == change.number
    assert body["change"]["state"] == change.state == State.DRAFT
    assert body["change"]["url"].endswith(f"/changes/{change.number}/")
    assert (change.reason, change.channel) == ("A new pool.", "admin-api")
    assert (change.author, change.token) == (desk.people.alice, alice.token)
    assert "message" not in body
    assert desk.sandbox.get("upstream", "u1") is None
    assert not desk.sandbox.requests("write") or all(
        "validate" in one["path"] for one in desk.sandbox.requests("write")
    )


def test_writes_gather_and_a_later_one_may_name_an_earlier(
    desk: Desk, alice: Program
) -> None:
    told = chain(alice)

    change = desk.the_change()
    assert told["number"] == change.number
    assert [(i.action, i.kind) for i in Item.objects.order_by("position")] == [
        ("create", "upstream"),
        ("create", "route"),
    ]
    assert change.reason == (
        "PUT /upstreams/u1 via Admin API\nPUT /routes/r1 via Admin API"
    )
    assert "/speaker/*" in change.summary


def test_a_quiet_draft_is_submitted_reviewed_and_delivered(
    desk: Desk, alice: Program
) -> None:
    chain(alice)

    desk.quiet()

    change = desk.the_change()
    assert change.state == State.IN_REVIEW
    assert not Gathering.objects.exists()
    desk.apply(change)
    assert desk.sandbox.get("route", "r1")["upstream_id"] == "u1"
    assert body_of(alice.get("/routes/r1"), 200)["value"]["uri"] == "/speaker/*"
    assert list(problems()) == []
    assert list(AuditEvent.objects.order_by("number").values_list("event", flat=True))[
        :3
    ] == ["change.drafted", "change.gathered", "change.submitted"]


def test_a_draft_that_is_not_quiet_yet_waits(desk: Desk, alice: Program) -> None:
    told = chain(alice)
    assert "still gathers what its program writes" in told["message"]
    gathering = Gathering.objects.get()

    submit_one(gathering.pk)

    assert desk.the_change().state == State.DRAFT
    left = gathering.due_at - timezone.now()
    assert timedelta(seconds=30) < left <= timedelta(seconds=60)


def test_the_last_write_may_submit_at_once(desk: Desk, alice: Program) -> None:
    alice.put("/upstreams/u1", UPSTREAM)
    route = {"uri": "/x", "upstream_id": "u1"}

    body = body_of(alice.put("/routes/r1", route, X_Change="submit"), 202)

    assert body["change"]["state"] == "in_review"
    assert desk.the_change().state == State.IN_REVIEW


def test_a_draft_may_be_submitted_without_another_write(
    desk: Desk, alice: Program
) -> None:
    chain(alice)

    response = alice.submit()

    assert body_of(response, 202)["change"]["state"] == "in_review"
    assert response["Location"] == f"/changes/{desk.the_change().number}/"
    assert "No draft" in refused(alice.submit(), 404)


def test_two_writes_of_one_resource_are_one_item(desk: Desk, alice: Program) -> None:
    chain(alice)

    alice.patch("/routes/r1", {"methods": ["GET"], "uri": "/speaker/1"})
    alice.put("/upstreams/u1", UPSTREAM | {"retries": 2})

    upstream, route = Item.objects.order_by("position")
    assert route.wanted == {
        "id": "r1",
        "uri": "/speaker/1",
        "upstream_id": "u1",
        "methods": ["GET"],
    }
    assert (route.action, route.base) == ("create", None)
    assert upstream.wanted["retries"] == 2
    desk.quiet()
    desk.apply(desk.the_change())


def test_what_a_draft_creates_and_deletes_is_nothing(
    desk: Desk, alice: Program
) -> None:
    chain(alice)

    body = body_of(alice.delete("/routes/r1"), 202)

    assert (body["key"], body["deleted"]) == ("/apisix/routes/r1", "1")
    assert [item.kind for item in Item.objects.all()] == ["upstream"]
    body_of(alice.delete("/upstreams/u1"), 202)
    desk.quiet()
    assert desk.the_change().state == State.WITHDRAWN


def test_a_write_that_changes_nothing_is_answered_as_done(
    desk: Desk, alice: Program
) -> None:
    desk.sandbox.put("upstream", "u1", UPSTREAM)

    body = body_of(alice.put("/upstreams/u1", UPSTREAM), 200)

    assert body["value"]["nodes"] == NODES
    assert "change" not in body
    assert not ChangeRequest.objects.exists()


def test_a_write_that_was_asked_for_and_waits_asks_for_nothing_more(
    desk: Desk, alice: Program
) -> None:
    first = body_of(alice.put("/upstreams/u1", UPSTREAM, X_Change="submit"), 202)

    again = body_of(alice.put("/upstreams/u1", UPSTREAM), 202)

    assert again["change"]["number"] == first["change"]["number"]
    assert ChangeRequest.objects.count() == 1


def test_each_token_has_a_draft_of_its_own_on_each_gateway(
    desk: Desk, alice: Program
) -> None:
    other = program_of(desk.people.alice, name="other")
    alice.put("/upstreams/u1", UPSTREAM)

    words = refused(other.put("/routes/r1", {"uri": "/x", "upstream_id": "u1"}))

    assert words == (
        "failed to fetch upstream info by upstream id [u1], response code: 404"
    )
    other.put("/upstreams/u2", UPSTREAM)
    assert Gathering.objects.count() == 2


def test_what_others_changed_meanwhile_is_kept(desk: Desk, alice: Program) -> None:
    desk.sandbox.put("upstream", "u1", UPSTREAM)
    alice.patch("/upstreams/u1", {"retries": 2})
    desk.sandbox.put("upstream", "u1", UPSTREAM | {"desc": "theirs", "retries": 9})

    desk.quiet()

    item = desk.the_change().latest_revision().items.get()
    assert (item.wanted["desc"], item.wanted["retries"]) == ("theirs", 2)
    assert item.base["desc"] == "theirs"


def test_a_draft_that_a_blocker_stops_is_kept_and_told(
    desk: Desk, alice: Program
) -> None:
    desk.sandbox.put("upstream", "u1", UPSTREAM)
    alice.put("/routes/r1", {"uri": "/x", "upstream_id": "u1"})
    desk.sandbox.delete("upstream", "u1")

    desk.quiet()

    change = desk.the_change()
    assert change.state == State.DRAFT
    blocker, *_ = change.latest_revision().findings
    assert (blocker["code"], blocker["severity"]) == ("missing_reference", "blocker")
    desk.quiet()  # nobody tries again by himself
    assert AuditEvent.objects.filter(event="change.held_back").count() == 1
    answered = body_of(alice.put("/upstreams/u2", UPSTREAM), 202)["change"]
    assert answered["number"] != change.number
    assert answered["held_back"]["number"] == change.number
    again = body_of(alice.put("/upstreams/u3", UPSTREAM), 202)["change"]
    assert "held_back" not in again


def test_a_blocker_at_submission_is_answered_and_the_draft_kept(
    desk: Desk, alice: Program
) -> None:
    desk.sandbox.put("upstream", "u1", UPSTREAM)
    alice.put("/routes/r1", {"uri": "/x", "upstream_id": "u1"})
    desk.sandbox.delete("upstream", "u1")

    body = body_of(alice.submit(), 422)

    assert "is kept" in body["error_msg"]
    assert body["findings"][0]["code"] == "missing_reference"
    assert desk.the_change().state == State.DRAFT


def test_a_revoked_token_submits_nothing_more(desk: Desk, alice: Program) -> None:
    chain(alice)
    revoke_token(alice.token.pk, actor=present(desk.people.alice))

    desk.quiet()

    change = desk.the_change()
    assert change.state == State.DRAFT
    assert "token" in change.latest_revision().findings[0]["words"]


def test_a_draft_that_its_author_threw_away_takes_no_more_writes(
    desk: Desk, alice: Program
) -> None:
    chain(alice)
    change = desk.the_change()
    withdraw(change, actor=present(desk.people.alice))

    answered = body_of(alice.put("/upstreams/u2", UPSTREAM), 202)["change"]

    assert answered["number"] != change.number
    sweep_gatherings()
    assert [one.change_id for one in Gathering.objects.all()] == [answered["number"]]


def test_a_gateway_that_is_down_keeps_nothing(desk: Desk, alice: Program) -> None:
    desk.sandbox.stop()

    response = alice.put("/upstreams/u1", UPSTREAM)

    assert "nothing was stored" in refused(response, 503)
    assert response["Retry-After"]
    assert not ChangeRequest.objects.exists()


def test_a_gateway_that_is_down_when_a_draft_is_due_loses_nothing(
    desk: Desk, alice: Program
) -> None:
    chain(alice)
    desk.sandbox.stop()

    desk.quiet()

    assert desk.the_change().state == State.DRAFT
    desk.sandbox.start()
    desk.quiet()
    assert desk.the_change().state == State.IN_REVIEW


def test_a_token_of_somebody_who_may_decide_decides_nothing(
    desk: Desk, alice: Program
) -> None:
    waits = make_change(gateway=desk.gateway, author=desk.people.alice)
    reviewer = program_of(desk.people.riley)

    body = body_of(reviewer.put("/upstreams/u1", UPSTREAM, Prefer="wait=1"), 202)

    change = ChangeRequest.objects.get(number=body["change"]["number"])
    assert change.state == State.IN_REVIEW
    assert not Review.objects.exists()
    assert not Delivery.objects.exists()
    waits.refresh_from_db()
    assert waits.state == State.IN_REVIEW
    with pytest.raises(SelfReview):
        desk.approve(change)


def test_a_full_draft_says_so(
    desk: Desk, alice: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.changes.gather.ITEM_LIMIT", 2)
    chain(alice)

    assert "at most 2 items" in refused(alice.put("/upstreams/u2", UPSTREAM))
    body_of(alice.put("/upstreams/u1", UPSTREAM | {"retries": 1}), 202)
