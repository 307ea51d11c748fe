"""The whole way over real HTTP, with a person in a real Chromium, on each database."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from django.core.cache import cache
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from gateway.mirror import refresh
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from tests.changes.conftest import Desk
from tests.factories import PASSWORD, make_cast, make_gateway
from tests.sandbox import SandboxGateway

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = 60
ROUTE = {
    "reason": "The speakers' page needs it.",
    "route": {"uri": "/speaker/*", "upstream": {"url": "http://127.0.0.1:8000"}},
}


class Native:
    """A program on the person's own computer, which listens for its answer."""

    def __init__(self, desk: str) -> None:
        self.answer: dict[str, str] = {}
        self.verifier = secrets.token_urlsafe(48)
        native = self

        class Listener(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/cb?"):  # browsers also ask for an icon
                    native.answer = dict(parse_qsl(urlsplit(self.path).query))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<title>Back</title>You may close this window.")

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.callback = f"http://127.0.0.1:{self.server.server_port}/cb"
        # As a client finds its way: by the 401, then both descriptions.
        refused = requests.get(f"{desk}/api/gateways", timeout=LONG)
        assert refused.status_code == 401
        challenge = refused.headers["WWW-Authenticate"]
        where = challenge.split('resource_metadata="')[1].split('"')[0]
        self.resource = requests.get(where, timeout=LONG).json()
        [issuer] = self.resource["authorization_servers"]
        self.knows = requests.get(
            f"{issuer}/.well-known/oauth-authorization-server", timeout=LONG
        ).json()
        assert self.knows["issuer"] == issuer
        made = requests.post(
            self.knows["registration_endpoint"],
            json={
                "client_name": "Editor",
                "redirect_uris": ["http://127.0.0.1/cb"],
                "token_endpoint_auth_method": "none",
            },
            timeout=LONG,
        )
        assert made.status_code == 201, made.text
        self.client_id = made.json()["client_id"]

    def address(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "state": "as it was",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "resource": self.resource["resource"],
        }
        return f"{self.knows['authorization_endpoint']}?{urlencode(asked)}"

    def token(self, **sent: str) -> requests.Response:
        return requests.post(
            self.knows["token_endpoint"],
            data={"client_id": self.client_id, **sent},
            timeout=LONG,
        )

    def exchange(self) -> requests.Response:
        return self.token(
            grant_type="authorization_code",
            code=self.answer["code"],
            redirect_uri=self.callback,
            code_verifier=self.verifier,
            resource=self.resource["resource"],
        )

    def renew(self, refresh_token: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)


@pytest.fixture
def desk(
    transactional_db: None,
    sandbox: SandboxGateway,
    live_server: LiveServer,
    settings: Any,
) -> Desk:
    cache.clear()
    settings.PUBLIC_URL = live_server.url
    gateway = make_gateway(
        admin_url=sandbox.admin_url,
        admin_key=sandbox.key,
        public_url=sandbox.proxy_url,
        version="",
    )
    refresh(gateway)
    return Desk(gateway, sandbox, make_cast())


@pytest.fixture
def native(desk: Desk, live_server: LiveServer) -> Iterator[Native]:
    made = Native(live_server.url)
    yield made
    made.server.shutdown()
    made.server.server_close()


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {tokens['access_token']}",
        "openai-conversation-id": "conversation-7",
    }


@pytest.mark.usefixtures("each_database")
class TestOnEachDatabase:
    def test_a_program_is_let_in_asks_renews_and_is_cut_off(
        self, page: Page, live_server: LiveServer, desk: Desk, native: Native
    ) -> None:
        # A person comes, not signed in yet, and allows it.
        page.goto(native.address())
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Let this program in?")).to_be_visible()
        expect(page.get_by_text("self-registered, this computer")).to_be_visible()
        page.get_by_role("button", name="Allow").click()
        expect(page).to_have_title("Back")
        assert native.answer["state"] == "as it was"
        assert native.answer["iss"] == live_server.url

        # Its tokens read and ask.
        first = native.exchange().json()
        api = f"{live_server.url}/api"
        read = requests.get(f"{api}/gateways", headers=bearer(first), timeout=LONG)
        assert read.status_code == 200
        asked = requests.post(
            f"{api}/routes", json=ROUTE, headers=bearer(first), timeout=LONG
        )
        assert asked.status_code == 202, asked.text
        change = ChangeRequest.objects.get()
        assert change.author == desk.people.alice
        assert change.client == "Editor (self-registered, this computer)"
        assert change.conversation == "conversation-7"

        # It renews them; whoever comes with the old one ends it all.
        second = native.renew(first["refresh_token"]).json()
        read = requests.get(f"{api}/gateways", headers=bearer(second), timeout=LONG)
        assert read.status_code == 200
        assert native.renew(first["refresh_token"]).json()["error"] == "invalid_grant"
        for tokens in (first, second):
            read = requests.get(f"{api}/gateways", headers=bearer(tokens), timeout=LONG)
            assert read.status_code == 401
            assert native.renew(tokens["refresh_token"]).status_code == 400
        happened = list(
            AuditEvent.objects.filter(event__startswith="program.")
            .order_by("number")
            .values_list("event", flat=True)
        )
        assert happened == [
            "program.registered",
            "program.connected",
            "program.cut_off",
        ]

    def test_two_who_come_at_once_with_one_refresh_token_get_one_pair_at_most(
        self, page: Page, live_server: LiveServer, desk: Desk, native: Native
    ) -> None:
        sign_in(page, live_server)
        page.goto(native.address())
        page.get_by_role("button", name="Allow").click()
        expect(page).to_have_title("Back")
        tokens = native.exchange().json()
        answers: list[requests.Response] = []
        barrier = threading.Barrier(4)

        def renew() -> None:
            barrier.wait(LONG)
            answers.append(native.renew(tokens["refresh_token"]))

        threads = [threading.Thread(target=renew) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)

        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200, 400, 400, 400]
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        # Which of them was a thief nobody knows.
        read = requests.get(
            f"{live_server.url}/api/gateways", headers=bearer(won), timeout=LONG
        )
        assert read.status_code == 401
        assert AuditEvent.objects.filter(event="program.cut_off").count() == 1


def sign_in(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Connected programs")).to_have_count(0)


def test_a_person_disconnects_a_program(
    page: Page, live_server: LiveServer, desk: Desk, native: Native
) -> None:
    sign_in(page, live_server)
    page.goto(native.address())
    page.get_by_role("button", name="Allow").click()
    expect(page).to_have_title("Back")
    tokens = native.exchange().json()

    page.goto(f"{live_server.url}/tokens/")
    connected = page.locator("section", has_text="Connected programs").last
    expect(connected.get_by_role("rowheader", name="Editor")).to_be_visible()
    connected.get_by_role("button", name="Disconnect Editor").click()

    expect(page.get_by_text("You have let no program in.")).to_be_visible()
    assert native.renew(tokens["refresh_token"]).status_code == 400
    [event] = AuditEvent.objects.filter(event="program.disconnected")
    assert event.actor == "alice"


@pytest.mark.parametrize("answer", ["Allow", "Deny"])
def test_the_page_s_policy_lets_the_answer_through_to_another_site(
    page: Page, live_server: LiveServer, desk: Desk, answer: str
) -> None:
    made = requests.post(
        f"{live_server.url}/o/register/",
        json={
            "client_name": "ChatGPT",
            "redirect_uris": ["https://chat.example.com/callback"],
            "token_endpoint_auth_method": "none",
        },
        timeout=LONG,
    ).json()

    def fulfil(route: Route) -> None:
        route.fulfill(body="<title>Back</title>", content_type="text/html")

    page.route("https://chat.example.com/**", fulfil)
    sign_in(page, live_server)
    asked = {
        "response_type": "code",
        "client_id": made["client_id"],
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    page.goto(f"{live_server.url}/o/authorize/?{urlencode(asked)}")

    page.get_by_role("button", name=answer).click()

    expect(page).to_have_title("Back")
    told = dict(parse_qsl(urlsplit(page.url).query))
    assert ("code" in told) == (answer == "Allow")
    assert ("error" in told) == (answer == "Deny")
