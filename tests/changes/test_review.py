"""Deciding: four eyes, one revision, one outcome, nothing changed when refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections

from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.models import Membership, Person
from portal.accounts.roles import Role
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.changes.asked import ItemAsked
from portal.changes.errors import (
    AlreadyReviewed,
    ChangeError,
    Malformed,
    NoSuchChange,
    NotYours,
    SelfReview,
    StaleRevision,
    WrongState,
)
from portal.changes.models import ChangeRequest, Comment, Delivery, Review
from portal.changes.propose import revise
from portal.changes.quorum import standing
from portal.changes.review import (
    add_comment,
    approve,
    reject,
    request_changes,
    withdraw,
)
from portal.changes.states import State
from tests.actors import present, program
from tests.changes.conftest import Desk, conference, refused
from tests.factories import (
    Cast,
    make_cast,
    make_change,
    make_gateway,
    make_person,
    make_token,
)


def decided_events() -> list[str]:
    return list(AuditEvent.objects.order_by("number").values_list("event", flat=True))


class TestApprove:
    def test_it_queues_a_delivery_and_is_recorded(
        self, change: ChangeRequest, people: Cast
    ) -> None:
        review = approve(change.latest_revision(), actor=present(people.riley))

        change.refresh_from_db()
        assert change.state == State.APPROVED
        assert review.digest == change.latest_revision().digest
        assert Delivery.objects.get().revision == change.latest_revision()
        assert decided_events() == ["change.approved", "delivery.queued"]
        assert {e.actor for e in AuditEvent.objects.all()} == {"riley"}

    def test_a_quorum_of_two_needs_two_people(
        self, change: ChangeRequest, people: Cast
    ) -> None:
        change.gateway.approvals_required = 2
        change.gateway.save()

        approve(change.latest_revision(), actor=present(people.riley))
        change.refresh_from_db()
        assert change.state == State.IN_REVIEW
        assert "1 approval missing" in standing(change).missing
        assert not Delivery.objects.exists()

        approve(change.latest_revision(), actor=present(people.omar))
        change.refresh_from_db()
        assert change.state == State.APPROVED
        assert Delivery.objects.count() == 1

    def test_an_author_does_not_approve_their_own_change(
        self, change: ChangeRequest, people: Cast
    ) -> None:
        Membership.objects.create(person=people.alice, role=Role.REVIEWER)

        refused(
            SelfReview,
            lambda: approve(change.latest_revision(), actor=present(people.alice)),
        )

    def test_a_superuser_is_bound_by_four_eyes(self, people: Cast) -> None:
        change = make_change(gateway=make_gateway(), author=people.admin)

        refused(
            SelfReview,
            lambda: approve(change.latest_revision(), actor=present(people.admin)),
        )

    def test_whoever_made_the_token_is_an_author(self, people: Cast) -> None:
        token, _ = make_token(people.riley)
        change = make_change(gateway=make_gateway(), author=people.alice, token=token)

        refused(
            SelfReview,
            lambda: approve(change.latest_revision(), actor=present(people.riley)),
        )

    @pytest.mark.parametrize("name", ["alice", "audrey"])
    def test_without_the_right_nothing_is_decided(
        self, change: ChangeRequest, people: Cast, name: str
    ) -> None:
        person = getattr(people, name)

        refused(
            NotAllowed, lambda: approve(change.latest_revision(), actor=present(person))
        )

    def test_a_change_on_an_unseen_gateway_is_not_there(
        self, change: ChangeRequest
    ) -> None:
        stranger = make_person(role=Role.REVIEWER, gateway=make_gateway("other"))

        refused(
            NotVisible,
            lambda: approve(change.latest_revision(), actor=present(stranger)),
        )

    def test_a_token_never_approves(self, change: ChangeRequest, people: Cast) -> None:
        for person in (people.riley, people.admin):
            refused(
                NotPresent,
                lambda person=person: approve(
                    change.latest_revision(), actor=program(person)
                ),
            )

    def test_twice_by_one_person_counts_once(
        self, change: ChangeRequest, people: Cast
    ) -> None:
        change.gateway.approvals_required = 2
        change.gateway.save()
        approve(change.latest_revision(), actor=present(people.riley))

        with pytest.raises(AlreadyReviewed):
            approve(change.latest_revision(), actor=present(people.riley))

        assert Review.objects.count() == 1

    @pytest.mark.parametrize("state", [s for s in State if s is not State.IN_REVIEW])
    def test_only_a_change_in_review_is_approved(
        self, people: Cast, state: State
    ) -> None:
        change = make_change(gateway=make_gateway(), author=people.alice, state=state)

        refused(
            WrongState,
            lambda: approve(change.latest_revision(), actor=present(people.riley)),
        )


@pytest.mark.parametrize(
    ("decide", "state", "event"),
    [
        (reject, State.REJECTED, "change.rejected"),
        (request_changes, State.CHANGES_REQUESTED, "change.changes_requested"),
    ],
)
class TestRefusals:
    def test_it_needs_words_and_is_recorded_with_them(
        self,
        change: ChangeRequest,
        people: Cast,
        decide: Callable[..., Review],
        state: State,
        event: str,
    ) -> None:
        revision = change.latest_revision()
        refused(
            Malformed,
            lambda: decide(revision, actor=present(people.riley), comment=" "),
        )

        decide(revision, actor=present(people.riley), comment="Limit it first.")

        change.refresh_from_db()
        assert change.state == state
        assert decided_events() == [event]
        assert AuditEvent.objects.get().details["comment"] == "Limit it first."
        assert not Delivery.objects.exists()

    def test_neither_author_nor_token_decides(
        self,
        change: ChangeRequest,
        people: Cast,
        decide: Callable[..., Review],
        state: State,
        event: str,
    ) -> None:
        Membership.objects.create(person=people.alice, role=Role.OPERATOR)
        revision = change.latest_revision()

        refused(
            SelfReview,
            lambda: decide(revision, actor=present(people.alice), comment="x"),
        )
        refused(
            NotPresent,
            lambda: decide(revision, actor=program(people.riley), comment="x"),
        )


class TestWithdraw:
    def test_a_program_withdraws_what_its_person_asked(
        self, change: ChangeRequest, people: Cast
    ) -> None:
        withdraw(change, actor=program(people.alice))

        change.refresh_from_db()
        assert change.state == State.WITHDRAWN
        assert AuditEvent.objects.get().client == "ChatGPT"

    def test_somebody_elses_change_is_not_withdrawn(
        self, change: ChangeRequest, people: Cast
    ) -> None:
        refused(NotYours, lambda: withdraw(change, actor=present(people.admin)))

    def test_an_unseen_change_is_not_there(self, change: ChangeRequest) -> None:
        refused(NoSuchChange, lambda: withdraw(change, actor=present(make_person())))

    @pytest.mark.parametrize("state", [State.APPROVED, State.DELIVERING, State.APPLIED])
    def test_what_is_approved_is_not_withdrawn(
        self, people: Cast, state: State
    ) -> None:
        change = make_change(gateway=make_gateway(), author=people.alice, state=state)

        refused(WrongState, lambda: withdraw(change, actor=present(people.alice)))

    def test_a_token_without_the_scope_does_not(
        self, change: ChangeRequest, people: Cast
    ) -> None:
        token, _ = make_token(people.alice, scopes=["gateway:read"])
        reader = replace(program(people.alice), token=token)

        refused(NotAllowed, lambda: withdraw(change, actor=reader))


def test_a_comment_is_kept_and_recorded(change: ChangeRequest, people: Cast) -> None:
    add_comment(change, actor=present(people.alice), text=" For the keynote. ")

    assert Comment.objects.get().text == "For the keynote."
    assert decided_events() == ["change.commented"]
    with pytest.raises(NotPresent):
        add_comment(change, actor=program(people.alice), text="x")
    with pytest.raises(NotAllowed):
        add_comment(change, actor=present(people.audrey), text="x")


@pytest.mark.usefixtures("each_database")
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def at_once(self, *acts: Callable[[], Any]) -> list[Exception | None]:
        """Run the acts in threads at once; return what each raised."""

        def run(act: Callable[[], Any]) -> Exception | None:
            try:
                act()
            except ChangeError as error:
                return error
            finally:
                connections.close_all()
            return None

        with ThreadPoolExecutor(len(acts)) as pool:
            return [f.result(120) for f in [pool.submit(run, act) for act in acts]]

    def test_two_approving_at_once_give_one_delivery(self) -> None:
        people = make_cast()
        change = make_change(gateway=make_gateway(), author=people.alice)
        revision = change.latest_revision()

        raised = self.at_once(
            *(
                lambda person=person: approve(revision, actor=present(person))
                for person in (people.riley, people.omar, people.riley, people.omar)
            )
        )

        assert sum(error is None for error in raised) == 1
        assert Delivery.objects.count() == 1
        assert list(problems()) == []

    def test_two_of_a_quorum_at_once_both_count(self) -> None:
        people = make_cast()
        change = make_change(
            gateway=make_gateway(approvals_required=2), author=people.alice
        )
        revision = change.latest_revision()

        raised = self.at_once(
            lambda: approve(revision, actor=present(people.riley)),
            lambda: approve(revision, actor=present(people.omar)),
        )

        assert raised == [None, None]
        change.refresh_from_db()
        assert change.state == State.APPROVED
        assert Delivery.objects.count() == 1

    def test_approve_reject_and_withdraw_at_once_give_one_outcome(self) -> None:
        people = make_cast()
        change = make_change(gateway=make_gateway(), author=people.alice)
        revision = change.latest_revision()

        raised = self.at_once(
            lambda: approve(revision, actor=present(people.riley)),
            lambda: reject(revision, actor=present(people.omar), comment="no"),
            lambda: withdraw(change, actor=present(people.alice)),
        )

        change.refresh_from_db()
        assert sum(error is None for error in raised) == 1
        assert change.state in {State.APPROVED, State.REJECTED, State.WITHDRAWN}
        assert (Delivery.objects.count() == 1) == (change.state == State.APPROVED)

    def test_bulk_and_single_decisions_never_deadlock(self) -> None:
        people = make_cast()
        gateway = make_gateway()
        changes = [make_change(gateway=gateway, author=people.alice) for _ in range(8)]

        def all_of(order: list[ChangeRequest], person: Person) -> None:
            for change in order:
                try:
                    approve(change.latest_revision(), actor=present(person))
                except ChangeError:
                    continue

        raised = self.at_once(
            lambda: all_of(changes, people.riley),
            lambda: all_of(changes[::-1], people.omar),
            lambda: all_of(changes[4:] + changes[:4], people.admin),
        )

        assert raised == [None, None, None]
        assert Delivery.objects.count() == 8
        assert list(problems()) == []


@pytest.mark.django_db
def test_an_outdated_revision_is_not_approved(desk: Desk) -> None:
    change = desk.create()
    seen = change.latest_revision()
    revise(
        change,
        desk.asked(
            ItemAsked(
                action="create",
                kind="route",
                id="conference",
                document=conference(uri="/x"),
            )
        ),
        actor=present(desk.people.alice),
    )

    with pytest.raises(StaleRevision):
        approve(seen, actor=present(desk.people.riley))

    change.refresh_from_db()
    assert change.state == State.IN_REVIEW
    assert not Review.objects.exists()
