"""A real Valkey server for a test process, on the socket that the settings name."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from redis import Redis

from portal.run import broker
from portal.run.child import Child
from tests.waiting import eventually


class ValkeyServer:
    """A broker that a test may kill, start again and look into."""

    def __init__(self, socket: Path, folder: Path) -> None:
        self.socket = socket
        self.url = f"redis+socket://{socket}"
        # However long the machine stalls, nobody takes it for dead who does not know.
        self.cache_url = (
            f"rediscache://{socket}?db=1&socket_timeout=60&socket_connect_timeout=60"
        )
        program = broker.server_program()
        self._child = Child(
            "valkey",
            broker.command(program, socket, None),
            log=folder / "valkey.log",
            folder=folder,
        )

    def start(self) -> None:
        """Answer (again); messages of before are gone."""
        if not self._child.is_running:
            self._child.start()
        eventually(lambda: broker.answers(self.socket), "the broker answers")

    def stop(self) -> None:
        """End the server: whoever connects is refused."""
        self._child.stop()

    def client(self) -> Redis:
        """Return a client; the caller closes it."""
        return Redis(unix_socket_path=str(self.socket))

    def empty(self) -> None:
        """Hold no message and no key."""
        with self.client() as client:
            client.flushall()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """One server per test process; take `valkey` instead."""
    socket = Path(urlsplit(settings.CELERY_BROKER_URL).path)
    try:
        server = ValkeyServer(socket, tmp_path_factory.mktemp("valkey"))
    except broker.NoBroker as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture
def valkey(valkey_server: ValkeyServer) -> Iterator[ValkeyServer]:
    """A running, empty broker at `settings.CELERY_BROKER_URL` (mark `valkey`).

    It is stopped afterwards, so that other tests find no broker, as without one.
    """
    valkey_server.start()
    valkey_server.empty()
    yield valkey_server
    valkey_server.stop()
