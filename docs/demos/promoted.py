"""From staging to production: what is its own there is exchanged, and reviewed there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from desk import SECONDS, Administrator, Person, Program, expect, say, some

ROOT = Path(__file__).resolve().parents[2]
KEY = "only-for-this-demo"


@contextmanager
def another_gateway(admin: Administrator, slug: str, variables: str) -> Iterator[str]:
    """Start a second sandbox and let the desk look after it; give its Admin API."""
    command = [sys.executable, "-m", "gateway.sandbox"]
    sandbox = subprocess.Popen(
        [*command, "--admin-port", "0", "--proxy-port", "0"],
        cwd=ROOT,
        env=os.environ | {"SANDBOX_ADMIN_KEY": KEY},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = sandbox.stdout.readline() if sandbox.stdout else ""
        url = line.rpartition(" ")[2].strip()
        admin.save(
            f"{admin.GATEWAYS}add/",
            slug=slug,
            title="Production",
            environment="production",
            admin_url=url,
            admin_key=KEY,
            variables=variables,
        )
        yield url
        admin.retire(slug)
    finally:
        sandbox.terminate()
        sandbox.wait()


@contextmanager
def variables_of(admin: Administrator, slug: str, more: str) -> Iterator[None]:
    """Let a gateway have more variables meanwhile."""
    page = admin.page_of(slug)
    before = admin.form(page, page=page)["variables"]
    admin.save(page, variables=f"{before}\n{more}")
    try:
        yield
    finally:
        admin.save(page, variables=before)


def main() -> None:
    program, riley, admin = Program(), Person("riley"), Administrator()
    name = some("shop")
    own, production = name.replace("-", "_"), some("production")
    here = f"{own}_host = {name}.staging.example.com\n{own}_at = 10.0.0.7:8080"
    there = f"{own}_host = {name}.example.com\n{own}_at = 10.9.0.7:80"

    def document(kind: str) -> dict[str, Any]:
        """Return what production's own Admin API tells."""
        told = requests.get(
            f"{url}/apisix/admin/{kind}s/{name}",
            headers={"X-API-KEY": KEY},
            timeout=SECONDS,
        )
        value: dict[str, Any] = told.json()["value"]
        return value

    say("A shop is live on staging, which is the gateway `default` here.")
    number = program.propose(
        "The shop",
        {
            "action": "create",
            "kind": "upstream",
            "id": name,
            "document": {"nodes": {"10.0.0.7:8080": 1}},
        },
        {
            "action": "create",
            "kind": "route",
            "id": name,
            "document": {
                "uri": "/cart",
                "hosts": [f"{name}.staging.example.com"],
                "upstream_id": name,
            },
        },
    )
    riley.approve(number)
    program.wait_for(number, "applied")

    say("Both gateways name what is their own: the host, and where the orders are.")
    with (
        variables_of(admin, "default", here),
        another_gateway(admin, production, there) as url,
    ):
        path = f"/api/gateways/{production}/promote"
        body = {"from": "default", "items": [{"kind": "route", "id": name}]}
        seen = program.told("POST", path, json=body | {"preview": True})
        for item in seen["items"]:
            for one in item["differences"]:
                say(f"  {item['kind']} {item['id']}: {one['words']}")
        along = [{"kind": "upstream", "id": name}]
        expect(seen["along"] == along, "what the route refers to goes along")

        say("It is filed as a change of production, approved and delivered there.")
        body["reason"] = "It works on staging."
        filed = program.told("POST", path, json=body)
        promoted = filed["change"]["number"]
        say(f"  {filed['message']}")
        riley.approve(promoted)
        program.wait_for(promoted, "applied")
        hosts = document("route")["hosts"]
        expect(hosts == [f"{name}.example.com"], f"its host there is {hosts[0]}")
        nodes = document("upstream")["nodes"]
        expect(nodes == {"10.9.0.7:80": 1}, f"and its orders are at {nodes}")


if __name__ == "__main__":
    main()
