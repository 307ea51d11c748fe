"""The official client over real HTTP, against the running product."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx2
import orjson
import pytest
from mcp.client.client import Client
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from pytest_django.live_server_helper import LiveServer

from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.api.conftest import Desk
from tests.factories import make_token

HELD = {"uri": "/old", "upstream": {"nodes": {"127.0.0.1:9": 1}}}
ROUTE = {"uri": "/speaker/*", "upstream": {"url": "http://127.0.0.1:8000"}}
Story = Callable[[ClientSession], Awaitable[Any]]


def tell(url: str, secret: str, story: Story) -> Any:
    """Run a story in a session of its own."""

    async def session() -> Any:
        headers = {"Authorization": f"Bearer {secret}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            streamable_http_client(f"{url}/mcp", http_client=http) as streams,
            ClientSession(*streams[:2]) as client,
        ):
            await client.initialize()
            return await story(client)

    return anyio.run(session)


@pytest.mark.django_db(transaction=True)
def test_a_client_looks_around_files_a_change_and_takes_it_back(
    desk: Desk, live_server: LiveServer
) -> None:
    _, secret = make_token(desk.people.alice, name="Helper")
    desk.hold("route", "old", HELD)

    async def story(client: ClientSession) -> None:
        tools = (await client.list_tools()).tools
        assert len(tools) >= 19
        listed = await client.call_tool("get_all_routes", {})
        assert [one["id"] for one in listed.structured_content["results"]] == ["old"]

        preview = await client.call_tool(
            "preview_change",
            {
                "items": [
                    {"action": "create", "kind": "route", "document": {"uri": "/x"}}
                ]
            },
        )
        assert not preview.is_error

        asked = {"reason": "The speakers' page needs it.", "route": ROUTE}
        filed = await client.call_tool("create_route", asked)
        change = filed.structured_content["change"]
        assert change["url"] in filed.content[0].text
        waiting = await client.call_tool("list_changes", {"state": "in_review"})
        assert [one["number"] for one in waiting.structured_content["results"]] == [
            change["number"]
        ]

        refused = await client.call_tool("create_route", {"reason": "x", "route": {}})
        assert refused.is_error
        problem = orjson.loads(refused.content[-1].text)
        assert problem["field"].startswith("route.")
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("approve_change", {"number": change["number"]})

        read = await client.read_resource(f"gatehouse://changes/{change['number']}")
        assert (
            orjson.loads(read.contents[0].text)["change"]["number"] == change["number"]
        )
        prompt = await client.get_prompt("review_what_is_waiting", {})
        assert "cannot approve" in prompt.messages[0].content.text

        taken_back = await client.call_tool(
            "withdraw_change", {"number": change["number"]}
        )
        assert taken_back.structured_content["change"]["state"] == "withdrawn"

    tell(live_server.url, secret, story)

    change = ChangeRequest.objects.get()
    assert (change.state, change.channel) == (State.WITHDRAWN, "mcp")
    assert change.client.startswith("Helper (python-httpx")


@pytest.mark.django_db(transaction=True)
def test_every_answer_has_the_form_that_its_tool_announces(
    desk: Desk, live_server: LiveServer
) -> None:
    """The client itself compares each answer with the tool's output schema."""
    _, secret = make_token(desk.people.alice)
    desk.hold("route", "old", HELD)

    async def story(client: ClientSession) -> None:
        await client.list_tools()
        filed = await client.call_tool("delete_route", {"id": "old", "reason": "gone"})
        number = filed.structured_content["change"]["number"]
        for tool, arguments in (
            ("get_route_by_id", {"id": "old"}),
            ("get_change", {"number": number}),
            ("list_plugins", {}),
            ("get_plugin", {"name": "limit-count"}),
            ("list_gateways", {}),
            ("list_resources", {"kind": "upstream"}),
            ("simulate_request", {"request": {"method": "GET", "url": "/old"}}),
            ("explain_finding", {"code": "auth_missing"}),
            ("search", {"query": "old"}),
            ("fetch", {"id": "route:default/old"}),
        ):
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, (tool, result.content)

    tell(live_server.url, secret, story)


@pytest.mark.django_db(transaction=True)
def test_a_client_that_finds_out_by_itself_speaks_the_version_without_a_handshake(
    desk: Desk, live_server: LiveServer
) -> None:
    _, secret = make_token(desk.people.alice)
    desk.hold("route", "old", HELD)

    async def story() -> None:
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            url = f"{live_server.url}/mcp"
            async with Client(streamable_http_client(url, http_client=http)) as client:
                assert client.protocol_version == "2026-07-28"
                assert len((await client.list_tools()).tools) >= 19
                told = await client.call_tool("get_route_by_id", {"id": "old"})
                assert told.structured_content["route"]["uri"] == "/old"
                refused = await client.call_tool("get_route_by_id", {"id": "none"})
                assert refused.is_error
                assert (await client.list_prompts()).prompts

    anyio.run(story)
