"""A real worker is killed while a receiver has its message and has not answered."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portal.webhooks.listening import make_webhook, send_test
from portal.webhooks.models import Try
from tests.actors import present
from tests.flow.accidents import Town
from tests.waiting import LONG, eventually

pytestmark = [pytest.mark.django_db, pytest.mark.flow, pytest.mark.valkey]


class Receiver(ThreadingHTTPServer):
    """Keeps each message, and answers once it may."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.may_answer = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/in"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((headers, body))
        if self.server.may_answer.wait(LONG):
            self.send_response(204)
            self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="class")
def receiver(populated: Town) -> Iterator[Receiver]:
    """One for each town."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.may_answer.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True)
class Told:
    """A message that was handed over twice, as its receiver and we remember it."""

    key: str
    secret: bytes
    tries: list[int]
    noted: int


@pytest.fixture(scope="class")
def told(populated: Town, receiver: Receiver) -> Told:
    """Outside of any test's transaction, which workers could not look into."""
    admin = present(populated.people.admin)
    webhook, _ = make_webhook(
        actor=admin,
        gateway=None,
        name="Team chat",
        form="standard",
        address=receiver.url,
        events=["change.submitted"],
    )
    message = send_test(webhook, actor=admin)

    def is_sent() -> bool:
        message.refresh_from_db()
        return message.state == "sent"

    victim = populated.workers.start("victim")
    populated.workers.start_scheduler()
    eventually(lambda: receiver.received, "the receiver has the message")
    victim.kill()
    message.refresh_from_db()
    tries = [message.tries]
    receiver.may_answer.set()
    populated.workers.start("rescuer")
    eventually(is_sent, "another worker hands it over")
    tries.append(message.tries)
    return Told(message.key, webhook.secret, tries, Try.objects.count())


class TestKilled:
    def test_it_comes_again_under_the_same_key(
        self, told: Told, receiver: Receiver
    ) -> None:
        keys = [headers["webhook-id"] for headers, _ in receiver.received]

        assert keys == [told.key, told.key]
        assert receiver.received[0][1] == receiver.received[1][1]
        for headers, body in receiver.received:
            signed = f"{told.key}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.new(told.secret, signed, hashlib.sha256).digest()
            assert headers["webhook-signature"] == (
                "v1," + base64.b64encode(digest).decode()
            )

    def test_both_tries_count_and_the_one_that_ended_is_noted(self, told: Told) -> None:
        assert told.tries == [1, 2]
        assert told.noted == 1
