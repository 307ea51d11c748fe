"""Delivering alone: by its own role, with a reason, told to everybody, looked at after."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.actor import Actor
from portal.accounts.errors import ConfirmationNeeded, NotAllowed, NotPresent
from portal.accounts.models import Membership, Person
from portal.accounts.roles import Role, Verb
from portal.audit.models import AuditEvent
from portal.changes import break_glass as operations
from portal.changes.errors import (
    Blocked,
    Malformed,
    SelfReview,
    StaleRevision,
    WrongState,
)
from portal.changes.models import (
    AfterReview,
    ChangeRequest,
    Delivery,
    FreezeOverride,
    Review,
    Verdict,
)
from portal.changes.permissions import permissions
from portal.changes.quorum import standing, unproven
from portal.changes.review import approve
from portal.changes.states import State
from portal.changes.waiting import to_review_after
from tests.actors import present, program
from tests.changes.conftest import Desk, refused
from tests.factories import (
    Cast,
    make_change,
    make_freeze,
    make_gateway,
    make_person,
    make_review,
    make_revision,
)


def emergency(person: Person) -> Person:
    Membership.objects.create(person=person, role=Role.EMERGENCY)
    return person


def break_glass(
    change: ChangeRequest, actor: Actor, reason: str = "The shop is down."
) -> Review:
    return operations.break_glass(change.latest_revision(), actor=actor, reason=reason)


def test_an_author_delivers_alone(desk: Desk) -> None:
    alice = emergency(desk.people.alice)
    change = desk.create()

    break_glass(change, present(alice))
    desk.deliver(change)

    assert change.state == State.APPLIED
    assert desk.live()["uri"] == "/speaker/*"
    events = AuditEvent.objects.filter(subject_id=change.pk).order_by("number")
    told = {event.event: event.details for event in events}
    assert told["change.glass_broken"]["comment"] == "The shop is down."
    assert told["change.glass_broken"]["approvals"] == "0 of 1"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.EMERGENCY])
def test_no_other_role_does(people: Cast, change: ChangeRequest, role: Role) -> None:
    somebody = make_person("somebody", role)

    refused(NotAllowed, lambda: break_glass(change, present(somebody)))
    assert not permissions(change, actor=present(somebody)).break_glass


def test_a_superuser_does_not_either(people: Cast, change: ChangeRequest) -> None:
    refused(NotAllowed, lambda: break_glass(change, present(people.admin)))


def test_a_superuser_approves_nothing_of_their_own(people: Cast) -> None:
    change = make_change(gateway=make_gateway(), author=people.admin)

    refused(
        SelfReview,
        lambda: approve(change.latest_revision(), actor=present(people.admin)),
    )


def test_no_program_does(people: Cast, change: ChangeRequest) -> None:
    emergency(people.omar)

    refused(NotPresent, lambda: break_glass(change, program(people.omar)))


def test_on_a_production_gateway_they_prove_anew_who_they_are(
    people: Cast, settings: Any
) -> None:
    settings.REAUTHENTICATE_FOR_PRODUCTION = 15
    gateway = make_gateway(environment="production")
    change = make_change(gateway=gateway, author=people.alice)
    omar = present(emergency(people.omar))
    earlier = replace(omar, signed_in_at=timezone.now() - timedelta(hours=1))

    refused(ConfirmationNeeded, lambda: break_glass(change, earlier))
    break_glass(change, omar)


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 1_001])
def test_it_needs_a_reason(people: Cast, change: ChangeRequest, reason: str) -> None:
    omar = present(emergency(people.omar))

    refused(Malformed, lambda: break_glass(change, omar, reason))


def test_a_blocker_still_stops(people: Cast) -> None:
    blocker = {
        "code": "x",
        "severity": "blocker",
        "item": 0,
        "path": "",
        "words": "It cannot be.",
        "mend": "Mend it.",
    }
    change = make_change(
        gateway=make_gateway(), author=people.alice, findings=[blocker]
    )

    refused(Blocked, lambda: break_glass(change, present(emergency(people.omar))))


@pytest.mark.parametrize(
    "state", [state for state in State if state is not State.IN_REVIEW]
)
def test_only_what_is_in_review(people: Cast, state: State) -> None:
    change = make_change(gateway=make_gateway(), author=people.alice, state=state)

    refused(WrongState, lambda: break_glass(change, present(emergency(people.omar))))


def test_only_what_was_seen(people: Cast, change: ChangeRequest) -> None:
    seen = change.latest_revision()
    make_revision(change)
    omar = present(emergency(people.omar))

    refused(
        StaleRevision,
        lambda: operations.break_glass(seen, actor=omar, reason="Now."),
    )


def test_it_passes_the_freezes_of_that_moment(desk: Desk) -> None:
    make_freeze(desk.people.admin)
    change = desk.create()

    break_glass(change, present(emergency(desk.people.omar)))
    desk.deliver(change)

    assert change.state == State.APPLIED
    assert FreezeOverride.objects.get().reason == "The shop is down."
    assert AuditEvent.objects.filter(event="freeze.overridden").count() == 1


@pytest.mark.django_db
def test_everybody_concerned_is_told(
    people: Cast, change: ChangeRequest, django_capture_on_commit_callbacks: Any
) -> None:
    by_group = make_person("gina")
    by_group.groups.add(Group.objects.create(name="ops"))
    Membership.objects.create(group=by_group.groups.get(), role=Role.REVIEWER)
    make_person("elsewhere", Role.REVIEWER, gateway=make_gateway("other"))

    with django_capture_on_commit_callbacks(execute=True):
        break_glass(change, present(emergency(people.omar)))

    [letter] = mail.outbox
    assert set(letter.bcc) == {
        f"{name}@example.com" for name in ("alice", "riley", "admin", "gina")
    }
    assert "The shop is down." in letter.body
    assert f"/changes/{change.number}/" in letter.body


def test_the_proof_is_exactly_this_verdict(desk: Desk) -> None:
    """A role that was taken away, another digest, or a mere state prove nothing."""
    omar = emergency(desk.people.omar)
    change = desk.create()
    break_glass(change, present(omar))
    Membership.objects.filter(person=omar, role=Role.EMERGENCY).delete()

    desk.deliver(change)

    assert change.state == State.FAILED
    assert "0 of 1 approvals count now" in change.latest_revision().delivery.outcome
    assert desk.writes() == []


def test_a_verdict_on_something_else_proves_nothing(desk: Desk) -> None:
    emergency(desk.people.omar)
    change = desk.create()
    revision = change.latest_revision()
    Review.objects.create(
        revision=revision,
        reviewer=desk.people.omar,
        verdict=Verdict.BREAK_GLASS,
        digest="0" * 64,
    )
    ChangeRequest.objects.filter(pk=change.pk).update(state=State.APPROVED)
    change.refresh_from_db()

    assert not standing(change).has_quorum
    assert unproven(revision, change, revision.created_at)


def test_the_glass_breaks_once(people: Cast, change: ChangeRequest) -> None:
    emergency(people.omar)
    make_review(change.latest_revision(), people.omar, Verdict.BREAK_GLASS)
    emergency(people.riley)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_review(change.latest_revision(), people.riley, Verdict.BREAK_GLASS)


def test_who_approved_already_may_still_break_it(people: Cast) -> None:
    """One of two approvals is there, and nobody else wakes up."""
    change = make_change(
        gateway=make_gateway(approvals_required=2), author=people.alice
    )
    omar = present(emergency(people.omar))
    approve(change.latest_revision(), actor=omar)

    break_glass(change, omar)

    assert Delivery.objects.get().revision.change == change


@pytest.fixture
def broken(people: Cast, change: ChangeRequest) -> ChangeRequest:
    """Alice's change, which omar delivers alone."""
    break_glass(change, present(emergency(people.omar)))
    change.refresh_from_db()
    return change


def test_somebody_else_looks_at_it_afterwards(
    people: Cast, broken: ChangeRequest
) -> None:
    assert list(to_review_after(people.audrey)) == [broken]

    operations.review_afterwards(
        broken, actor=present(people.riley), comment="It was right."
    )

    after = AfterReview.objects.get()
    assert (after.closed_by, after.comment) == (people.riley, "It was right.")
    assert not to_review_after(people.audrey).exists()
    assert AuditEvent.objects.latest("number").event == "change.reviewed_after"


@pytest.mark.parametrize(
    ("who", "error"),
    [("alice", NotAllowed), ("omar", SelfReview), ("audrey", NotAllowed)],
)
def test_who_had_a_part_in_it_does_not(
    people: Cast, broken: ChangeRequest, who: str, error: type[Exception]
) -> None:
    actor = present(getattr(people, who))

    with pytest.raises(error):
        operations.review_afterwards(broken, actor=actor, comment="Fine.")

    assert AfterReview.objects.get().closed_at is None
    assert not permissions(broken, actor=actor).review_afterwards


def test_an_author_who_decides_elsewhere_does_not(
    people: Cast, broken: ChangeRequest
) -> None:
    Membership.objects.create(person=people.alice, role=Role.OPERATOR)

    with pytest.raises(SelfReview):
        operations.review_afterwards(
            broken, actor=present(people.alice), comment="Fine."
        )


def test_no_program_looks_at_it(people: Cast, broken: ChangeRequest) -> None:
    with pytest.raises(NotPresent):
        operations.review_afterwards(
            broken, actor=program(people.riley), comment="Fine."
        )


def test_it_is_looked_at_once_and_with_a_word(
    people: Cast, broken: ChangeRequest
) -> None:
    riley = present(people.riley)
    with pytest.raises(Malformed):
        operations.review_afterwards(broken, actor=riley, comment=" ")
    operations.review_afterwards(broken, actor=riley, comment="It was right.")

    with pytest.raises(WrongState):
        operations.review_afterwards(broken, actor=riley, comment="Again.")


def test_the_verb_is_nobody_s_without_the_role(people: Cast) -> None:
    gateway = make_gateway("elsewhere")

    assert not any(
        person.may(Verb.BREAK_GLASS, gateway) for person in vars(people).values()
    )
