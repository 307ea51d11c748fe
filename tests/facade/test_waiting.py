"""`Prefer: wait=N` waits for the delivery, on at most half of the threads."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from portal.changes import until_settled
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from portal.changes.until_settled import room_to_wait
from portal.run.gunicorn import threads
from tests.facade.conftest import UPSTREAM, Desk, Program, body_of
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def decided_meanwhile(desk: Desk) -> Iterator[None]:
    """Let a reviewer approve and a worker deliver what comes to be in review."""

    def decide() -> None:
        try:
            in_review = ChangeRequest.objects.in_review()
            desk.apply(eventually(in_review.first, "a change is in review"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        decided = pool.submit(decide)
        yield
        decided.result()


def test_it_is_answered_as_the_admin_api_would_once_it_is_live(
    desk: Desk, alice: Program
) -> None:
    with decided_meanwhile(desk):
        created = alice.put("/upstreams/u1", UPSTREAM, Prefer="wait=20")

    body = body_of(created, 201)
    assert (body["key"], body["value"]["id"]) == ("/apisix/upstreams/u1", "u1")
    assert body["change"]["state"] == "applied"
    assert created["Preference-Applied"] == "wait=20"
    with decided_meanwhile(desk):
        patched = alice.patch("/upstreams/u1", {"retries": 2}, Prefer="a, wait=15; b")
    assert body_of(patched, 200)["value"]["retries"] == 2
    assert patched["Preference-Applied"] == "wait=15"
    with decided_meanwhile(desk):
        gone = alice.delete("/upstreams/u1", Prefer="respond-async, wait=99")
    assert body_of(gone, 200)["deleted"] == "1"
    assert gone["Preference-Applied"] == "wait=20"


def test_what_is_not_live_in_time_is_accepted(desk: Desk, alice: Program) -> None:
    began = time.monotonic()

    response = alice.put("/upstreams/u1", UPSTREAM, Prefer="wait=1")

    assert time.monotonic() - began >= 1
    assert body_of(response, 202)["change"]["state"] == "in_review"
    assert response["Preference-Applied"] == "wait=1"
    assert response["Location"]


def test_what_is_turned_down_is_waited_for_no_longer(
    desk: Desk, alice: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turn_down() -> None:
        try:
            change = eventually(ChangeRequest.objects.in_review().first, "in review")
            ChangeRequest.objects.filter(pk=change.pk).update(state=State.REJECTED)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(turn_down)
        response = alice.put("/upstreams/u1", UPSTREAM, Prefer="wait=20")
        done.result()

    assert body_of(response, 202)["change"]["state"] == "rejected"


def test_without_room_to_wait_it_is_answered_at_once(
    desk: Desk, alice: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(until_settled, "_room", threading.BoundedSemaphore(1))

    with room_to_wait() as may_wait:
        assert may_wait
        response = alice.put("/upstreams/u1", UPSTREAM, Prefer="wait=20")

    assert body_of(response, 202)["change"]["state"] == "in_review"
    assert "Preference-Applied" not in response
    with room_to_wait() as may_wait:
        assert may_wait  # the place is free again


def test_half_of_the_threads_may_wait(settings: Any) -> None:
    assert threads // 2 == settings.WAITING_AT_MOST


@pytest.mark.parametrize("prefer", ["wait=0", "wait=x", "waiting=5", "wait=-3", ""])
def test_a_preference_that_is_none_is_passed_over(
    desk: Desk, alice: Program, prefer: str
) -> None:
    response = alice.put("/upstreams/u1", UPSTREAM, Prefer=prefer)

    assert body_of(response, 202)["change"]["state"] == "draft"
    assert "Preference-Applied" not in response
