"""Programs that people use with APISIX, each against a real desk and its façade.

Each lists routes, writes an upstream and a route that names it, is reviewed once in the
portal, reads what is live, and takes it away again.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from anyio import to_thread

from tests.clients.conftest import Reviewer, live
from tests.clients.environments import NODE, node_modules_of, python_of
from tests.clients.mcp_programs import Calls, talk
from tests.flow.stack import Stack
from tests.waiting import LONG, eventually

pytestmark = [pytest.mark.flow, pytest.mark.clients]

UPSTREAM = {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}}
SESSION = Path(__file__).parent / "apisix_client_session.py"


@pytest.fixture
def curl(desk: Stack) -> Any:
    program = shutil.which("curl")
    if program is None:
        pytest.skip("There is no curl here.")

    def run(method: str, path: str, body: Any = None, *more: str) -> tuple[int, Any]:
        sent = [] if body is None else ["-d", json.dumps(body)]
        done = subprocess.run(
            [program, "-s", "-w", "\n%{http_code}", "-X", method, *sent, *more]
            + ["-H", f"X-API-KEY: {desk.token}", f"{desk.url}/apisix/admin{path}"],
            capture_output=True,
            text=True,
            timeout=LONG,
            check=True,
        )
        text, _, status = done.stdout.rpartition("\n")
        print(f"$ curl -X {method} …{path} → {status} {text[:300]}")  # noqa: T201
        return int(status), json.loads(text)

    return run


def test_curl(desk: Stack, riley: Reviewer, curl: Any) -> None:
    assert curl("GET", "/routes")[0] == 200
    status, first = curl("PUT", "/upstreams/by-curl", UPSTREAM)
    assert status == 202
    route = {"uri": "/by-curl/*", "upstream_id": "by-curl"}
    status, second = curl("PUT", "/routes/by-curl", route, "-H", "X-Change: submit")
    assert (status, second["change"]["state"]) == (202, "in_review")
    assert second["change"]["number"] == first["change"]["number"]
    assert curl("GET", "/routes/by-curl")[0] == 404

    riley.approve(second["change"]["number"])

    status, read = curl("GET", "/routes/by-curl")
    assert (status, read["value"]["upstream_id"]) == (200, "by-curl")
    assert live(desk, "routes", "by-curl")["uri"] == "/by-curl/*"
    status, refused = curl("DELETE", "/upstreams/by-curl")
    assert (status, refused["error_msg"]) == (
        400,
        "can not delete this upstream, route [by-curl] is still using it now",
    )
    curl("DELETE", "/routes/by-curl")
    _, gone = curl("DELETE", "/upstreams/by-curl", None, "-H", "X-Change: submit")
    riley.approve(gone["change"]["number"])
    assert curl("GET", "/routes/by-curl") == (404, {"message": "Key not found"})


def test_apisix_client(desk: Stack, riley: Reviewer) -> None:
    python = python_of("apisix-client")

    def does(what: str) -> dict[str, Any]:
        done = subprocess.run(
            [python, SESSION, desk.url, desk.token, what],
            capture_output=True,
            text=True,
            timeout=LONG,
        )
        assert done.returncode == 0, done.stderr
        print(f"apisix-client: {what} → {done.stdout.strip()}")  # noqa: T201
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    written = does("write")
    assert written["drafted"] == "/by-apisix-client/*"
    assert "by-apisix-client" in written["listed"]
    assert live(desk, "routes", "by-apisix-client") is None
    number = riley.the_newest()
    eventually(lambda: riley.state(number) == "in_review", "it was quiet long enough")

    riley.approve(number)

    assert does("read") == {"uri": "/by-apisix-client/*", "nodes": 1}
    assert live(desk, "routes", "by-apisix-client")["upstream_id"] == "by-apisix-client"
    assert does("delete") == {"route": True, "upstream": True}
    riley.approve(riley.the_newest())
    assert does("look") == {"found": False}


def test_apisix_mcp(desk: Stack, riley: Reviewer) -> None:
    name = "by-apisix-mcp"
    program = node_modules_of("apisix-mcp") / "apisix-mcp" / "dist" / "index.js"
    address = urlsplit(desk.url)
    environment = {
        "APISIX_SERVER_HOST": f"{address.scheme}://{address.hostname}",
        "APISIX_ADMIN_API_PORT": str(address.port),
        "APISIX_ADMIN_KEY": desk.token,
    }

    async def story(call: Calls) -> None:
        every = {"type": "routes", "page": 1, "page_size": 10}
        json.loads(await call("get_resource", every))["total"]
        upstream = {
            "type": "roundrobin",
            "nodes": [{"host": "127.0.0.1", "port": 8000, "weight": 1}],
        }
        await call("create_upstream", {"id": name, "upstream": upstream})
        route = {"uri": f"/{name}/*", "upstream_id": name}
        asked = json.loads(await call("create_route", {"id": name, "route": route}))
        drafted = json.loads(await call("get_resource", {"type": "routes", "id": name}))
        assert drafted["value"]["uri"] == f"/{name}/*"

        await to_thread.run_sync(riley.approve, asked["change"]["number"])

        read = json.loads(await call("get_resource", {"type": "routes", "id": name}))
        assert read["value"]["upstream_id"] == name
        assert live(desk, "routes", name)["uri"] == f"/{name}/*"
        await call("delete_resource", {"type": "routes", "id": name})
        gone = await call("delete_resource", {"type": "upstreams", "id": name})
        await to_thread.run_sync(riley.approve, json.loads(gone)["change"]["number"])

    talk(NODE, [program], environment, story)
    assert live(desk, "routes", name) is None
    assert live(desk, "upstreams", name) is None


def test_mcp_apisix(desk: Stack, riley: Reviewer) -> None:
    python = python_of("mcp-apisix")
    environment = {
        "APISIX_BASE_URL": desk.url,
        "APISIX_ADMIN_KEY": desk.token,
        "APISIX_READ_ONLY": "false",
    }

    async def story(call: Calls) -> None:
        await call("apisix_list_routes", {})
        made = json.loads(await call("apisix_create_upstream", {"config": UPSTREAM}))
        route = {"uri": "/by-mcp-apisix/*", "upstream_id": made["id"]}
        asked = json.loads(await call("apisix_create_route", {"config": route}))
        route_id = asked["id"]
        assert "/by-mcp-apisix/*" in await call("apisix_get_route", {"id": route_id})

        await to_thread.run_sync(riley.approve, asked["change"]["number"])

        assert made["id"] in await call("apisix_get_route", {"id": route_id})
        assert live(desk, "routes", route_id)["upstream_id"] == made["id"]
        # It has no tool that deletes: switching off is the most it does.
        off = await call("apisix_toggle_route", {"id": route_id, "enabled": False})
        await to_thread.run_sync(riley.approve, json.loads(off)["change"]["number"])
        assert live(desk, "routes", route_id)["status"] == 0

    talk(python, ["-m", "mcp_apisix"], environment, story)
