"""Handing messages over: patience, leases, and nobody inside."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.webhooks import send as sending
from portal.webhooks.listening import send_test
from portal.webhooks.models import Message, Try, Webhook
from portal.webhooks.send import PATIENCE, TRIES, send
from portal.webhooks.tasks import _next, forget_messages
from tests.actors import present
from tests.factories import Cast
from tests.gateway.evil import EvilServer, evil, http, says, silent

pytestmark = pytest.mark.django_db
Listen = Callable[..., Webhook]
OK = http(200, b"thank you, my secret is 42")


@pytest.fixture(autouse=True)
def _short(settings: Any) -> None:
    settings.WEBHOOK_DEADLINE = 5.0


def queued(webhook: Webhook, people: Cast) -> Message:
    return send_test(webhook, actor=present(people.admin))


def due_now() -> None:
    Message.objects.update(next_at=timezone.now() - timedelta(seconds=1))


def received(server: EvilServer) -> tuple[dict[str, str], bytes]:
    """Headers (names in lower case) and body of the one request."""
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    return {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}, body


def test_it_arrives_signed_and_the_answer_is_kept_by_nobody(
    people: Cast, listen: Listen
) -> None:
    with evil(says(OK)) as server:
        webhook = listen(server.url + "/in?key=1")
        message = queued(webhook, people)
        outcome = send(message.pk)
        headers, body = received(server)

    assert outcome
    assert outcome.is_taken
    assert headers["webhook-id"] == message.key
    signed = f"{message.key}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(webhook.secret, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert json.loads(body)["type"] == "test"
    message.refresh_from_db()
    assert (message.state, message.tries) == ("sent", 1)
    attempt = Try.objects.get()
    assert (attempt.status, attempt.words) == (200, "It was taken.")
    assert send(message.pk) is None


def test_mail_goes_to_its_address(people: Cast, listen: Listen) -> None:
    message = queued(listen("team@example.com", form="mail"), people)

    outcome = send(message.pk)

    assert outcome
    assert outcome.is_taken
    [letter] = mail.outbox
    assert letter.to == ["team@example.com"]
    assert letter.subject == "[Gatehouse] admin tries out this webhook"
    assert message.key in letter.extra_headers["Message-ID"]


def test_it_is_tried_again_later_and_later_then_given_up_and_paused(
    people: Cast, listen: Listen
) -> None:
    with evil(says(http(503, b"later"))) as server:
        webhook = listen(server.url)
        message = queued(webhook, people)
        waits = []
        for _ in range(len(PATIENCE) + 1):
            due_now()
            assert send(message.pk)
            message.refresh_from_db()
            waits.append(message.next_at - timezone.now())
        keys = {r.split(b"webhook-id: ")[1].split(b"\r\n")[0] for r in server.requests}

    assert waits[: len(PATIENCE)] == sorted(waits[: len(PATIENCE)])
    assert (message.state, message.tries) == ("given_up", len(PATIENCE) + 1)
    assert keys == {message.key.encode()}
    webhook.refresh_from_db()
    assert webhook.paused_because == "nothing was taken any more: It answered 503."
    event = AuditEvent.objects.order_by("number").last()
    assert event
    assert (event.event, event.actor) == ("webhook.paused", "Gatehouse itself")


def test_one_message_that_is_never_taken_does_not_pause_what_takes_others(
    people: Cast, listen: Listen
) -> None:
    with evil(says(http(500, b"")), says(OK)) as server:
        webhook = listen(server.url)
        bad = queued(webhook, people)
        send(bad.pk)
        send(queued(webhook, people).pk)
        Message.objects.filter(pk=bad.pk).update(tries=len(PATIENCE))
        due_now()
        server._handlers[:] = [says(http(500, b""))]
        send(bad.pk)

    bad.refresh_from_db()
    webhook.refresh_from_db()
    assert bad.state == "given_up"
    assert webhook.paused_at is None


def test_gone_is_gone(people: Cast, listen: Listen) -> None:
    with evil(says(http(410, b""))) as server:
        webhook = listen(server.url)
        message = queued(webhook, people)
        send(message.pk)

    message.refresh_from_db()
    webhook.refresh_from_db()
    assert (message.state, message.tries) == ("given_up", 1)
    assert webhook.paused_because == "it answered 410: it is gone"


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (says(http(302, b"", more="Location: http://127.0.0.1:1/\r\n")), "302"),
        (silent, "did not answer within 0.5 s"),
    ],
)
def test_what_else_can_go_wrong_is_told_without_secrets(
    people: Cast, listen: Listen, settings: Any, handler: Any, words: str
) -> None:
    settings.WEBHOOK_DEADLINE = 0.5
    with evil(handler) as server:
        message = queued(listen(server.url + "/very-secret"), people)
        outcome = send(message.pk)

    assert outcome
    assert not outcome.is_taken
    assert words in outcome.words
    assert "very-secret" not in Try.objects.get().words


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://0x7f.1/",
    ],
)
def test_nobody_inside_is_called_unless_listed(
    people: Cast, listen: Listen, settings: Any, address: str
) -> None:
    message = queued(listen(address), people)
    settings.OUTBOUND_ALLOW = []

    outcome = send(message.pk)

    assert outcome
    assert "which Gatehouse does not call" in outcome.words
    assert "OUTBOUND_ALLOW" in outcome.words


def test_a_cloud_s_metadata_is_not_called_even_if_listed(
    people: Cast, listen: Listen, settings: Any
) -> None:
    settings.OUTBOUND_ALLOW = ["169.254.169.254", "169.254.0.0/16"]
    message = queued(listen("http://169.254.169.254/"), people)

    outcome = send(message.pk)

    assert outcome
    assert "which Gatehouse does not call" in outcome.words


def test_what_is_in_a_worker_s_hands_is_left_alone_until_its_lease_ends(
    people: Cast, listen: Listen
) -> None:
    with evil(says(OK)) as server:
        message = queued(listen(server.url), people)
        now = timezone.now()
        Message.objects.update(leased_until=now + timedelta(minutes=1), lease="another")
        assert send(message.pk) is None

        Message.objects.update(leased_until=now - timedelta(seconds=1))
        assert send(message.pk)


def test_a_lost_lease_changes_nothing(people: Cast, listen: Listen) -> None:
    """The worker comes back after another has taken the message over."""
    with evil(says(http(503, b""))) as server:
        message = queued(listen(server.url), people)
        real = sending._hand_over

        def hand_over(one: Message) -> Any:
            outcome = real(one)
            Message.objects.update(lease="another")
            return outcome

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sending, "_hand_over", hand_over)
            send(message.pk)

    message.refresh_from_db()
    assert (message.state, message.tries, message.lease) == ("waiting", 1, "another")
    assert not Try.objects.exists()


def test_what_no_worker_survives_is_given_up(people: Cast, listen: Listen) -> None:
    message = queued(listen(), people)

    def dies(one: Message) -> Any:
        raise SystemExit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "_hand_over", dies)
        for _ in range(TRIES):
            with pytest.raises(SystemExit):
                send(message.pk)
            assert send(message.pk) is None
            Message.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        outcome = send(message.pk)

    assert outcome
    message.refresh_from_db()
    assert message.state == "given_up"
    assert Try.objects.get().words == "Whoever tried to hand it over never finished."


def test_a_deaf_receiver_does_not_keep_others_waiting(
    people: Cast, listen: Listen
) -> None:
    deaf, other = listen(), listen("https://other.example.com")
    for _ in range(20):
        queued(deaf, people)
    waiting = queued(other, people)

    chosen = list(_next(timezone.now()))

    assert waiting.pk in chosen
    assert len(chosen) == 3


def test_paused_and_removed_ones_wait(people: Cast, listen: Listen) -> None:
    queued(listen(), people)
    Webhook.objects.update(paused_at=timezone.now())

    assert list(_next(timezone.now())) == []


def test_old_messages_are_forgotten(people: Cast, listen: Listen) -> None:
    webhook = listen()
    old, new = queued(webhook, people), queued(webhook, people)
    Message.objects.filter(pk=old.pk).update(
        made_at=timezone.now() - timedelta(days=31)
    )

    forget_messages()

    assert list(Message.objects.all()) == [new]
    Webhook.objects.update(removed_at=timezone.now())
    new.delete()
    forget_messages()
    assert not Webhook.objects.exists()
