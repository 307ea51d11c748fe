"""A program that registers itself, asks a person, and gets its tokens."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import Person
from tests.api.conftest import Desk
from tests.factories import Cast, make_cast, make_gateway
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

CALLBACK = "https://chat.example.com/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-1"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .decode()
    .rstrip("=")
)
DESK = "http://localhost:5000"


@dataclass
class Asker:
    """A registered program, over Django's whole stack."""

    client_id: str
    secret: str = ""
    callback: str = CALLBACK
    asks: dict[str, str] = field(
        default_factory=lambda: {
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
    )

    def address(self, **more: Any) -> str:
        """Where it sends its person; None leaves a parameter out."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "state": "st&te",
            **self.asks,
            **more,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return f"/o/authorize/?{urlencode(given, doseq=True)}"

    def allowed_by(self, person: Person, **more: Any) -> dict[str, str]:
        """Let the person allow it; return what the program is told."""
        response = sign_in(person).post(self.address(**more), {"decision": "allow"})
        assert response.status_code == 302, response.content.decode()
        assert response["Location"].startswith(self.callback)
        return told(response)

    def token(self, **sent: Any) -> HttpResponse:
        """Ask at the token endpoint."""
        whole = {"client_id": self.client_id, "client_secret": self.secret or None}
        whole |= sent
        given = {name: value for name, value in whole.items() if value is not None}
        return form("/o/token/", given)

    def exchange(self, good_code: str, **more: Any) -> HttpResponse:
        return self.token(
            **{
                "grant_type": "authorization_code",
                "code": good_code,
                "redirect_uri": self.callback,
                "code_verifier": VERIFIER if self.asks else None,
            }
            | more
        )

    def refresh(self, refresh_token: str, **more: Any) -> HttpResponse:
        return self.token(
            grant_type="refresh_token", refresh_token=refresh_token, **more
        )

    def connected_to(self, person: Person, **more: Any) -> dict[str, Any]:
        """Return the first tokens."""
        response = self.exchange(self.allowed_by(person, **more)["code"])
        assert response.status_code == 200, response.content.decode()
        tokens: dict[str, Any] = response.json()
        return tokens


def form(path: str, sent: dict[str, Any], **headers: str) -> HttpResponse:
    return Client().post(
        path,
        urlencode(sent, doseq=True),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )


def told(response: HttpResponse) -> dict[str, str]:
    """Return what a redirect tells the program."""
    return dict(parse_qsl(urlsplit(response["Location"]).query))


def registered(**metadata: Any) -> HttpResponse:
    return Client().post(
        "/o/register/",
        {
            "client_name": "ChatGPT",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        }
        | metadata,
        content_type="application/json",
    )


def read(access_token: str, path: str = "/api/gateways") -> HttpResponse:
    return Client().get(path, headers={"Authorization": f"Bearer {access_token}"})


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


@pytest.fixture
def desk(people: Cast, sandbox: SandboxGateway) -> Desk:
    """A gateway with a live sandbox behind it."""
    gateway = make_gateway(
        admin_url=sandbox.admin_url, admin_key=sandbox.key, version=""
    )
    return Desk(gateway, sandbox, people)


@pytest.fixture
def chat(db: None) -> Asker:
    """A program that registered itself, without a secret."""
    return Asker(registered().json()["client_id"])
