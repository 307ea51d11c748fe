"""The official client finds its way in by itself: registration, a person's consent in a
real Chromium, PKCE, tokens for this door alone, and their renewal.
"""

import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx2
import pytest
import requests
from django.core.cache import cache
from mcp.client.auth import OAuthClientProvider
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from gateway.mirror import refresh
from portal.changes.models import ChangeRequest
from tests.api.conftest import Desk
from tests.factories import PASSWORD, make_cast, make_gateway
from tests.sandbox import SandboxGateway

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = 60
CALLBACK = "http://127.0.0.1:9/callback"
ROUTE = {"uri": "/speaker/*", "upstream": {"url": "http://127.0.0.1:8000"}}


class Kept:
    """What the client keeps between its sessions."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Program:
    """The official client in a thread of its own; its person sits at a browser here."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/mcp"
        self.kept = Kept()
        self.asked: queue.Queue[str] = queue.Queue()
        self.answers: queue.Queue[dict[str, str]] = queue.Queue()
        self.auth = OAuthClientProvider(
            self.url,
            OAuthClientMetadata.model_validate(
                {
                    "client_name": "Chat",
                    "redirect_uris": [CALLBACK],
                    "token_endpoint_auth_method": "none",
                }
            ),
            self.kept,
            self._send_the_person,
            self._wait_for_the_answer,
        )

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """Call a tool in a new session; return what it answers."""

        async def session() -> Any:
            async with (
                httpx2.AsyncClient(auth=self.auth, timeout=LONG) as http,
                streamable_http_client(self.url, http_client=http) as streams,
                ClientSession(*streams[:2]) as client,
            ):
                await client.initialize()
                result = await client.call_tool(tool, arguments)
                assert not result.is_error, result.content
                return result.structured_content

        return anyio.run(session)

    async def _send_the_person(self, url: str) -> None:
        self.asked.put(url)

    async def _wait_for_the_answer(self) -> AuthorizationCodeResult:
        told = await anyio.to_thread.run_sync(lambda: self.answers.get(timeout=LONG))
        return AuthorizationCodeResult(
            code=told["code"], state=told["state"], iss=told["iss"]
        )


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
        admin_url=sandbox.admin_url, admin_key=sandbox.key, version=""
    )
    refresh(gateway)
    return Desk(gateway, sandbox, make_cast())


def test_a_client_is_let_in_by_a_person_files_a_change_and_renews_its_tokens(
    desk: Desk, live_server: LiveServer, page: Page
) -> None:
    program = Program(live_server.url)
    came_back: list[str] = []

    def back(route: Route) -> None:
        came_back.append(route.request.url)
        route.fulfill(body="<title>Back</title>", content_type="text/html")

    page.route(f"{CALLBACK}*", back)
    with ThreadPoolExecutor(1) as thread:
        filing = thread.submit(
            program.call, "create_route", {"reason": "It is needed.", "route": ROUTE}
        )
        asked = program.asked.get(timeout=LONG)
        page.goto(asked)
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Allow").click()
        expect(page).to_have_title("Back")
        program.answers.put(dict(parse_qsl(urlsplit(came_back[0]).query)))
        filed = filing.result(timeout=2 * LONG)

    # It asked as the specification wants it, for this door alone.
    sent = dict(parse_qsl(urlsplit(asked).query))
    assert sent["code_challenge_method"] == "S256"
    assert sent["resource"] == f"{live_server.url}/mcp"
    change = ChangeRequest.objects.get()
    assert filed["change"]["number"] == change.number
    assert (change.author, change.channel) == (desk.people.alice, "mcp")
    assert change.client.startswith("Chat (self-registered")
    first = program.kept.tokens
    assert first is not None
    elsewhere = requests.get(
        f"{live_server.url}/api/gateways",
        headers={"Authorization": f"Bearer {first.access_token}"},
        timeout=LONG,
    )
    assert elsewhere.status_code == 401

    # Once its time is over it is renewed without the person.
    program.auth.context.token_expiry_time = 1
    with ThreadPoolExecutor(1) as thread:
        seen = thread.submit(program.call, "get_change", {"number": change.number})
        assert seen.result(timeout=2 * LONG)["change"]["number"] == change.number
    second = program.kept.tokens
    assert second is not None
    assert second.access_token != first.access_token
    assert second.refresh_token != first.refresh_token
    assert program.asked.empty()
