"""A sandbox gateway for tests: real HTTP on free ports, in a thread of its own.

Take the fixture `sandbox`: one server per test session, emptied before each test.
A test that needs its own (stream mode, a state folder) makes a `SandboxGateway`.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.client import AdminClient, new_session
from gateway.kinds import KINDS
from gateway.sandbox.server import Options, Sandbox
from gateway.schemas import Schemas, fetch_schemas

KEY = "sandbox-admin-key-of-the-tests"
# Generous, since the machine may stall: nothing waits that long when all is well.
SECONDS = 60


class SandboxGateway:
    """A running sandbox.

    `stop()` closes its ports as a gateway that went down, `start()` opens the same
    ports again with the same documents, `close()` ends it for good.
    """

    key = KEY

    def __init__(
        self,
        *,
        state: Path | None = None,
        stream: bool = False,
        router: str = "radixtree_host_uri",
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="sandbox", daemon=True
        )
        self._thread.start()
        self._options = Options(
            admin_key=KEY, state=state, stream=stream, router=router, faults=True
        )
        self._sandbox = self._run(self._make())
        self.start()

    @property
    def admin_url(self) -> str:
        """The Admin API's address, without a path."""
        return self._sandbox.admin.url

    @property
    def proxy_url(self) -> str:
        """The data plane's address."""
        return self._sandbox.proxy.url

    @property
    def control_url(self) -> str:
        """The Control API's address."""
        return self._sandbox.control.url

    @property
    def store(self) -> Any:
        """The store below the listeners."""
        return self._sandbox.store

    @cached_property
    def told(self) -> tuple[Schemas, datetime]:
        """What the product reads of its schemas, and when it did: once for all tests.

        No test counts these requests as its own.
        """
        before = len(self.requests())
        with AdminClient(
            admin_url=self.admin_url,
            admin_key=KEY,
            session=new_session(),
            deadline=SECONDS,
        ) as client:
            schemas = fetch_schemas(client)
        for _ in self.requests()[before:]:
            self._run(self._do(self._sandbox.faults.requests.pop))
        return schemas, datetime.now(UTC)

    def start(self) -> None:
        """Answer on all ports (again)."""
        self._run(self._sandbox.start())

    def stop(self) -> None:
        """Refuse connections on all ports and drop the open ones."""
        self._run(self._sandbox.pause())

    def close(self) -> None:
        """End the sandbox."""
        self._run(self._sandbox.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def misbehave(self, *faults: dict[str, Any], **fault: Any) -> None:
        """Put these faults in force instead of all others (see faults.py)."""
        specs = [*faults, *([fault] if fault else [])]
        self._run(self._do(lambda: self._sandbox.faults.replace(specs)))

    def behave(self) -> None:
        """End all faults."""
        self.misbehave()

    def requests(
        self, method: str | None = None, path: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the Admin API requests received since the last reset, oldest first.

        Each has method, path, query, time, body_digest, status and fault.
        `method="write"` means PUT, POST, PATCH and DELETE; `path` is compared whole.
        """
        wanted = {"PUT", "POST", "PATCH", "DELETE"} if method == "write" else {method}
        seen = self._run(self._do(lambda: list(self._sandbox.faults.requests)))
        return [
            request
            for request in seen
            if (method is None or request["method"] in wanted)
            and (path is None or request["path"] == path)
        ]

    def forget_requests(self) -> None:
        """Start counting requests anew."""
        self._run(self._do(self._sandbox.faults.requests.clear))

    def reset(self) -> None:
        """Hold no documents, no faults, no requests."""
        self.misbehave()
        self.forget_requests()
        self._sandbox.store.clear()

    def get(self, kind: str, resource_id: str) -> dict[str, Any] | None:
        """Return a document as the Admin API tells it, or None."""
        response = self.send("GET", kind, resource_id)
        if response.status_code == 404:
            return None
        assert response.is_success, f"{response.status_code}: {response.text}"
        document: dict[str, Any] = response.json()["value"]
        return document

    def put(
        self, kind: str, resource_id: str, document: dict[str, Any]
    ) -> dict[str, Any]:
        """Write a document from outside; return what the answer holds."""
        response = self.send("PUT", kind, resource_id, document)
        assert response.is_success, f"{response.status_code}: {response.text}"
        value: dict[str, Any] = response.json()["value"]
        return value

    def delete(self, kind: str, resource_id: str, *, force: bool = False) -> None:
        """Delete a document from outside."""
        response = self.send("DELETE", kind, resource_id, force=force)
        assert response.is_success, f"{response.status_code}: {response.text}"

    def send(
        self,
        method: str,
        kind: str,
        resource_id: str,
        document: Any = None,
        *,
        force: bool = False,
    ) -> httpx2.Response:
        """Ask the Admin API past its port: answered even while it is stopped.

        No fault hits such a request and nobody counts it.
        """
        return self._run(
            self._ask(
                method,
                f"/apisix/admin{KINDS[kind].url_path(resource_id)}",
                None if document is None else json.dumps(document),
                {"force": "true"} if force else None,
            )
        )

    async def _ask(
        self, method: str, path: str, body: str | None, params: dict[str, str] | None
    ) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=self._sandbox.admin_api)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://sandbox", headers={"X-API-KEY": KEY}
        ) as client:
            return await client.request(method, path, content=body, params=params)

    async def _do(self, work: Callable[[], Any]) -> Any:
        return work()

    async def _make(self) -> Sandbox:
        return Sandbox(self._options)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxGateway]:
    """One sandbox for the whole test session; take `sandbox` instead."""
    gateway = SandboxGateway()
    yield gateway
    gateway.close()


@pytest.fixture(scope="session")
def second_sandbox_server() -> Iterator[SandboxGateway]:
    """Another one; take `second_sandbox` instead."""
    gateway = SandboxGateway()
    yield gateway
    gateway.close()


@pytest.fixture
def second_sandbox(second_sandbox_server: SandboxGateway) -> SandboxGateway:
    """Another running, empty, well-behaved sandbox gateway."""
    second_sandbox_server.start()
    second_sandbox_server.reset()
    return second_sandbox_server


@pytest.fixture
def sandbox(sandbox_server: SandboxGateway) -> SandboxGateway:
    """A running, empty, well-behaved sandbox gateway."""
    sandbox_server.start()
    sandbox_server.reset()
    return sandbox_server
