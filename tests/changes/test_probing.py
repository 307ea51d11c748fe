"""Whether a delivered change proves itself: the probe, sent through a real data plane."""

import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.celery import app
from portal.changes import probing
from portal.changes.models import ChangeRequest, ProbeRun
from portal.changes.nodes import watch
from portal.changes.probe import Probe
from portal.changes.probing import DEATHS, TRIES, send_probe
from portal.changes.states import State
from portal.changes.tasks import sweep
from portal.changes.terms import Terms
from tests.certificates import self_signed
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import approved, creates, delivery_of, events_of, route
from tests.gateway.evil import evil, http, never_ends, says, silent

pytestmark = pytest.mark.django_db

BODY = b"Speaker: Ada"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A gateway whose data plane is that of the sandbox."""
    desk.gateway.public_url = desk.sandbox.proxy_url
    desk.gateway.save()
    return desk


def delivered(
    desk: Desk, *items: Any, path: str = "/a", status: int = 200, **fields: Any
) -> ChangeRequest:
    """A delivered change with a probe."""
    probe = Probe(path=path, status=status, **fields)
    change = approved(desk, *(items or [route("a")]), terms=Terms(probe=probe))
    assert desk.deliver(change).state == State.APPLIED
    return change


def upstream_at(url: str) -> dict[str, Any]:
    return {"type": "roundrobin", "nodes": {url.removeprefix("http://"): 1}}


def probed(change: ChangeRequest, times: int = 1) -> ProbeRun:
    """Send the probe so many times, each as soon as one may."""
    for _ in range(times):
        ProbeRun.objects.update(not_before=None)
        send_probe(delivery_of(change).pk)
    return ProbeRun.objects.get()


class TestPassed:
    def test_the_gateway_answers_as_expected(self, desk: Desk) -> None:
        with evil(says(http(200, BODY))) as server:
            item = route("a", upstream=upstream_at(server.url))
            run = probed(delivered(desk, item, contains="Ada"))

        assert run.state == "passed"
        (made,) = run.tries
        assert (made["status"], made["words"]) == (200, "")
        assert made["milliseconds"] is not None
        event = AuditEvent.objects.order_by("number").last()
        assert event is not None
        assert event.event == "probe.passed"

    def test_what_must_no_longer_answer_is_proved_as_well(self, desk: Desk) -> None:
        change = delivered(desk, path="/somewhere-else", status=404)
        assert probed(change).state == "passed"

    def test_another_host_is_asked_for_by_its_name(self, desk: Desk) -> None:
        with evil(says(http(200, BODY))) as server:
            document = conference(
                uri="/a", host="api.example.com", upstream=upstream_at(server.url)
            )
            change = delivered(
                desk,
                creates("route", "a", **document),
                host="api.example.com",
                headers={"X-Try": "1"},
            )
            assert probed(change).state == "passed"
            assert b"\r\nx-try: 1\r\n" in server.requests[0].lower()

    def test_it_is_sent_once_when_it_passes(self, desk: Desk) -> None:
        with evil(says(http(200, BODY))) as server:
            change = delivered(desk, route("a", upstream=upstream_at(server.url)))
            probed(change, times=3)
            assert len(server.requests) == 1
        assert events_of(change).count("probe.passed") == 1

    def test_a_second_try_may_pass(self, desk: Desk) -> None:
        with evil(says(http(503, b"")), says(http(200, BODY))) as server:
            change = delivered(desk, route("a", upstream=upstream_at(server.url)))
            assert probed(change).state == "waiting"
            run = probed(change)

        assert run.state == "passed"
        assert [one["status"] for one in run.tries] == [503, 200]


class TestFailed:
    def test_another_status_fails_after_the_last_try(self, desk: Desk) -> None:
        change = delivered(desk, path="/nowhere")

        run = probed(change, times=TRIES + 2)

        assert run.state == "failed"
        assert [one["words"] for one in run.tries] == [
            "It answered 404 instead of 200."
        ] * TRIES
        assert change.state == State.APPLIED
        assert events_of(change).count("probe.failed") == 1

    def test_a_body_without_the_text_fails(self, desk: Desk) -> None:
        with evil(says(http(200, b"Speaker: Bob"))) as server:
            item = route("a", upstream=upstream_at(server.url))
            run = probed(delivered(desk, item, contains="Ada"), times=TRIES)

        assert run.state == "failed"
        assert run.words == "It answered 200, but its answer does not hold the text."
        assert "Bob" not in str(ProbeRun.objects.values())

    def test_a_redirect_is_an_answer(self, desk: Desk) -> None:
        answer = http(302, b"", more="Location: http://169.254.169.254/\r\n")
        with evil(says(answer)) as server:
            item = route("a", upstream=upstream_at(server.url))
            run = probed(delivered(desk, item))
        assert run.words == "It answered 302 instead of 200."

    def test_an_endless_answer_is_read_to_a_limit(self, desk: Desk) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        with evil(never_ends(head, b"10000\r\n" + b"x" * 0x10000 + b"\r\n")) as server:
            change = delivered(desk, contains="Ada")
            desk.gateway.public_url = server.url
            desk.gateway.save()
            run = probed(change)
        assert run.words.endswith("the beginning of its answer does not hold the text.")

    def test_a_silent_gateway_costs_a_bounded_time(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(probing, "TRY_DEADLINE", 0.3)
        change = delivered(desk)
        with evil(silent) as server:
            desk.gateway.public_url = server.url
            desk.gateway.save()
            run = probed(change)
        assert "did not answer within 0.3 s" in run.words

    def test_no_metadata_service_is_asked(self, desk: Desk) -> None:
        change = delivered(desk)
        desk.gateway.public_url = "http://169.254.169.254"
        desk.gateway.save()
        assert "does not call" in probed(change).words

    def test_certificates_are_judged_as_the_gateway_says(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        own = self_signed("a.test")
        change = delivered(desk, host="a.test")
        with evil(says(http(200, BODY)), tls=own.server_context(tmp_path)) as server:
            desk.gateway.public_url = server.url
            desk.gateway.save()
            assert "not trusted" in probed(change).words
            desk.gateway.ca_bundle = own.pem
            desk.gateway.save()
            assert probed(change).state == "passed"


class TestTurns:
    def test_no_probe_no_run(self, desk: Desk) -> None:
        desk.deliver(approved(desk, route("a")))
        assert not ProbeRun.objects.exists()

    def test_nodes_come_first(self, desk: Desk) -> None:
        desk.gateway.control_urls = [desk.sandbox.control_url]
        desk.gateway.save()
        change = delivered(desk, path="/nowhere", status=404)

        assert probed(change).tries == []
        watch(delivery_of(change).pk)
        assert probed(change).state == "passed"

    def test_nobody_sends_what_another_worker_sends(self, desk: Desk) -> None:
        change = delivered(desk, path="/nowhere", status=404)
        ProbeRun.objects.update(not_before=timezone.now() + timedelta(seconds=60))

        send_probe(delivery_of(change).pk)

        assert ProbeRun.objects.get().tries == []

    def test_a_probe_whose_workers_died_has_failed(self, desk: Desk) -> None:
        change = delivered(desk, path="/nowhere", status=404)
        ProbeRun.objects.update(begun=TRIES + DEATHS)

        run = probed(change)

        assert (run.state, run.words) == ("failed", "The worker stopped answering.")

    @pytest.mark.django_db(transaction=True)
    def test_a_late_answer_speaks_for_its_own_try_alone(self, desk: Desk) -> None:
        """Its worker was frozen; two more tries are under way, and have no answer."""

        def two_more_begin(connection: socket.socket, request: bytes) -> None:
            ProbeRun.objects.update(begun=TRIES)
            connections.close_all()
            connection.sendall(http(503, b""))

        with evil(two_more_begin, says(http(200, BODY))) as server:
            change = delivered(desk)
            desk.gateway.public_url = server.url
            desk.gateway.save()
            assert probed(change).state == "waiting"
            assert probed(change).state == "passed"

    def test_the_sweep_sends_it(self, desk: Desk) -> None:
        delivered(desk, path="/nowhere", status=404)
        app.conf.task_always_eager = True
        try:
            sweep()
        finally:
            app.conf.task_always_eager = False
        assert ProbeRun.objects.get().state == "passed"
