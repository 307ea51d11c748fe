"""The page on which a person lets a program in."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import AccessToken, ApiToken, Grant, Program, Scope
from portal.audit.models import AuditEvent
from tests.factories import PASSWORD, Cast, make_gateway, make_program, make_token
from tests.oauth.conftest import CALLBACK, DESK, Asker, registered, told
from tests.web.conftest import sign_in
from tests.web.people.test_second_factor import stale


def test_it_says_who_asks_for_what_and_where_it_goes(people: Cast, chat: Asker) -> None:
    response = sign_in(people.alice).get(chat.address())

    page = response.content.decode()
    assert response.status_code == 200
    assert '<p class="quote strong">ChatGPT</p>' in page
    assert "self-registered, chat.example.com" in page
    assert CALLBACK in page
    assert "Any program may choose this name" in page
    assert "ask for changes in your name" in page
    assert "approve or reject a change" in page
    labels = re.findall(r"<button[^>]*>([^<]*)", page)
    assert "Allow" in labels
    assert "Deny" in labels
    assert not [label for label in labels if "approve" in label.lower()]
    policy = response["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https:" in policy
    assert response["X-Frame-Options"] == "DENY"
    assert "no-store" in response["Cache-Control"]
    # Looking is not deciding.
    assert ApiToken.objects.count() == 0


def test_what_a_program_calls_itself_is_shown_as_text(people: Cast) -> None:
    name = "<b>Gatehouse</b> \u202eadmin"
    odd = Asker(registered(client_name=name).json()["client_id"])

    page = sign_in(people.alice).get(odd.address()).content.decode()

    assert "<b>Gatehouse</b>" not in page
    assert "&lt;b&gt;Gatehouse" in page
    assert "\u202e" not in page


def test_a_stranger_signs_in_first_and_comes_back(people: Cast, chat: Asker) -> None:
    response = Client().get(chat.address())

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/o/authorize/")


def test_allowing_connects_and_is_recorded(people: Cast, chat: Asker) -> None:
    chat.allowed_by(people.alice, scope=Scope.READ)

    connection = ApiToken.objects.get()
    assert connection.person == people.alice
    assert connection.scopes == [Scope.READ]
    [event] = AuditEvent.objects.filter(event="program.connected")
    assert event.actor == "alice"
    assert event.subject == "ChatGPT (self-registered, chat.example.com)"
    assert event.details["scopes"] == [Scope.READ]
    assert event.details["client_id"] == chat.client_id
    assert event.details["redirect_uri"] == CALLBACK


def test_on_a_desk_with_production_they_prove_who_they_are_first(
    people: Cast, chat: Asker, settings: Any
) -> None:
    """Before they answer: browsers go from a page that asks to no program."""
    settings.REAUTHENTICATE_FOR_PRODUCTION = 10
    make_gateway("shop", environment="production")
    alice, here = stale(people.alice), chat.address()

    asked = alice.get(here)
    assert (asked.status_code, "Confirm that" in asked.content.decode()) == (
        403,
        True,
    )
    late = alice.post(here, {"decision": "allow"})
    assert (late.status_code, late["Location"]) == (302, here)
    assert not ApiToken.objects.filter(person=people.alice).exists()
    proof = {"proof_next": here, "proof_method": "get", "proof_password": PASSWORD}
    assert alice.post("/accounts/confirm/", proof)["Location"] == here

    back = alice.post(here, {"decision": "allow"})

    assert back["Location"].startswith(CALLBACK)
    assert ApiToken.objects.get(person=people.alice).program.client_id == chat.client_id


def test_denying_goes_back_and_connects_nothing(people: Cast, chat: Asker) -> None:
    response = sign_in(people.alice).post(chat.address(), {"decision": "deny"})

    assert told(response) == {
        "error": "access_denied",
        "state": "st&te",
        "iss": DESK,
    }
    assert ApiToken.objects.count() == 0
    assert Grant.objects.count() == 0


def test_somebody_else_signs_in_and_comes_back(people: Cast, chat: Asker) -> None:
    client = sign_in(people.alice)
    page = client.get(chat.address()).content.decode()
    [wanted] = re.findall(r'name="next" value="([^"]+)"', page)

    left = client.post("/accounts/logout/", {"next": html.unescape(wanted)})

    assert left["Location"] == chat.address()
    assert client.get(left["Location"])["Location"].startswith("/accounts/login/")


def test_an_answer_that_is_none_asks_again(people: Cast, chat: Asker) -> None:
    response = sign_in(people.alice).post(chat.address(), {"decision": "approve"})

    assert response.status_code == 200
    assert ApiToken.objects.count() == 0


def test_a_form_from_elsewhere_decides_nothing(people: Cast, chat: Asker) -> None:
    client = sign_in(people.alice, enforce_csrf_checks=True)

    assert client.post(chat.address(), {"decision": "allow"}).status_code == 403

    assert ApiToken.objects.count() == 0


def test_a_program_cannot_let_another_in(people: Cast, chat: Asker) -> None:
    client = sign_in(people.alice)
    secrets = [make_token(people.alice)[1]]
    secrets.append(chat.connected_to(people.alice)["access_token"])
    before = ApiToken.objects.count()

    for secret in secrets:
        for header in ("Authorization", "X-API-KEY"):
            response = client.post(
                chat.address(),
                {"decision": "allow"},
                headers={header: f"Bearer {secret}"},
            )
            assert response.status_code == 403

    assert ApiToken.objects.count() == before


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": ["{id}", "{id}"]},
        {"redirect_uri": "https://chat.example.com/callback/"},
        {"redirect_uri": "https://chat.example.com/callbac"},
        {"redirect_uri": "https://chat.example.com/callback?x=1"},
        {"redirect_uri": "https://chat.example.com/callback#"},
        {"redirect_uri": "https://chat.example.com/other/../callback"},
        {"redirect_uri": "https://chat.example.com:443/callback"},
        {"redirect_uri": "https://CHAT.example.com/callback"},
        {"redirect_uri": "https://chat.example.com.evil.example/callback"},
        {"redirect_uri": "https://x@chat.example.com/callback"},
        {"redirect_uri": "https://chat.example.com\\@evil.example/callback"},
        {"redirect_uri": "http://chat.example.com/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//evil.example"},
        {"redirect_uri": [CALLBACK, "https://evil.example"]},
        {"redirect_uri": CALLBACK + "\x00"},
        {"redirect_uri": CALLBACK + "\r\nSet-Cookie: a=b"},
        {"redirect_uri": "x" * 3_000},
        {"state": ["a", "b"]},
        {"state": "x" * 3_000},
        {"state": "\x00"},
        {"response_type": ["code", "token"]},
        {"code_challenge": "\udcff".encode("utf-8", "surrogateescape")},
        {"prompt": ["none", "login"]},
    ],
    ids=lambda more: str(more)[:70],
)
def test_it_never_sends_anybody_to_an_address_that_is_not_sure(
    more: dict[str, Any], people: Cast, chat: Asker
) -> None:
    given = {
        name: [one.format(id=chat.client_id) for one in value]
        if isinstance(value, list)
        else value
        for name, value in more.items()
    }
    for method in ("get", "post"):
        client = sign_in(people.alice)
        response = getattr(client, method)(
            chat.address(**given), {"decision": "allow"} if method == "post" else None
        )

        assert response.status_code == 400
        assert "Location" not in response
        assert "This was not done" in response.content.decode()
    assert ApiToken.objects.count() == 0


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "gateway:read everything"}, "invalid_scope"),
        ({"scope": "changes:approve"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example.com"}, "invalid_target"),
        ({"resource": f"{DESK}/admin"}, "invalid_target"),
        ({"resource": f"{DESK}/mcp/../api"}, "invalid_target"),
        ({"resource": [DESK, "urn:other"]}, "invalid_target"),
        ({"prompt": "none"}, "consent_required"),
    ],
    ids=str,
)
def test_the_program_is_told_what_it_asked_wrongly(
    more: dict[str, Any], error: str, people: Cast, chat: Asker
) -> None:
    chat.connected_to(people.alice)

    response = sign_in(people.alice).get(chat.address(**more))

    assert response.status_code == 302
    assert response["Location"].startswith(f"{CALLBACK}?")
    answer = told(response)
    assert answer["error"] == error
    assert answer["state"] == "st&te"
    assert answer["iss"] == DESK
    assert Grant.objects.filter(used_at=None).count() == 0


class TestWhoIsNotTrusted:
    """Anybody registers any address: a link to us must not be a link to there."""

    def test_is_gone_back_to_by_a_click_alone(self, people: Cast, chat: Asker) -> None:
        for method in ("get", "post"):
            response = getattr(sign_in(people.alice), method)(
                chat.address(scope="everything")
            )

            page = response.content.decode()
            assert response.status_code == 400
            assert "Location" not in response
            [back] = re.findall(r'href="(https://chat[^"]*)"', page)
            answer = dict(parse_qsl(urlsplit(html.unescape(back)).query))
            assert (answer["error"], answer["state"]) == ("invalid_scope", "st&te")
            assert "Back to chat.example.com" in page

    def test_nor_is_one_that_somebody_else_let_in_or_that_was_disconnected(
        self, people: Cast, chat: Asker
    ) -> None:
        chat.connected_to(people.alice)
        wrong = chat.address(scope="everything")

        assert sign_in(people.riley).get(wrong).status_code == 400
        ApiToken.objects.update(revoked_at=timezone.now())
        assert sign_in(people.alice).get(wrong).status_code == 400

    def test_what_an_administrator_set_up_is_trusted(self, people: Cast) -> None:
        program = make_program(registration_source="manual")
        wrong = Asker(program.client_id).address(
            scope="everything", redirect_uri=program.redirect_uris
        )

        assert sign_in(people.alice).get(wrong).status_code == 302


@pytest.mark.parametrize("scope", [None, ""])
def test_who_names_no_scope_asks_for_both(
    scope: str | None, people: Cast, chat: Asker
) -> None:
    tokens = chat.connected_to(people.alice, scope=scope)

    assert set(tokens["scope"].split()) == set(Scope.values)


def test_a_program_that_was_removed_asks_nobody(people: Cast, chat: Asker) -> None:
    Program.objects.update(removed_at="2026-01-01T00:00Z")

    response = sign_in(people.alice).get(chat.address())

    assert response.status_code == 400
    assert "No program with this client id" in response.content.decode()


class TestOnThisComputer:
    """RFC 8252: a native program's port is another each time."""

    @pytest.mark.parametrize(
        ("registered_as", "asked", "is_good"),
        [
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", True),
            ("http://127.0.0.1:3000/cb", "http://127.0.0.1:51004/cb", True),
            ("http://[::1]/cb?a=b", "http://[::1]:51004/cb?a=b", True),
            ("http://localhost:3000/cb", "http://localhost:3000/cb", True),
            ("http://localhost:3000/cb", "http://localhost:51004/cb", False),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", False),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?a=b", False),
            ("http://127.0.0.1/cb", "http://localhost:51004/cb", False),
            ("http://127.0.0.1/cb", "http://127.0.0.1:x/cb", False),
            ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb", False),
            (CALLBACK, "https://chat.example.com:51004/callback", False),
        ],
    )
    def test_the_port_alone_may_differ(
        self, registered_as: str, asked: str, *, is_good: bool, people: Cast
    ) -> None:
        answer = registered(redirect_uris=[registered_as])
        native = Asker(answer.json()["client_id"], callback=asked)

        response = sign_in(people.alice).get(native.address())

        assert response.status_code == (200 if is_good else 400)

    def test_a_program_with_a_secret_is_no_native_one(self, people: Cast) -> None:
        answer = registered(
            redirect_uris=["http://127.0.0.1/cb"],
            token_endpoint_auth_method="client_secret_post",
        )
        asked = Asker(answer.json()["client_id"], callback="http://127.0.0.1:9/cb")

        assert sign_in(people.alice).get(asked.address()).status_code == 400


class TestADocument:
    """A client id that is the address of a description."""

    @pytest.mark.parametrize(
        ("client_id", "words"),
        [
            ("https://127.0.0.1/app.json", "does not call"),
            ("https://localhost/app.json", "does not call"),
            ("https://10.0.0.1/app.json", "does not call"),
            ("https://169.254.169.254/latest", "does not call"),
            ("https://[::1]/app.json", "does not call"),
            ("https://[::ffff:127.0.0.1]/app.json", "does not call"),
            ("https://app.example.com", "a host and a path"),
            ("https://a:b@app.example.com/x", "a host and a path"),
            ("https://app.example.com/a/../x", "a host and a path"),
            ("https://app.example.com/x#y", "a host and a path"),
            ("https://app.example.com:x/y", "no address"),
            (f"https://app.example.com/{'x' * 300}", "a host and a path"),
        ],
        ids=lambda text: text[:40],
    )
    def test_that_leads_inside_or_nowhere_is_refused_in_words(
        self, client_id: str, words: str, people: Cast
    ) -> None:
        response = sign_in(people.alice).get(Asker(client_id).address())

        assert response.status_code == 400
        assert words in response.content.decode()
        assert Program.objects.count() == 0

    def test_can_be_switched_off(self, people: Cast, settings: Any) -> None:
        settings.OAUTH_CLIENT_DOCUMENTS = False
        known = Asker("https://app.example.com/x")
        make_program(
            client_id=known.client_id,
            redirect_uris=known.callback,
            registration_source=Program.RegistrationSource.CIMD,
            cimd_expires_at=timezone.now() + timedelta(days=1),
        )

        response = sign_in(people.alice).get(known.address())

        assert "No program with this client id" in response.content.decode()


def test_reading_is_not_possible_with_what_was_only_allowed(
    people: Cast, chat: Asker
) -> None:
    """A code is no token."""
    code = chat.allowed_by(people.alice)["code"]

    response = Client().get(
        f"/api/gateways?{urlencode({'access_token': code})}",
        headers={"Authorization": f"Bearer {code}"},
    )

    assert response.status_code == 401
    assert AccessToken.objects.count() == 0
