"""Programs that speak to the façade as to an Admin API, and a desk behind it."""

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import ApiToken, Person, Scope
from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest, Gathering
from portal.changes.review import approve
from portal.changes.tasks import submit_one
from tests.actors import present
from tests.factories import Cast, make_cast, make_gateway, make_token
from tests.sandbox import SandboxGateway

ADMIN = "/apisix/admin"
NODES = {"127.0.0.1:8000": 1}
UPSTREAM = {"type": "roundrobin", "nodes": NODES}


@dataclass
class Program:
    """Calls the façade over Django's whole stack, its token as `X-API-KEY`."""

    person: Person
    token: ApiToken
    secret: str
    base: str = ADMIN

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", path, **headers)

    def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> HttpResponse:
        """Send a body as it is when it is bytes, else as JSON; `_` in names means `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        return Client().generic(
            method,
            self.base + path,
            raw if body is not None else b"",
            content_type="application/json" if body is not None else "",
            headers={"X-API-KEY": self.secret} | sent,
        )

    def submit(self) -> HttpResponse:
        """Send the draft for review without another write."""
        return self.post("/changes", None)


def program_of(person: Person, **fields: Any) -> Program:
    fields.setdefault("scopes", (Scope.READ, Scope.PROPOSE))
    return Program(person, *make_token(person, **fields))


def body_of(response: HttpResponse, status: int) -> Any:
    """Return the JSON of an answer that must have this status."""
    assert response.status_code == status, response.content.decode()
    return orjson.loads(response.content)


def refused(response: HttpResponse, status: int = 400) -> str:
    """Return why a request was refused that left nothing behind."""
    words: str = body_of(response, status)["error_msg"]
    return words


@dataclass
class Desk:
    """A gateway with a live sandbox behind it."""

    gateway: Gateway
    sandbox: SandboxGateway
    people: Cast

    def the_change(self) -> ChangeRequest:
        """Return the only change there is."""
        return ChangeRequest.objects.get()

    def quiet(self) -> None:
        """Let the drafts be quiet for long enough, and the sweep's task find them."""
        Gathering.objects.open().update(due_at=timezone.now())
        for gathering in Gathering.objects.due(timezone.now()):
            submit_one(gathering.pk)

    def approve(self, change: ChangeRequest) -> None:
        approve(change.latest_revision(), actor=present(self.people.riley))

    def apply(self, change: ChangeRequest) -> None:
        """Let a reviewer approve and a worker deliver."""
        self.approve(change)
        deliver(change.latest_revision().delivery.pk)
        change.refresh_from_db()
        assert change.state == "applied"


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests() -> None:
    cache.clear()


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def desk(people: Cast, sandbox: SandboxGateway) -> Desk:
    gateway = make_gateway(
        admin_url=sandbox.admin_url, admin_key=sandbox.key, version=""
    )
    return Desk(gateway, sandbox, people)


@pytest.fixture
def alice(people: Cast) -> Program:
    """A program of the author's."""
    return program_of(people.alice, name="deployer")
