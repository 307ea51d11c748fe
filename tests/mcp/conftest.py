"""A program that speaks MCP, message by message over Django's whole stack."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import Person, Scope
from tests.api.conftest import Desk
from tests.factories import Cast, make_cast, make_gateway, make_token
from tests.sandbox import SandboxGateway

LATEST = "2025-11-25"


@dataclass
class Asker:
    """Sends messages with a token, in one version of the protocol."""

    secret: str
    version: str | None = LATEST
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def send(self, message: Any, method: str = "POST", **headers: str) -> HttpResponse:
        """Send a message as it is when it is bytes; `_` in names means `-`."""
        sent = {"Accept": "application/json, text/event-stream"}
        if self.secret:
            sent["Authorization"] = f"Bearer {self.secret}"
        if self.version:
            sent["MCP-Protocol-Version"] = self.version
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = message if isinstance(message, bytes) else orjson.dumps(message)
        return Client().generic(
            method, "/mcp", raw, content_type="application/json", headers=sent
        )

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the result; a JSON-RPC error fails."""
        told = self.told(method, **params)
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    def told(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the whole answer to a request."""
        number = next(self.ids)
        response = self.send(
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        )
        assert response.status_code == 200, response.content.decode()
        body: dict[str, Any] = orjson.loads(response.content)
        assert body["id"] == number
        return body

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return a tool's result, an error too."""
        return self.ask("tools/call", name=tool, arguments=arguments)

    def does(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return what a tool answers, once it did not refuse."""
        result = self.call(tool, **arguments)
        assert not result["isError"], result["content"]
        answer: dict[str, Any] = result["structuredContent"]
        return answer

    def is_refused(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the problem that a tool tells."""
        result = self.call(tool, **arguments)
        assert result["isError"]
        assert "structuredContent" not in result
        problem: dict[str, Any] = orjson.loads(result["content"][-1]["text"])
        return problem


def asker_of(person: Person, *scopes: str, **fields: Any) -> Asker:
    _, secret = make_token(person, scopes=scopes or (Scope.READ, Scope.PROPOSE))
    return Asker(secret, **fields)


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(db: None) -> Gateway:
    """A gateway that is only known, not reachable."""
    return make_gateway()


@pytest.fixture
def alice(people: Cast) -> Asker:
    return asker_of(people.alice)


@pytest.fixture
def desk(people: Cast, sandbox: SandboxGateway) -> Desk:
    gateway = make_gateway(
        admin_url=sandbox.admin_url, admin_key=sandbox.key, version=""
    )
    return Desk(gateway, sandbox, people)
