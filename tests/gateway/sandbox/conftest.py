"""How these tests speak to the sandbox's Admin API."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.certificates import Certified, self_signed
from tests.sandbox import KEY, SECONDS, SandboxGateway

Ask = Callable[..., requests.Response]
UPSTREAM = {"type": "roundrobin", "nodes": {"127.0.0.1:8080": 1}}
ROUTE: dict[str, Any] = {"uri": "/hello", "upstream": UPSTREAM}


@pytest.fixture
def ask(sandbox: SandboxGateway) -> Iterator[Ask]:
    """Ask the Admin API: `ask("PUT", "/routes/r1", {...})`."""
    with requests.Session() as session:
        session.trust_env = False

        def send(
            method: str,
            path: str,
            body: Any = None,
            *,
            headers: dict[str, str] | None = None,
        ) -> requests.Response:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body)
            return session.request(
                method,
                f"{sandbox.admin_url}/apisix/admin{path}",
                data=data,
                headers={"X-API-KEY": KEY} | (headers or {}),
                timeout=SECONDS,
            )

        yield send


@pytest.fixture(scope="session")
def certificate() -> Certified:
    """A certificate of example.org."""
    return self_signed("example.org")


@pytest.fixture(scope="session")
def other_certificate() -> Certified:
    """Another one, with another key."""
    return self_signed("example.org")
