"""Approval is proved when a delivery is claimed: rows that say otherwise deliver nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from gateway import sealing
from gateway.models import Gateway
from portal.accounts.gateways import change_gateway
from portal.accounts.models import Membership, Vouched, Vouching
from portal.accounts.policy.deciding import accept_policy
from portal.audit.models import AuditEvent
from portal.changes.deliver import deliver
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    Item,
    Review,
    Revision,
    Step,
    Verdict,
)
from portal.changes.operate import retry
from portal.changes.plan import document_digest, stored_digest
from portal.changes.review import approve, request_changes
from portal.changes.signals import applied
from portal.changes.states import State
from tests.actors import present
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    delivery_of,
    events_of,
    route,
    sent,
    time_passes,
    updates,
)
from tests.factories import make_live_gateway, make_person
from tests.sandbox import SandboxGateway
from tests.waiting import LONG, eventually

pytestmark = pytest.mark.django_db

EVIL = conference(uri="/a", upstream={"type": "roundrobin", "nodes": {"evil:1": 1}})


def role_is_taken(desk: Desk, change: ChangeRequest) -> None:
    Membership.objects.filter(person=desk.people.riley).delete()


def role_is_lowered(desk: Desk, change: ChangeRequest) -> None:
    Membership.objects.filter(person=desk.people.riley).update(role="author")


def reviewer_leaves(desk: Desk, change: ChangeRequest) -> None:
    type(desk.people.riley).objects.filter(username="riley").update(is_active=False)


def review_is_deleted(desk: Desk, change: ChangeRequest) -> None:
    Review.objects.all().delete()


def review_becomes_somebody_elses(desk: Desk, change: ChangeRequest) -> None:
    Review.objects.update(reviewer=desk.people.alice)


def review_becomes_a_strangers(desk: Desk, change: ChangeRequest) -> None:
    Review.objects.update(reviewer=desk.people.audrey)


def review_names_another_digest(desk: Desk, change: ChangeRequest) -> None:
    Review.objects.update(digest="0" * 64)


def wanted_is_altered(desk: Desk, change: ChangeRequest) -> None:
    Item.objects.update(wanted_sealed=sealing.seal(EVIL))


def wanted_and_its_digest_are_altered(desk: Desk, change: ChangeRequest) -> None:
    wanted_is_altered(desk, change)
    Item.objects.update(wanted_digest=document_digest("route", EVIL))


def everything_but_the_review_is_altered(desk: Desk, change: ChangeRequest) -> None:
    wanted_and_its_digest_are_altered(desk, change)
    revision = change.latest_revision()
    Revision.objects.update(digest=stored_digest(revision, change.gateway))


def the_resource_is_altered(desk: Desk, change: ChangeRequest) -> None:
    Item.objects.filter(resource_id="a").update(resource_id="other")


def the_order_is_altered(desk: Desk, change: ChangeRequest) -> None:
    Item.objects.filter(resource_id="a").update(position=9)


def the_changes_gateway_is_altered(desk: Desk, change: ChangeRequest) -> None:
    ChangeRequest.objects.update(gateway=another_gateway(desk))


def the_deliverys_gateway_is_altered(desk: Desk, change: ChangeRequest) -> None:
    Delivery.objects.update(gateway=another_gateway(desk))


def another_gateway(desk: Desk) -> Gateway:
    return make_live_gateway(
        desk.sandbox,
        "other",
    )


def the_action_is_altered(desk: Desk, change: ChangeRequest) -> None:
    Item.objects.update(action="delete")


def an_item_is_added(desk: Desk, change: ChangeRequest) -> None:
    Item.objects.create(
        revision=change.latest_revision(),
        position=9,
        action="create",
        kind="route",
        resource_id="evil",
        wanted=EVIL,
        wanted_sealed=sealing.seal(EVIL),
    )


def an_item_is_deleted(desk: Desk, change: ChangeRequest) -> None:
    Item.objects.filter(resource_id="b").delete()


def the_time_is_altered(desk: Desk, change: ChangeRequest) -> None:
    Revision.objects.update(deliver_after=timezone.now())


def a_newer_revision_is_written(desk: Desk, change: ChangeRequest) -> None:
    Revision.objects.create(
        change=change, number=2, author=desk.people.alice, digest="1" * 64
    )


def more_approvals_are_needed(desk: Desk, change: ChangeRequest) -> None:
    type(desk.gateway).objects.update(approvals_required=2)


def the_reviewer_had_made_the_authors_account(
    desk: Desk, change: ChangeRequest
) -> None:
    before = timezone.now() - timedelta(hours=1)
    made = {"by": desk.people.riley, "person": desk.people.alice, "how": Vouched.MADE}
    Vouching.objects.create(at=before, **made)


def somebody_had_made_both_their_accounts(desk: Desk, change: ChangeRequest) -> None:
    before = timezone.now() - timedelta(hours=1)
    for person in (desk.people.riley, desk.people.alice):
        made = {"by": desk.people.admin, "person": person, "how": Vouched.MADE}
        Vouching.objects.create(at=before, **made)


TAMPERING: list[Callable[[Desk, ChangeRequest], None]] = [
    role_is_taken,
    role_is_lowered,
    reviewer_leaves,
    review_is_deleted,
    review_becomes_somebody_elses,
    review_becomes_a_strangers,
    review_names_another_digest,
    wanted_is_altered,
    wanted_and_its_digest_are_altered,
    everything_but_the_review_is_altered,
    the_resource_is_altered,
    the_order_is_altered,
    the_changes_gateway_is_altered,
    the_deliverys_gateway_is_altered,
    the_action_is_altered,
    an_item_is_added,
    an_item_is_deleted,
    the_time_is_altered,
    a_newer_revision_is_written,
    more_approvals_are_needed,
    the_reviewer_had_made_the_authors_account,
    somebody_had_made_both_their_accounts,
]


@pytest.mark.parametrize("tamper", TAMPERING)
def test_nothing_is_delivered_and_it_is_audited(
    desk: Desk, tamper: Callable[[Desk, ChangeRequest], None]
) -> None:
    change = approved(desk, route("a"), route("b"))
    delivery = delivery_of(change)
    tamper(desk, change)

    deliver(delivery.pk)

    change.refresh_from_db()
    delivery.refresh_from_db()
    assert change.state == State.FAILED
    assert delivery.state == "failed"
    assert "the approval is not proved" in delivery.outcome
    assert desk.writes() == []
    assert events_of(change)[-2:] == ["delivery.refused", "change.failed"]
    refused = AuditEvent.objects.get(event="delivery.refused")
    assert refused.actor == "Gatehouse itself"


def test_a_change_set_to_delivering_by_hand_delivers_nothing(desk: Desk) -> None:
    change = desk.create("a")
    ChangeRequest.objects.update(state=State.DELIVERING)
    Delivery.objects.create(
        revision=change.latest_revision(),
        gateway=desk.gateway,
        state="sending",
        wrote=True,
    )
    desk.sandbox.forget_requests()

    desk.deliver(change)

    assert change.state == State.FAILED
    assert desk.sandbox.requests("write") == []


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.REQUEST_CHANGES])
def test_another_verdict_is_no_approval(desk: Desk, verdict: Verdict) -> None:
    change = desk.create("a")
    revision = change.latest_revision()
    request_changes(revision, actor=present(desk.people.riley), comment="No.")
    Review.objects.update(verdict=verdict)
    ChangeRequest.objects.update(state=State.APPROVED)
    Delivery.objects.create(revision=revision, gateway=desk.gateway)

    desk.deliver(change)

    assert change.state == State.FAILED
    assert desk.writes() == []


def test_two_approvals_of_which_one_fell_away_are_one(desk: Desk) -> None:
    type(desk.gateway).objects.update(approvals_required=2)
    rita = make_person("rita")
    Membership.objects.create(person=rita, role="reviewer")
    desk.gateway.refresh_from_db()
    change = desk.create("a")
    approve(change.latest_revision(), actor=present(desk.people.riley))
    approve(change.latest_revision(), actor=present(rita))
    Membership.objects.filter(person=rita).delete()

    desk.deliver(change)

    assert change.state == State.FAILED
    assert "1 of 2 approvals" in delivery_of(change).outcome
    assert desk.writes() == []


def test_a_retry_proves_it_again(desk: Desk) -> None:
    change = approved(desk, route("a"))
    reviewer_leaves(desk, change)
    desk.deliver(change)

    retry(change, actor=present(desk.people.omar))
    desk.deliver(change)
    assert change.state == State.FAILED
    assert desk.writes() == []

    type(desk.people.riley).objects.filter(username="riley").update(is_active=True)
    retry(change, actor=present(desk.people.omar))
    desk.deliver(change)
    assert change.state == State.APPLIED


class TestBetweenTwoAttempts:
    """The first attempt wrote the first item; then the approval falls away."""

    def half_done(self, desk: Desk) -> ChangeRequest:
        desk.sandbox.put("route", "a", conference(desc="before"))
        change = approved(desk, updates("route", "a", desc="ours"), route("b"))
        desk.sandbox.misbehave(do="status", method="PUT", path="/routes/b$")
        desk.deliver(change)
        assert desk.live("a")["desc"] == "ours"
        desk.sandbox.behave()
        time_passes(change)
        desk.sandbox.forget_requests()
        return change

    def test_what_was_reviewed_is_taken_back(self, desk: Desk) -> None:
        change = self.half_done(desk)
        reviewer_leaves(desk, change)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a")["desc"] == "before"
        assert desk.live("b") is None
        assert sent(desk) == ["PUT routes/a"]
        assert "delivery.refused" in events_of(change)

    def alter(self, **fields: Any) -> None:
        Item.objects.filter(resource_id="a").update(**fields)

    def test_what_nobody_reviewed_is_not_even_restored(self, desk: Desk) -> None:
        """The altered base would be a document that nobody approved."""
        change = self.half_done(desk)
        self.alter(base_sealed=sealing.seal(EVIL))

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.writes() == []
        assert desk.live("a")["desc"] == "ours"
        assert "route a was not restored" in delivery_of(change).outcome
        assert "It holds what this change wanted." in delivery_of(change).outcome
        assert delivery_of(change).wrote

    def test_not_even_with_its_revisions_digest_altered_too(self, desk: Desk) -> None:
        change = self.half_done(desk)
        self.alter(base_sealed=sealing.seal(EVIL))
        revision = change.latest_revision()
        Revision.objects.update(digest=stored_digest(revision, change.gateway))

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.writes() == []


def test_steps_made_up_by_hand_restore_nothing(desk: Desk) -> None:
    """A delivery, an attempt and a step inserted by hand, to have a base written."""
    desk.sandbox.put("route", "a", conference(uri="/a"))
    change = desk.ask(updates("route", "a", desc="ours"))
    ChangeRequest.objects.update(state=State.DELIVERING)
    item = Item.objects.get()
    Item.objects.update(
        base_sealed=sealing.seal(EVIL), wanted_sealed=sealing.seal(desk.live("a"))
    )
    delivery = Delivery.objects.create(
        revision=change.latest_revision(), gateway=desk.gateway, wrote=True
    )
    attempt = delivery.attempts.create(number=1, finished_at=timezone.now())
    Step.objects.create(
        attempt=attempt,
        item=item,
        kind="write",
        method="PUT",
        path="/x",
        outcome="accepted",
    )
    desk.sandbox.forget_requests()

    desk.deliver(change)

    assert change.state == State.FAILED
    assert desk.sandbox.requests("write") == []


def test_what_was_approved_for_a_new_address_never_goes_to_the_old_one(
    desk: Desk,
) -> None:
    """A worker that is at it for long meets the gateway as it is by then."""
    first, new = approved(desk, route("a")), SandboxGateway()

    def move(**kwargs: Any) -> None:
        applied.disconnect(move)
        desk.gateway.refresh_from_db()
        desk.gateway.admin_url = new.admin_url
        change_gateway(
            desk.gateway,
            fields=["admin_url"],
            admin_key=new.key,
            reason="It moved.",
            actor=present(desk.people.admin),
        )
        approved(desk, route("b"))

    applied.connect(move)
    try:
        desk.deliver(first)

        assert set(ChangeRequest.objects.values_list("state", flat=True)) == {
            State.APPLIED
        }
        assert new.get("route", "b") is not None
        assert desk.live("b") is None
    finally:
        applied.disconnect(move)
        new.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestAnAddressAcceptedMeanwhile:
    def test_what_runs_ends_where_it_began_and_nothing_goes_to_the_new_one(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        marker, new = tmp_path / "stopped", SandboxGateway()
        ada = make_person("ada", "administrator")
        first, second = approved(desk, route("a")), approved(desk, route("b"))
        desk.gateway.admin_url = new.admin_url
        asked = change_gateway(
            desk.gateway, fields=["admin_url"], reason="It moved.", actor=present(ada)
        )
        assert asked
        monkeypatch.setenv("GATEHOUSE_TEST_STOP_AT", "step_written")
        monkeypatch.setenv("GATEHOUSE_TEST_MARKER", str(marker))

        def work() -> None:
            try:
                deliver(first.latest_revision().delivery.pk)
            finally:
                connections.close_all()

        try:
            with ThreadPoolExecutor(1) as pool:
                worker = pool.submit(work)
                eventually(marker.exists, "it is about to write")
                accept_policy(asked, actor=present(desk.people.admin))
                marker.unlink()
                worker.result(LONG)

            assert desk.live("a") is not None
            assert sent(desk) == ["PUT routes/a"]
            assert (new.get("route", "a"), new.get("route", "b")) == (None, None)
            first.refresh_from_db()
            second.refresh_from_db()
            assert (first.state, second.state) == (State.APPLIED, State.FAILED)
            assert "delivery.refused" in events_of(second)
        finally:
            marker.unlink(missing_ok=True)
            new.close()
