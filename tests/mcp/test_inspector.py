"""The protocol's own inspector, in its command-line mode, against the running product."""

import subprocess
from typing import Any

import orjson
import pytest
from pytest_django.live_server_helper import LiveServer

from portal.mcp.tools import tools
from tests.api.conftest import Desk
from tests.clients.environments import NODE, node_modules_of
from tests.factories import make_token
from tests.waiting import LONG

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

HELD = {"uri": "/old", "upstream": {"nodes": {"127.0.0.1:9": 1}}}


class Inspector:
    """Runs the inspector's command line, one call each."""

    def __init__(self, url: str, secret: str) -> None:
        self.program = node_modules_of("mcp-inspector") / ".bin" / "mcp-inspector"
        self.target = (f"{url}/mcp", "--transport", "http")
        self.header = ("--header", f"Authorization: Bearer {secret}")

    def run(self, method: str, *options: str) -> Any:
        """Return what it prints for a method of the protocol."""
        done = subprocess.run(
            [
                NODE,
                self.program,
                "--cli",
                *self.target,
                *self.header,
                "--method",
                method,
                *options,
            ],
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return orjson.loads(done.stdout)


def test_the_inspector_finds_nothing_wrong(desk: Desk, live_server: LiveServer) -> None:
    desk.hold("route", "old", HELD)
    inspector = Inspector(live_server.url, make_token(desk.people.alice)[1])

    listed = inspector.run("tools/list", "--strict")
    called = inspector.run(
        "tools/call", "--tool-name", "get_route_by_id", "--tool-arg", "id=old"
    )
    read = inspector.run(
        "resources/read", "--uri", "gatehouse://gateways/default/routes/old"
    )
    prompts = inspector.run("prompts/list")

    assert [one["name"] for one in listed["tools"]] == list(tools())
    assert called["structuredContent"]["route"]["uri"] == "/old"
    assert orjson.loads(read["contents"][0]["text"])["route"]["uri"] == "/old"
    assert len(prompts["prompts"]) == 3
