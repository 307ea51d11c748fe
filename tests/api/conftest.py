"""A program with a token, and a desk whose gateway is a real sandbox."""

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from gateway.mirror import refresh
from gateway.models import Gateway
from portal.accounts.models import ApiToken, Person, Scope
from portal.audit.models import AuditEvent
from portal.changes.models import (
    ChangeRequest,
    IdempotencyKey,
    Item,
    Revision,
)
from tests.factories import (
    Cast,
    make_cast,
    make_gateway,
    make_live_gateway,
    make_token,
)
from tests.sandbox import SandboxGateway

PROBLEM = "application/problem+json"


@dataclass
class Program:
    """Calls the API over Django's whole stack, with a token."""

    person: Person
    token: ApiToken
    secret: str

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", path, **headers)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        **headers: str,
    ) -> HttpResponse:
        """Send a body as it is when it is bytes, else as JSON; `_` in names means `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        return Client().generic(
            method,
            path,
            raw if body is not None else b"",
            content_type=content_type if body is not None else "",
            headers={"Authorization": f"Bearer {self.secret}"} | sent,
        )


def program_of(person: Person, *scopes: str, **fields: Any) -> Program:
    token, secret = make_token(
        person, scopes=scopes or (Scope.READ, Scope.PROPOSE), **fields
    )
    return Program(person, token, secret)


def assert_problem(
    response: HttpResponse, status: int, code: str = "", field: str | None = None
) -> dict[str, Any]:
    """Check that an answer is problem+json with all it promises; return its body."""
    assert response.status_code == status, response.content.decode()
    assert response["Content-Type"] == PROBLEM
    body: dict[str, Any] = orjson.loads(response.content)
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["type"].endswith(f"/api/problems/{body['code']}")
    assert body["request_id"] == response["X-Request-ID"]
    if code:
        assert body["code"] == code
    if field is not None:
        assert body.get("field") == field
        assert any(error["field"] == field for error in body["errors"])
    return body


def stored() -> dict[str, int]:
    """Count what a refused request must leave as it was."""
    return {
        model.__name__: model.objects.count()
        for model in (ChangeRequest, Revision, Item, IdempotencyKey, AuditEvent)
    }


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests() -> None:
    cache.clear()


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(db: None) -> Gateway:
    """A gateway that is only known, not reachable."""
    return make_gateway()


@pytest.fixture
def alice(people: Cast) -> Program:
    """A program of the author's."""
    return program_of(people.alice)


@dataclass
class Desk:
    """A gateway with a live sandbox behind it."""

    gateway: Gateway
    sandbox: SandboxGateway
    people: Cast

    def hold(self, kind: str, resource_id: str, document: dict[str, Any]) -> None:
        """Put a document on the gateway and read it into the mirror."""
        self.sandbox.put(kind, resource_id, document)
        refresh(self.gateway)


@pytest.fixture
def desk(people: Cast, sandbox: SandboxGateway) -> Desk:
    return Desk(make_live_gateway(sandbox), sandbox, people)
