"""A sandbox gateway for tests: real HTTP on free ports, in a thread of its own.

Take the fixture `sandbox`: one server per test session, emptied before each test.
A test that needs its own (stream mode, a state folder) makes a `SandboxGateway`.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from requests import Response, Session

from gateway.kinds import KINDS
from gateway.sandbox.server import Options, Sandbox

KEY = "sandbox-admin-key-of-the-tests"
UNTRACKED = {"X-Sandbox-Untracked": "1"}
# Generous, since the machine may stall: nothing waits that long when all is well.
SECONDS = 60


class SandboxGateway:
    """A running sandbox.

    `stop()` closes both ports as a gateway that went down, `start()` opens the same
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
        self._session = Session()
        self._session.trust_env = False
        self._session.headers["X-API-KEY"] = KEY
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
    def store(self) -> Any:
        """The store below both listeners."""
        return self._sandbox.store

    def start(self) -> None:
        """Answer on both ports (again)."""
        self._run(self._sandbox.start())

    def stop(self) -> None:
        """Refuse connections on both ports and drop the open ones."""
        self._run(self._sandbox.pause())

    def close(self) -> None:
        """End the sandbox."""
        self._run(self._sandbox.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()
        self._session.close()

    def misbehave(self, *faults: dict[str, Any], **fault: Any) -> None:
        """Put these faults in force instead of all others (see faults.py); none ends them."""
        specs = [*faults, *([fault] if fault else [])]
        self._control("PUT", "faults", specs)

    def behave(self) -> None:
        """End all faults."""
        self._control("PUT", "faults", [])

    def requests(
        self, method: str | None = None, path: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the Admin API requests received since the last reset, oldest first.

        Each has method, path, query, time, body_digest, status and fault.
        `method="write"` means PUT, POST, PATCH and DELETE; `path` is compared whole.
        """
        wanted = {"PUT", "POST", "PATCH", "DELETE"} if method == "write" else {method}
        return [
            request
            for request in self._control("GET", "requests")
            if (method is None or request["method"] in wanted)
            and (path is None or request["path"] == path)
        ]

    def forget_requests(self) -> None:
        """Start counting requests anew."""
        self._control("DELETE", "requests")

    def reset(self) -> None:
        """Hold no documents, no faults, no requests."""
        self._control("POST", "reset")

    def get(self, kind: str, resource_id: str) -> dict[str, Any] | None:
        """Return a document as the Admin API tells it, or None. Uncounted."""
        response = self.send("GET", kind, resource_id)
        if response.status_code == 404:
            return None
        response.raise_for_status()
        document: dict[str, Any] = response.json()["value"]
        return document

    def put(
        self, kind: str, resource_id: str, document: dict[str, Any]
    ) -> dict[str, Any]:
        """Write a document from outside; return what the answer holds. Uncounted."""
        response = self.send("PUT", kind, resource_id, document)
        assert response.ok, f"{response.status_code}: {response.text}"
        value: dict[str, Any] = response.json()["value"]
        return value

    def delete(self, kind: str, resource_id: str, *, force: bool = False) -> None:
        """Delete a document from outside. Uncounted."""
        response = self.send("DELETE", kind, resource_id, force=force)
        assert response.ok, f"{response.status_code}: {response.text}"

    def send(
        self,
        method: str,
        kind: str,
        resource_id: str,
        document: Any = None,
        *,
        force: bool = False,
    ) -> Response:
        """Send one Admin API request that no fault hits and nobody counts."""
        return self._session.request(
            method,
            f"{self.admin_url}/apisix/admin{KINDS[kind].url_path(resource_id)}",
            json=document,
            params={"force": "true"} if force else None,
            headers=UNTRACKED,
            timeout=SECONDS,
        )

    def _control(self, method: str, name: str, body: Any = None) -> Any:
        response = self._session.request(
            method, f"{self.admin_url}/_sandbox/{name}", json=body, timeout=SECONDS
        )
        assert response.ok, f"{response.status_code}: {response.text}"
        return response.json()

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


@pytest.fixture
def sandbox(sandbox_server: SandboxGateway) -> SandboxGateway:
    """A running, empty, well-behaved sandbox gateway."""
    sandbox_server.start()
    sandbox_server.reset()
    return sandbox_server
