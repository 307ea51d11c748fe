"""Codes and tokens: what they buy, once, and what comes of a second time."""

import base64
import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from portal.accounts.models import (
    AccessToken,
    ApiToken,
    Grant,
    Person,
    Program,
    RefreshToken,
    Scope,
)
from portal.accounts.programs import register
from portal.accounts.sign_in import Stranger
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from tests.api.conftest import Desk
from tests.factories import Cast
from tests.oauth.conftest import CALLBACK, DESK, VERIFIER, Asker, form, read, registered


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def error_of(response: Any, status: int = 400) -> str:
    assert response.status_code == status, response.content.decode()
    assert response["Cache-Control"].startswith("max-age=0")
    return str(response.json()["error"])


def test_a_code_buys_tokens_that_open_the_api(people: Cast, chat: Asker) -> None:
    told = chat.allowed_by(people.alice)
    response = chat.exchange(told["code"])

    tokens = response.json()
    assert told["state"] == "st&te"
    assert told["iss"] == DESK
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == settings.OAUTH_ACCESS_LIFE
    assert set(tokens["scope"].split()) == set(Scope.values)
    assert "no-store" in response["Cache-Control"]
    assert read(tokens["access_token"]).status_code == 200


def test_only_hashes_are_kept(people: Cast, chat: Asker) -> None:
    code = chat.allowed_by(people.alice)["code"]
    tokens = chat.exchange(code).json()

    kept = str(
        [
            list(model.objects.values())
            for model in (Grant, AccessToken, RefreshToken, ApiToken, AuditEvent)
        ]
    )
    for secret in (code, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in kept


def test_nothing_secret_is_logged_whatever_the_level(
    people: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    """By itself oauthlib logs every token that it issues."""
    caplog.set_level(logging.DEBUG)
    told = registered(token_endpoint_auth_method="client_secret_post").json()
    chat = Asker(told["client_id"], secret=told["client_secret"])

    code = chat.allowed_by(people.alice)["code"]
    first = chat.exchange(code).json()
    second = chat.refresh(first["refresh_token"]).json()
    assert read(second["access_token"]).status_code == 200
    assert chat.refresh(first["refresh_token"]).status_code == 400
    assert chat.exchange(code).status_code == 400

    assert caplog.text
    for secret in (
        chat.secret,
        code,
        VERIFIER,
        *(
            one[name]
            for one in (first, second)
            for name in ("access_token", "refresh_token")
        ),
    ):
        assert secret not in caplog.text


class TestACode:
    def test_that_comes_twice_ends_what_it_bought(
        self, people: Cast, chat: Asker
    ) -> None:
        code = chat.allowed_by(people.alice)["code"]
        tokens = chat.exchange(code).json()

        assert error_of(chat.exchange(code)) == "invalid_grant"

        assert read(tokens["access_token"]).status_code == 401
        assert error_of(chat.refresh(tokens["refresh_token"])) == "invalid_grant"
        assert error_of(chat.exchange(code)) == "invalid_grant"
        [cut] = AuditEvent.objects.filter(event="program.cut_off")
        assert cut.details["used_twice"] == "code"
        assert cut.client == "ChatGPT (self-registered, chat.example.com)"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"code_verifier": "x" * 43},
            {"code_verifier": None},
            {"redirect_uri": CALLBACK + "/"},
            {"code": "unknown"},
            {"code": None},
            {"grant_type": "password", "username": "alice", "password": "x"},
            {"grant_type": "client_credentials"},
            {"grant_type": None},
            {"resource": "https://elsewhere.example.com"},
        ],
        ids=str,
    )
    def test_with_anything_wrong_buys_nothing(
        self, wrong: dict[str, Any], people: Cast, chat: Asker
    ) -> None:
        code = chat.allowed_by(people.alice)["code"]

        assert error_of(chat.exchange(code, **wrong)) in {
            "invalid_grant",
            "invalid_request",
            "invalid_target",
            "unsupported_grant_type",
        }

        assert AccessToken.objects.count() == 0
        # Nobody was harmed: the right request still gets its tokens.
        assert chat.exchange(code).status_code == 200

    def test_of_another_program_buys_nothing(self, people: Cast, chat: Asker) -> None:
        other = Asker(registered().json()["client_id"])
        code = chat.allowed_by(people.alice)["code"]

        assert error_of(other.exchange(code)) == "invalid_grant"

        assert chat.exchange(code).status_code == 200

    def test_is_over_after_a_minute(self, people: Cast, chat: Asker) -> None:
        code = chat.allowed_by(people.alice)["code"]

        with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
            assert error_of(chat.exchange(code)) == "invalid_grant"

    def test_of_somebody_switched_off_buys_nothing(
        self, people: Cast, chat: Asker
    ) -> None:
        code = chat.allowed_by(people.alice)["code"]
        Person.objects.update(is_active=False)

        assert error_of(chat.exchange(code)) == "invalid_grant"


class TestARefreshToken:
    def test_buys_the_next_pair(self, people: Cast, chat: Asker) -> None:
        first = chat.connected_to(people.alice)

        second = chat.refresh(first["refresh_token"]).json()

        assert read(second["access_token"]).status_code == 200
        assert second["refresh_token"] != first["refresh_token"]
        assert chat.refresh(second["refresh_token"]).status_code == 200

    def test_that_comes_twice_ends_everything(self, people: Cast, chat: Asker) -> None:
        first = chat.connected_to(people.alice)
        second = chat.refresh(first["refresh_token"]).json()

        assert error_of(chat.refresh(first["refresh_token"])) == "invalid_grant"

        assert read(first["access_token"]).status_code == 401
        assert read(second["access_token"]).status_code == 401
        assert error_of(chat.refresh(second["refresh_token"])) == "invalid_grant"
        [cut] = AuditEvent.objects.filter(event="program.cut_off")
        assert cut.details["used_twice"] == "refresh token"
        assert cut.details["owner"] == "alice"

    def test_of_another_program_buys_nothing_and_ends_nothing(
        self, people: Cast, chat: Asker
    ) -> None:
        other = Asker(registered().json()["client_id"])
        tokens = chat.connected_to(people.alice)

        assert error_of(other.refresh(tokens["refresh_token"])) == "invalid_grant"

        assert chat.refresh(tokens["refresh_token"]).status_code == 200

    def test_may_ask_for_less_and_never_for_more(
        self, people: Cast, chat: Asker
    ) -> None:
        tokens = chat.connected_to(people.alice, scope=Scope.READ)

        more = chat.refresh(tokens["refresh_token"], scope=Scope.PROPOSE)
        assert error_of(more) == "invalid_scope"

        assert chat.refresh(tokens["refresh_token"]).json()["scope"] == Scope.READ

    def test_is_over_when_it_was_not_used_for_long(
        self, people: Cast, chat: Asker
    ) -> None:
        tokens = chat.connected_to(people.alice)
        later = timezone.now() + timedelta(days=settings.OAUTH_REFRESH_DAYS, seconds=1)

        with time_machine.travel(later, tick=False):
            assert error_of(chat.refresh(tokens["refresh_token"])) == "invalid_grant"


class TestAnAccessToken:
    def test_is_over_after_its_life(self, people: Cast, chat: Asker) -> None:
        tokens = chat.connected_to(people.alice)
        later = timezone.now() + timedelta(seconds=settings.OAUTH_ACCESS_LIFE)

        with time_machine.travel(later, tick=False):
            response = read(tokens["access_token"])

        assert response.status_code == 401
        challenge = response["WWW-Authenticate"]
        assert 'error="invalid_token"' in challenge
        assert f'resource_metadata="{DESK}/.well-known/' in challenge

    def test_of_somebody_switched_off_opens_nothing(
        self, people: Cast, chat: Asker
    ) -> None:
        tokens = chat.connected_to(people.alice)
        Person.objects.filter(pk=people.alice.pk).update(is_active=False)

        assert read(tokens["access_token"]).status_code == 401

    def test_without_a_scope_says_which_it_needs(
        self, people: Cast, chat: Asker
    ) -> None:
        tokens = chat.connected_to(people.alice, scope=Scope.PROPOSE)

        response = read(tokens["access_token"])

        assert response.status_code == 403
        challenge = response["WWW-Authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert f'scope="{Scope.READ}"' in challenge

    @pytest.mark.parametrize(
        ("resource", "status"),
        [
            (None, 200),
            (DESK, 200),
            (f"{DESK}/", 200),
            (f"{DESK}/api", 200),
            ("HTTP://LOCALHOST:5000/api/", 200),
            ([f"{DESK}/mcp", f"{DESK}/api"], 200),
            (f"{DESK}/mcp", 401),
            (f"{DESK}/apisix/admin", 401),
        ],
    )
    def test_opens_what_it_is_meant_for(
        self, resource: Any, status: int, people: Cast, chat: Asker
    ) -> None:
        tokens = chat.connected_to(people.alice, resource=resource)

        assert read(tokens["access_token"]).status_code == status

    def test_meant_for_another_desk_opens_nothing(
        self, people: Cast, chat: Asker
    ) -> None:
        tokens = chat.connected_to(people.alice)
        AccessToken.objects.update(resource=["https://other.example.com"])

        assert read(tokens["access_token"]).status_code == 401

    def test_may_be_for_less_than_the_person_allowed(
        self, people: Cast, chat: Asker
    ) -> None:
        code = chat.allowed_by(people.alice)["code"]

        narrow = chat.exchange(code, resource=f"{DESK}/mcp").json()
        assert read(narrow["access_token"]).status_code == 401

        wide = chat.refresh(narrow["refresh_token"], resource=DESK).json()
        assert read(wide["access_token"]).status_code == 200

    def test_is_never_for_more_than_the_person_allowed(
        self, people: Cast, chat: Asker
    ) -> None:
        code = chat.allowed_by(people.alice, resource=f"{DESK}/mcp")["code"]

        assert error_of(chat.exchange(code, resource=DESK)) == "invalid_target"


class TestWhoAsks:
    def test_a_program_with_a_secret_must_give_it(self, people: Cast) -> None:
        answer = registered(token_endpoint_auth_method="client_secret_basic").json()
        secretive = Asker(answer["client_id"], secret=answer["client_secret"])
        code = secretive.allowed_by(people.alice)["code"]

        for wrong in ("wrong", None):
            refused = secretive.exchange(code, client_secret=wrong)
            assert error_of(refused, 401) == "invalid_client"
            assert refused["WWW-Authenticate"].startswith("Basic")

        assert secretive.exchange(code).status_code == 200

    def test_a_secret_may_come_as_basic(self, people: Cast, chat: Asker) -> None:
        answer = registered(token_endpoint_auth_method="client_secret_basic").json()
        secretive = Asker(answer["client_id"])
        sent = {
            "grant_type": "authorization_code",
            "code": secretive.allowed_by(people.alice)["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        good = basic(answer["client_id"], answer["client_secret"])

        for wrong, more in (
            (basic(answer["client_id"], "wrong"), {}),
            (basic(chat.client_id, ""), {}),
            (good, {"client_id": chat.client_id}),
            ("Basic !", {}),
            ("Basic /w==", {}),
            (f"Bearer {answer['client_secret']}", {}),
        ):
            refused = form("/o/token/", sent | more, Authorization=wrong)
            assert refused.status_code in {400, 401}, (wrong, refused.content)
            assert "error" in refused.json()
        assert form("/o/token/", sent, Authorization=good).status_code == 200

    def test_a_gpt_action_has_a_secret_instead_of_pkce(self, people: Cast) -> None:
        program, secret = register(
            name="Desk GPT",
            redirect_uris=[CALLBACK],
            has_secret=True,
            source=Program.RegistrationSource.MANUAL,
            is_gpt_action=True,
            actor=Stranger(),
        )
        gpt = Asker(program.client_id, secret=secret, asks={})

        tokens = gpt.connected_to(people.alice, scope="")

        assert set(tokens["scope"].split()) == set(Scope.values)
        assert read(tokens["access_token"]).status_code == 200

    def test_nobody_and_an_unknown_program_get_nothing(
        self, people: Cast, chat: Asker
    ) -> None:
        code = chat.allowed_by(people.alice)["code"]

        for client_id in ("unknown", None, "\x00", "x" * 5_000):
            response = chat.exchange(code, client_id=client_id)
            assert response.status_code in {400, 401}
            assert response.json()["error"] in {"invalid_client", "invalid_request"}

    def test_too_many_refusals_from_one_network_are_429(
        self, people: Cast, chat: Asker, settings: Any
    ) -> None:
        settings.API_RATE_FAILED = 2
        code = chat.allowed_by(people.alice)["code"]

        statuses = [chat.exchange("wrong").status_code for _ in range(3)]
        late = chat.exchange(code)

        assert statuses == [400, 400, 429]
        assert late.status_code == 429
        assert int(late["Retry-After"]) > 0


class TestGivingBack:
    def test_a_refresh_token_ends_the_connection(
        self, people: Cast, chat: Asker
    ) -> None:
        tokens = chat.connected_to(people.alice)

        response = form(
            "/o/revoke/",
            {"token": tokens["refresh_token"], "client_id": chat.client_id},
        )

        assert response.status_code == 200
        assert read(tokens["access_token"]).status_code == 401
        assert AuditEvent.objects.filter(event="program.disconnected").count() == 1

    def test_an_access_token_ends_alone(self, people: Cast, chat: Asker) -> None:
        tokens = chat.connected_to(people.alice)
        sent = {"token": tokens["access_token"], "client_id": chat.client_id}

        assert form("/o/revoke/", sent).status_code == 200
        assert form("/o/revoke/", sent).status_code == 200  # again, or unknown

        assert read(tokens["access_token"]).status_code == 401
        assert chat.refresh(tokens["refresh_token"]).status_code == 200

    def test_a_program_gives_back_its_own_alone(
        self, people: Cast, chat: Asker
    ) -> None:
        other = registered().json()["client_id"]
        tokens = chat.connected_to(people.alice)

        for name in ("access_token", "refresh_token"):
            form("/o/revoke/", {"token": tokens[name], "client_id": other})

        assert read(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("path", ["/o/token/", "/o/revoke/"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe",
        b"grant_type=authorization_code&grant_type=refresh_token",
        b"client_id=a&client_id=b",
        b"code=%00&client_id=x&grant_type=authorization_code&token=%00",
        b"code=" + b"x" * 10_000,
        b"&".join(b"a=1" for _ in range(500)),
        b"x" * 20_000,
        b"%%%=%zz&client_id=%ED%A0%80",
        b"{}",
    ],
    ids=lambda body: str(body[:20]),
)
@pytest.mark.django_db
def test_what_makes_no_sense_is_refused_in_json(path: str, body: bytes) -> None:
    response = Client().post(
        path, body, content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code in {400, 401, 413}
    assert response.json()["error"] in {
        "invalid_request",
        "invalid_client",
        "unsupported_grant_type",
    }


@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize(
    ("resource", "status"),
    [(DESK, 200), (f"{DESK}/apisix/admin", 200), (f"{DESK}/api", 401)],
)
def test_the_admin_api_takes_what_is_meant_for_it(
    resource: str, status: int, people: Cast, chat: Asker
) -> None:
    tokens = chat.connected_to(people.alice, resource=resource)

    response = Client().get(
        "/apisix/admin/routes?mirror=true",
        headers={"X-API-KEY": tokens["access_token"]},
    )

    assert response.status_code == status


class TestManyPrograms:
    """Each connection counts for itself, whichever access token it uses now."""

    def test_one_key_of_two_programs_is_two_requests(
        self, desk: Desk, chat: Asker
    ) -> None:
        alice = desk.people.alice
        other = Asker(registered(client_name="Editor").json()["client_id"])
        first = chat.connected_to(alice)
        sent = {
            "reason": "The speakers' page needs it.",
            "route": {"uri": "/a", "upstream": {"url": "http://127.0.0.1:8000"}},
        }

        def ask(tokens: dict[str, Any]) -> Any:
            return Client().post(
                "/api/routes",
                sent,
                content_type="application/json",
                headers={
                    "Authorization": f"Bearer {tokens['access_token']}",
                    "Idempotency-Key": "one",
                },
            )

        asked = ask(first)
        renewed = ask(chat.refresh(first["refresh_token"]).json())
        others = ask(other.connected_to(alice))

        assert asked.status_code == renewed.status_code == others.status_code == 202
        assert renewed["Idempotent-Replayed"] == "true"
        assert asked.json()["change"]["number"] == renewed.json()["change"]["number"]
        assert asked.json()["change"]["number"] != others.json()["change"]["number"]
        assert set(ChangeRequest.objects.values_list("client", flat=True)) == {
            "ChatGPT (self-registered, chat.example.com)",
            "Editor (self-registered, chat.example.com)",
        }

    def test_renewing_gives_no_more_requests_a_minute(
        self, people: Cast, chat: Asker, settings: Any
    ) -> None:
        settings.API_RATE_TOKEN = 2
        other = Asker(registered().json()["client_id"])
        first = chat.connected_to(people.alice)
        assert read(first["access_token"]).status_code == 200
        second = chat.refresh(first["refresh_token"]).json()

        assert read(second["access_token"]).status_code == 200
        assert read(second["access_token"]).status_code == 429
        fresh = other.connected_to(people.alice)
        assert read(fresh["access_token"]).status_code == 200
