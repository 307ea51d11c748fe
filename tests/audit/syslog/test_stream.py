"""The ledger reaches its syslog receiver: in order, at least once, whoever is away."""

import os
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.archive import CannotArchive, archive_before
from portal.audit.ledger import Itself
from portal.audit.models import AuditStream
from portal.audit.syslog import sending
from portal.audit.syslog import stream as streaming
from portal.audit.syslog.receiver import Receiver, Transport
from portal.audit.syslog.stream import lag, stream
from portal.audit.tasks import stream_ledger
from tests.audit.syslog.receivers import HOST, Received, free_port, tcp, udp
from tests.certificates import Certified, authority, issued
from tests.killing import killed_before
from tests.trail.ledgers import chained
from tests.waiting import eventually

COUNT = 7


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three at once: the ledger takes several turns."""
    monkeypatch.setattr(streaming, "AT_ONCE", dict.fromkeys(Transport, 3))


@pytest.fixture
def ledger(db: None, small: None) -> None:
    chained([{}] * COUNT)


def due() -> None:
    """Let the time pass for which a failure or a dead sender keeps others away."""
    past = timezone.now() - timedelta(seconds=1)
    AuditStream.objects.update(next_at=past)
    AuditStream.objects.exclude(leased_until=None).update(leased_until=past)


def test_without_a_receiver_nothing_is_done(ledger: None, settings: Any) -> None:
    settings.AUDIT_SYSLOG = None

    stream_ledger()

    assert lag() is None
    assert not AuditStream.objects.exists()


def test_tcp_brings_all_in_order_and_then_what_is_new(
    ledger: None, settings: Any, received: Received
) -> None:
    with tcp(received) as port:
        settings.AUDIT_SYSLOG = Receiver(Transport.TCP, HOST, port)
        stream_ledger()
        assert received.numbers == [1, 2, 3, 4, 5, 6, 7]
        told = lag()
        assert told
        assert (told.behind, told.words, told.number) == (0, "ok", COUNT)
        stream_ledger()

    assert len(received) == COUNT
    assert not AuditStream.objects.get().lease


def test_udp_brings_each_in_a_datagram(
    ledger: None, settings: Any, received: Received
) -> None:
    with udp(received) as port:
        settings.AUDIT_SYSLOG = Receiver(Transport.UDP, HOST, port)
        assert stream() == COUNT
        eventually(lambda: len(received) == COUNT, "all datagrams are read")

    assert received.numbers == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
def test_a_receiver_that_was_away_misses_nothing(
    ledger: None, settings: Any, received: Received, transport: Transport
) -> None:
    port = free_port()
    settings.AUDIT_SYSLOG = Receiver(transport, HOST, port)

    assert stream() == 0
    told = lag()
    assert told
    assert told.behind == COUNT
    assert told.words == (
        f"7 behind since {datetime(2026, 10, 1, 12, tzinfo=UTC).isoformat()}: "
        "It cannot be reached: connection refused."
    )
    listen = tcp if transport is Transport.TCP else udp
    with listen(received, port=port):
        assert stream() == 0, "the failure is fresh"
        due()
        assert stream() == COUNT
        eventually(lambda: len(received) == COUNT, "all is read")

    assert received.numbers == [1, 2, 3, 4, 5, 6, 7]
    cursor = AuditStream.objects.get()
    assert (cursor.failures, cursor.trouble) == (0, "")


def test_waits_grow_while_the_receiver_is_away(ledger: None, settings: Any) -> None:
    settings.AUDIT_SYSLOG = Receiver(Transport.TCP, HOST, free_port())
    waits = []
    for _ in range(6):
        due()
        before = timezone.now()
        stream()
        waits.append(AuditStream.objects.get().next_at - before)

    assert [round(wait.total_seconds(), -1) for wait in waits[-2:]] == [60, 60]
    assert timedelta(seconds=5) <= waits[0] < waits[1] < waits[2] < waits[3]


class Tls:
    """An authority, what it issued, and files of both."""

    def __init__(self, folder: Path) -> None:
        self.authority = authority("logs")
        self.folder = folder

    def listening(self, received: Received, of: Certified) -> Any:
        return tcp(received, tls=of.server_context(self.folder))


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(tmp_path)


def test_tls_brings_all_to_who_shows_the_right_certificate(
    ledger: None, settings: Any, received: Received, tls: Tls
) -> None:
    with tls.listening(received, issued(tls.authority)) as port:
        settings.AUDIT_SYSLOG = Receiver(Transport.TLS, HOST, port, tls.authority.pem)
        assert stream() == COUNT

    assert received.numbers == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("wrong", ["authority", "name", "system"])
def test_tls_tells_nothing_to_anybody_else(
    ledger: None, settings: Any, received: Received, tls: Tls, wrong: str
) -> None:
    shown = issued(tls.authority, host="127.0.0.2" if wrong == "name" else HOST)
    trusted = {"authority": authority("other").pem, "system": ""}
    with tls.listening(received, shown) as port:
        settings.AUDIT_SYSLOG = Receiver(
            Transport.TLS, HOST, port, trusted.get(wrong, tls.authority.pem)
        )
        assert stream() == 0

    assert received == []
    assert "certificate is not trusted" in AuditStream.objects.get().trouble


def test_a_receiver_that_does_not_read_is_given_up_in_time(
    ledger: None, settings: Any
) -> None:
    settings.AUDIT_SYSLOG_DEADLINE = 0.3
    with sending.socket.create_server((HOST, 0)) as deaf:
        settings.AUDIT_SYSLOG = Receiver(Transport.TCP, HOST, deaf.getsockname()[1])
        assert stream() == 0

    cursor = AuditStream.objects.get()
    assert cursor.number == 0
    assert cursor.trouble == "It did not read everything and close within 0.3 s."


def test_a_receiver_that_dies_with_entries_unread_gets_them_again(
    ledger: None, settings: Any, received: Received
) -> None:
    with sending.socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]

        def die() -> None:
            connection, _ = server.accept()
            connection.recv(1)
            connection.close()

        thread = threading.Thread(target=die)
        thread.start()
        settings.AUDIT_SYSLOG = Receiver(Transport.TCP, HOST, port)
        assert stream() == 0
        thread.join()
    due()

    with tcp(received, port=port):
        assert stream() == COUNT
    assert received.numbers == [1, 2, 3, 4, 5, 6, 7]


def test_nobody_sends_while_another_does(
    ledger: None, settings: Any, received: Received
) -> None:
    with tcp(received) as port:
        settings.AUDIT_SYSLOG = Receiver(Transport.TCP, HOST, port)
        assert streaming._claim()
        assert stream() == 0
        due()
        assert stream() == COUNT


def test_what_was_not_streamed_is_not_archived(
    transactional_db: None, settings: Any, received: Received, tmp_path: Path
) -> None:
    itself, november = Itself("test"), date(2026, 11, 1)
    chained([{}] * COUNT)
    with tcp(received) as port:
        settings.AUDIT_SYSLOG = Receiver(Transport.TCP, HOST, port)
        with pytest.raises(CannotArchive, match="would never get those up to 7"):
            archive_before(november, folder=tmp_path, actor=itself)
        assert stream() == COUNT
        archive_before(november, folder=tmp_path, actor=itself)
        assert stream() == 1, "that it was archived"

    assert received.numbers == [1, 2, 3, 4, 5, 6, 7, 8]


def test_killed_between_any_two_lines_nothing_is_lost(
    transactional_db: None, settings: Any, received: Received
) -> None:
    chained([{}] * 2)
    with tcp(received) as port:
        settings.AUDIT_SYSLOG = Receiver(Transport.TCP, HOST, port)
        line, status = 0, -1
        while not os.WIFEXITED(status):
            line += 1
            received.clear()
            AuditStream.objects.all().delete()
            status = killed_before(line, stream, streaming, sending)
            cursor = AuditStream.objects.filter(pk=1).first() or AuditStream()
            # Only the receiver closes a connection before the cursor moves.
            assert set(received.numbers) >= set(range(1, cursor.number + 1)), line
            due()
            stream()
            assert set(received.numbers) == {1, 2}, line

    assert os.WEXITSTATUS(status) == 0
    assert line > 40
