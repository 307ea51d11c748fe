from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from gateway.sandbox.store import Store
from tests.gateway.sandbox.proxy.plane import Plane
from tests.gateway.sandbox.proxy.serving import Echo, Server, planing, serving

# Servers take a moment to stop, so a module shares them; each test gets a data plane,
# a store and an upstream's memory of its own.


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, list[tuple[Echo, int]]]]:
    """A server for the data plane, and three upstreams with their ports."""
    server = Server()
    with ExitStack() as stack:
        echoes = [
            (echo, stack.enter_context(serving(echo.app)))
            for echo in (Echo("echo"), Echo("a"), Echo("b"))
        ]
        yield server, echoes
        # First: what it keeps open to the upstreams must be closed by itself.
        server.stop()


@pytest.fixture
def plane(servers: tuple[Server, list[tuple[Echo, int]]]) -> Iterator[Plane]:
    """A data plane without documents, and an echoing upstream behind it."""
    server, echoes = servers
    for one, _ in echoes:
        one.reset()
    store, (echo, port) = Store(), echoes[0]
    with planing(server, store):
        plane = Plane(store, server.port, echo, port)
        yield plane
        plane.close()


@pytest.fixture
def others(
    servers: tuple[Server, list[tuple[Echo, int]]], plane: Plane
) -> list[tuple[Echo, int]]:
    """Two more upstreams, named a and b."""
    return servers[1][1:]
