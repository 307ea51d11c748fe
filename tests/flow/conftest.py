"""Stories take `stack`, the real desk, or `populated`, where accidents happen."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.flow.accidents import Town
from tests.flow.stack import Stack
from tests.flow.worker import Workers
from tests.sandbox import SandboxGateway
from tests.servers.valkey import ValkeyServer


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A ready desk with its demo people and an empty sandbox gateway (mark `flow`)."""
    # A space, because checkouts have such paths.
    desk = Stack(tmp_path_factory.mktemp("flow") / "a desk", OUTBOUND_ALLOW="127.0.0.1")
    try:
        yield desk.start()
    finally:
        desk.stop()


@pytest.fixture(scope="class")
def populated(
    each_database: str,
    sandbox_server: SandboxGateway,
    valkey_server: ValkeyServer,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    """A town for a class of tests; afterwards the database is empty again."""
    with django_db_blocker.unblock():
        workers = Workers(tmp_path_factory.mktemp("town"), valkey_server.url)
        try:
            yield Town(sandbox_server, valkey_server, workers)
        finally:
            workers.close()
            valkey_server.stop()
            call_command("flush", verbosity=0, interactive=False)
            connection.close()
