"""A retired gateway is only read, and nothing waits for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.errors import NotAllowed, NotPresent
from portal.accounts.which_gateway import choose_gateway
from portal.audit.models import AuditEvent
from portal.changes.deliver import deliver
from portal.changes.errors import WrongState
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    DeliveryState,
    ImportFile,
    ImportState,
    ProbeRun,
)
from portal.changes.permissions import permissions
from portal.changes.probe import Probe
from portal.changes.probing import DEATHS, TRIES, send_probe
from portal.changes.propose import draft
from portal.changes.retire import retire_gateway
from portal.changes.review import request_changes, withdraw
from portal.changes.schedule import explained
from portal.changes.states import OPEN, State
from portal.changes.terms import Terms
from portal.changes.transfer.formats import Format
from portal.changes.transfer.later import import_kept, keep_for_later
from portal.changes.transfer.propose_file import FileAsked
from tests.actors import present, program
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import approved, delivery_of, events_of, route, sent
from tests.factories import make_person

TWO_HOURS = timedelta(hours=2)


def retire_behind_our_back(desk: Desk) -> None:
    """As if the retirement was committed while something else was under way."""
    Gateway.objects.update(retired_at=timezone.now())
    desk.gateway.refresh_from_db()
    desk.sandbox.forget_requests()


def test_what_is_open_is_withdrawn_and_told(desk: Desk) -> None:
    in_review, waits = desk.create("one"), approved(desk, route("two"))
    sent_back = desk.create("three")
    request_changes(
        sent_back.latest_revision(), actor=present(desk.people.riley), comment="No."
    )
    kept = draft(desk.asked(route("four")), actor=present(desk.people.alice)).change
    scheduled = approved(
        desk,
        route("five"),
        terms=Terms(deliver_after=timezone.now() + timedelta(days=30)),
    )

    retire_gateway(desk.gateway, reason="Gone.", actor=present(desk.people.admin))

    assert not ChangeRequest.objects.filter(state__in=OPEN).exists()
    assert events_of(in_review)[-1] == "change.withdrawn"
    assert events_of(sent_back)[-1] == "change.withdrawn"
    assert events_of(kept)[-1] == "change.discarded"
    for change in (waits, scheduled):
        assert events_of(change)[-1] == "change.cancelled"
        assert delivery_of(change).state == DeliveryState.CANCELLED
    told = AuditEvent.objects.get(subject_id=str(waits.pk), event="change.cancelled")
    assert (told.actor, told.details["comment"]) == (
        "admin",
        "Gateway default was retired.",
    )
    waits.refresh_from_db()
    assert "is retired" in explained(waits, waits.latest_revision(), None)


def test_what_was_to_be_taken_back_stays_as_it_is(desk: Desk) -> None:
    change = approved(desk, route("a"), terms=Terms(expires_after=TWO_HOURS))
    desk.deliver(change)
    inverse = ChangeRequest.objects.get(reverts=change)

    retire_gateway(desk.gateway, reason="Gone.", actor=present(desk.people.admin))

    inverse.refresh_from_db()
    assert inverse.state == State.WITHDRAWN
    assert desk.live("a") is not None


def test_a_gateway_that_is_being_written_is_not_retired(desk: Desk) -> None:
    change, other = approved(desk, route("a")), desk.create("b")
    Delivery.objects.filter(revision__change=change).update(state=DeliveryState.SENDING)
    ChangeRequest.objects.filter(pk=change.pk).update(state=State.DELIVERING)

    with pytest.raises(WrongState, match=f"#{change.pk} is being written"):
        retire_gateway(desk.gateway, reason="Gone.", actor=present(desk.people.admin))

    assert Gateway.objects.in_service().exists()
    assert ChangeRequest.objects.get(pk=other.pk).state == State.IN_REVIEW


def test_only_administrators_at_the_portal_retire(desk: Desk) -> None:
    with pytest.raises(NotPresent):
        retire_gateway(desk.gateway, reason="Gone.", actor=program(desk.people.admin))
    with pytest.raises(NotAllowed):
        retire_gateway(desk.gateway, reason="Gone.", actor=present(desk.people.omar))

    assert Gateway.objects.in_service().exists()


def test_nothing_is_sent_to_a_retired_gateway_not_even_a_question(desk: Desk) -> None:
    change = approved(desk, route("a"))
    retire_behind_our_back(desk)

    desk.deliver(change)

    assert change.state == State.FAILED
    assert "is retired" in delivery_of(change).outcome
    assert desk.sandbox.requests() == []


def test_an_inverse_that_is_due_is_not_written_to_a_retired_gateway(desk: Desk) -> None:
    change = approved(desk, route("a"), terms=Terms(expires_after=TWO_HOURS))
    desk.deliver(change)
    inverse = Delivery.objects.get(revision__change__reverts=change)
    past = timezone.now() - timedelta(hours=3)
    Delivery.objects.filter(revision__change=change).update(finished_at=past)
    Delivery.objects.filter(pk=inverse.pk).update(not_before=past)
    retire_behind_our_back(desk)

    deliver(inverse.pk)

    assert desk.live("a") is not None
    assert sent(desk) == []
    assert "is retired" in Delivery.objects.get(pk=inverse.pk).outcome


def test_what_failed_on_it_is_still_withdrawn_by_its_author(desk: Desk) -> None:
    change = approved(desk, route("a"))
    retire_behind_our_back(desk)
    desk.deliver(change)
    alice = present(desk.people.alice)

    assert permissions(change, actor=alice).withdraw
    withdraw(change, actor=alice)

    assert ChangeRequest.objects.get(pk=change.pk).state == State.WITHDRAWN


def test_a_failed_probe_takes_nothing_back_on_it(desk: Desk) -> None:
    probe = Probe(path="/a", status=418, take_back=True)
    change = approved(desk, route("a"), terms=Terms(probe=probe))
    desk.deliver(change)
    retire_behind_our_back(desk)

    for _ in range(TRIES + DEATHS):
        ProbeRun.objects.update(not_before=None)
        send_probe(delivery_of(change).pk)

    assert ProbeRun.objects.get().state == "failed"
    assert not ChangeRequest.objects.filter(reverts=change).exists()


def test_a_file_that_waits_is_refused_in_words(desk: Desk) -> None:
    asked = FileAsked(
        gateway=desk.gateway,
        source=b"routes: []\n#END\n",
        format=Format.APISIX,
        reason="A new start.",
    )
    file = keep_for_later(asked, actor=present(desk.people.alice))
    retire_behind_our_back(desk)

    import_kept(file.pk)

    file = ImportFile.objects.get()
    assert file.state == ImportState.REFUSED
    assert "is retired" in file.refusal["detail"]
    assert desk.sandbox.requests() == []


def test_who_may_not_see_it_is_not_told_that_it_is_retired(desk: Desk) -> None:
    retire_behind_our_back(desk)
    stranger = make_person("stranger")

    with pytest.raises(NotAllowed, match="is retired"):
        choose_gateway("default", actor=program(desk.people.alice))
    with pytest.raises(Exception, match="no gateway 'default'"):
        choose_gateway("default", actor=program(stranger))


def test_it_is_said_of_every_request_for_a_change(desk: Desk) -> None:
    retire_behind_our_back(desk)

    with pytest.raises(NotAllowed, match="is retired"):
        desk.create("a", **conference())
