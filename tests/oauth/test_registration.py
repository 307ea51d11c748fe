"""Programs that register themselves, and what describes this server to them."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from portal.accounts.models import ApiToken, Program, Scope
from portal.accounts.tasks import forget_programs
from portal.audit.models import AuditEvent
from tests.factories import Cast
from tests.oauth.conftest import CALLBACK, DESK, Asker, registered

pytestmark = pytest.mark.django_db


def test_a_program_registers_itself() -> None:
    response = registered(
        scope="admin", software_id="x", grant_types=["authorization_code"]
    )

    told = response.json()
    assert response.status_code == 201
    assert "no-store" in response["Cache-Control"]
    assert told["client_name"] == "ChatGPT"
    assert told["redirect_uris"] == [CALLBACK]
    assert told["token_endpoint_auth_method"] == "none"
    assert set(told["scope"].split()) == set(Scope.values)
    assert "client_secret" not in told
    program = Program.objects.get()
    assert program.client_id == told["client_id"]
    assert not program.is_gpt_action
    [event] = AuditEvent.objects.all()
    assert event.event == "program.registered"
    assert event.actor == "somebody not signed in"
    assert event.details["redirect_uris"] == [CALLBACK]


def test_a_secret_is_shown_once_and_kept_as_a_hash() -> None:
    told = registered(token_endpoint_auth_method="client_secret_basic").json()

    assert told["client_secret"]
    assert told["client_secret_expires_at"] == 0
    assert told["client_secret"] not in str(Program.objects.values())
    assert told["client_secret"] not in str(AuditEvent.objects.values())


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": CALLBACK}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK] * 11}, "invalid_redirect_uri"),
        ({"redirect_uris": [1]}, "invalid_redirect_uri"),
        *(
            ({"redirect_uris": [uri]}, "invalid_redirect_uri")
            for uri in (
                "",
                "http://chat.example.com/callback",
                "https://chat.example.com/callback#top",
                "https://*.example.com/callback",
                "https://chat.example.com/*",
                "https://a:b@chat.example.com/",
                "https://chat.example.com/a b",
                "https://chat.example.com/\u00e9",
                "https://ch\u0430t.example.com/",
                "https://chat.example.com\\evil",
                "https://chat.example.com:99999/",
                "https:///callback",
                "https://",
                "javascript:alert(1)",
                "myapp://callback",
                "data:text/html,x",
                "http://127.0.0.1.evil.example/cb",
                "//chat.example.com/callback",
                "https://chat.example.com/" + "x" * 1_000,
            )
        ),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": []}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"client_name": {"a": 1}}, "invalid_client_metadata"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_not_accepted_is_named_and_nothing_is_kept(
    wrong: dict[str, Any], error: str
) -> None:
    response = registered(**wrong)

    assert response.status_code == 400
    assert response.json()["error"] == error
    assert response.json()["error_description"]
    assert Program.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"a": 1, "a": 2}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"client_name": "\\u0000"}', "application/json", 400),
        (b'{"client_name": "\\ud800"}', "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b'{"a": "' + b"x" * 20_000 + b'"}', "application/json", 413),
        (b"a=b", "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_makes_no_sense_is_refused_in_json(
    body: bytes, content_type: str, status: int
) -> None:
    response = Client().post("/o/register/", body, content_type=content_type)

    assert response.status_code == status
    assert response.json()["error"] in {
        "invalid_client_metadata",
        "invalid_redirect_uri",
    }


def test_a_name_is_one_line_of_bounded_text() -> None:
    name = registered(client_name="  a\n\tb " + "x" * 200).json()["client_name"]

    assert name.startswith("a b x")
    assert len(name) == 80


def test_registering_is_limited_by_network(settings: Any) -> None:
    settings.OAUTH_REGISTRATION_RATE = 1

    assert registered().status_code == 201
    late = registered()

    assert late.status_code == 429
    assert int(late["Retry-After"]) > 0
    assert Program.objects.count() == 1


def test_registration_can_be_switched_off(settings: Any) -> None:
    settings.OAUTH_REGISTRATION = False

    response = registered()

    assert response.status_code == 403
    assert "administrator" in response.json()["error_description"]
    described = Client().get("/.well-known/oauth-authorization-server").json()
    assert "registration_endpoint" not in described


def test_what_nobody_let_in_is_forgotten(people: Cast) -> None:
    used = Asker(registered().json()["client_id"])
    used.connected_to(people.alice)
    registered(client_name="Unused")
    by_hand = Program.objects.create(
        name="By hand", client_type="public", client_secret=""
    )

    forget_programs()
    assert Program.objects.count() == 3

    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        forget_programs()
        forget_programs()

    assert set(Program.objects.values_list("name", flat=True)) == {
        "ChatGPT",
        by_hand.name,
    }
    [event] = AuditEvent.objects.filter(event="program.removed")
    assert event.subject.startswith("Unused")


def test_a_connection_survives_forgetting_until_it_is_over(people: Cast) -> None:
    chat = Asker(registered().json()["client_id"])
    tokens = chat.connected_to(people.alice)

    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        forget_programs()
        renewed = chat.refresh(tokens["refresh_token"])
        assert renewed.status_code == 200
        forget_programs()
        # That it was used before is still known.
        assert chat.refresh(tokens["refresh_token"]).status_code == 400

    assert ApiToken.objects.get().revoked_at is not None


class TestWhatDescribesIt:
    def test_the_authorization_server(self) -> None:
        response = Client().get("/.well-known/oauth-authorization-server")

        told = response.json()
        assert response["Content-Type"] == "application/json"
        assert told["issuer"] == DESK
        for name, path in {
            "authorization_endpoint": "/o/authorize/",
            "token_endpoint": "/o/token/",
            "revocation_endpoint": "/o/revoke/",
            "registration_endpoint": "/o/register/",
        }.items():
            assert told[name] == f"{DESK}{path}"
        assert told["code_challenge_methods_supported"] == ["S256"]
        assert told["response_types_supported"] == ["code"]
        assert set(told["grant_types_supported"]) == {
            "authorization_code",
            "refresh_token",
        }
        assert told["scopes_supported"] == Scope.values
        assert told["client_id_metadata_document_supported"] is True
        assert told["authorization_response_iss_parameter_supported"] is True

    @pytest.mark.parametrize("part", ["", "/mcp"])
    def test_what_it_protects(self, part: str) -> None:
        response = Client().get(f"/.well-known/oauth-protected-resource{part}")

        told = response.json()
        assert told["resource"] == f"{DESK}{part}"
        assert told["authorization_servers"] == [DESK]
        assert told["scopes_supported"] == Scope.values
        assert told["resource_documentation"] == f"{DESK}/api/docs"

    def test_who_brings_no_token_is_told_where_to_begin(self) -> None:
        response = Client().get("/api/routes")

        assert response.status_code == 401
        assert response["WWW-Authenticate"] == (
            'Bearer realm="gatehouse", scope="gateway:read changes:propose", '
            f'resource_metadata="{DESK}/.well-known/oauth-protected-resource"'
        )

    def test_every_address_takes_its_own_method_alone(self) -> None:
        client = Client()

        for path in ("/o/token/", "/o/revoke/", "/o/register/"):
            assert client.get(path).status_code == 405
        assert client.post("/.well-known/oauth-authorization-server").status_code == 405


def test_the_product_passes_the_library_s_own_checks() -> None:
    call_command("check", "--deploy", "--tag", "security", "--fail-level", "ERROR")
