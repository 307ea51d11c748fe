"""The whole record of one change, for auditors."""

from collections.abc import Callable

import pytest
from django.test import Client

from gateway.models import Gateway
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from portal.web.parts import ROWS
from tests.actors import present
from tests.factories import (
    Cast,
    item,
    make_change,
    make_comment,
    make_review,
    make_revision,
)
from tests.web.conftest import sign_in

As = Callable[[str], Client]
ITEMS = 60


@pytest.fixture
def change(people: Cast, gateway: Gateway) -> ChangeRequest:
    """Decided on, revised and talked about; with more items than a part has."""
    made = make_change(gateway=gateway, author=people.alice)
    record(Event.CHANGE_SUBMITTED, actor=present(people.alice), subject=made)
    make_review(made.latest_revision(), people.riley, "request_changes", "Not <b>so.")
    make_comment(made, people.omar, "Is it \u202ewell?")
    make_revision(made, items=[item(resource_id=f"r{n:03}") for n in range(ITEMS)])
    make_review(made.latest_revision(), people.omar)
    record(Event.CHANGE_APPROVED, actor=present(people.omar), subject=made)
    return made


def test_it_holds_all_items_verdicts_digests_and_hashes(
    as_: As, change: ChangeRequest
) -> None:
    page = as_("audrey").get(f"/changes/{change.number}/print/").content.decode()

    assert all(f"r{n:03}" in page for n in range(ITEMS))
    assert page.count("Node 127.0.0.1:8000") == ITEMS
    assert "<details" not in page.partition("<main")[2]
    for revision in change.revisions.all():
        # Beside the revision, and beside the verdict on it.
        assert page.count(revision.digest) == 2
    for event in AuditEvent.objects.filter(subject_id=str(change.number)):
        assert f"{event.previous_hash} → {event.hash}" in page
    assert "Not &lt;b&gt;so." in page
    assert "1 of 1" in page
    assert "approval from any reviewer" in page
    assert "⟨U+202E⟩" in page


def test_of_many_items_so_many_are_in_each_part(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    found = {"code": "x", "severity": "info", "path": "", "mend": ""}
    made = make_change(
        gateway=gateway,
        author=people.alice,
        items=[item(resource_id=f"r{n:03}") for n in range(ROWS + 5)],
        findings=[found | {"item": n, "words": f"It is {n}."} for n in (0, ROWS)],
    )
    client = as_("audrey")

    first = client.get(f"/changes/{made.number}/print/").content.decode()
    second = client.get(f"/changes/{made.number}/print/?part=2").content.decode()

    assert f"Part 1 of 2: items 1 to {ROWS} of {ROWS + 5}." in first
    assert "It is 0." in first
    assert f"It is {ROWS}." not in first
    assert "The ledger</h2>" in first
    assert f"Part 2 of 2: items {ROWS + 1} to {ROWS + 5} of {ROWS + 5}." in second
    assert second.count("Node 127.0.0.1:8000") == 5
    assert f"It is {ROWS}." in second
    assert "The ledger</h2>" not in second


def test_an_earlier_revision_is_shown_when_asked_for(
    as_: As, change: ChangeRequest
) -> None:
    client = as_("riley")

    first = client.get(f"/changes/{change.number}/print/?revision=1").content.decode()

    assert "What revision 1 does" in first
    assert "r007" not in first
    assert client.get(f"/changes/{change.number}/print/?revision=9").status_code == 404
    assert client.get(f"/changes/{change.number}/print/?revision=x").status_code == 200


def test_a_verdict_on_something_else_is_told(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    made = make_change(gateway=gateway, author=people.alice, state=State.APPLIED)
    review = make_review(made.latest_revision(), people.riley)
    type(review).objects.filter(pk=review.pk).update(digest="0" * 64)

    page = as_("audrey").get(f"/changes/{made.number}/print/").content.decode()

    assert "is not the digest of that revision" in page


def test_only_who_may_see_the_change_sees_its_record(
    people: Cast, gateway: Gateway, django_assert_max_num_queries: object
) -> None:
    draft = make_change(gateway=gateway, author=people.alice, state=State.DRAFT)

    assert (
        sign_in(people.riley).get(f"/changes/{draft.number}/print/").status_code == 404
    )
    client = sign_in(people.alice)
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        assert client.get(f"/changes/{draft.number}/print/").status_code == 200
