"""What the running desk does by itself: finds drift, tells webhooks, follows a rule."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

import pytest
import requests

from tests.flow.stack import Stack
from tests.gateway.evil import evil, http, says
from tests.waiting import LONG, eventually

pytestmark = pytest.mark.flow

DOCUMENT = {
    "uri": "/by-hand",
    "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}},
}


def test_the_schedule_finds_it_and_a_program_asks_to_undo_it(stack: Stack) -> None:
    bearer = {"Authorization": f"Bearer {stack.token}"}
    address = f"{stack.url}/api/gateways/default/drift"

    def get(url: str) -> Any:
        return requests.get(url, headers=bearer, timeout=LONG).json()

    # Until it was read once, whatever it holds counts as approved.
    eventually(lambda: get(address)["as_of"], "the gateway was read")
    requests.put(
        f"{stack.sandbox_admin}/apisix/admin/routes/by-hand",
        json=DOCUMENT,
        headers={"X-API-KEY": stack.admin_key},
        timeout=LONG,
    ).raise_for_status()

    [drift] = eventually(lambda: get(address)["results"], "the drift is found")

    assert (drift["what"], drift["kind"], drift["resource_id"]) == (
        "created",
        "route",
        "by-hand",
    )
    answer = requests.post(
        f"{address}/{drift['id']}",
        json={"action": "revert", "reason": "Nobody approved it."},
        headers=bearer,
        timeout=LONG,
    )
    assert answer.status_code == 202, answer.text
    [item] = get(f"{stack.url}{answer.headers['Location']}")["change"]["items"]
    assert (item["action"], item["id"]) == ("delete", "by-hand")


def test_a_webhook_hears_of_a_change_signed_and_once(stack: Stack) -> None:
    admin = requests.Session()
    send(admin, stack, "/accounts/login/", username="admin", password=stack.password)
    with evil(says(http(200, b"{}"))) as server:
        page = send(
            admin,
            stack,
            "/webhooks/",
            name="CI",
            form="standard",
            address=f"{server.url}/hook",
            gateway="*",
            events=["change.submitted", "change.withdrawn"],
        )
        secret = re.findall(r'id="secret">whsec_([^<]+)<', page)[0]
        item = {"action": "create", "kind": "route", "id": "told", "document": DOCUMENT}
        bearer = {"Authorization": f"Bearer {stack.token}"}
        filed = requests.post(
            f"{stack.url}/api/changes",
            json={"title": "Told", "reason": "Be told.", "items": [item]},
            headers=bearer,
            timeout=LONG,
        ).json()["change"]
        eventually(lambda: len(server.requests) == 1, "it is told of what was asked")
        requests.post(
            f"{stack.url}/api/changes/{filed['number']}/withdraw",
            json={},
            headers=bearer,
            timeout=LONG,
        ).raise_for_status()
        eventually(lambda: len(server.requests) == 2, "and of what was withdrawn")
        heard = [of(request, base64.b64decode(secret)) for request in server.requests]

    assert [one["type"] for one in heard] == ["change.submitted", "change.withdrawn"]
    assert [one["data"]["url"] for one in heard] == [filed["url"]] * 2


def test_what_a_rule_lets_pass_is_live_when_the_program_is_answered(
    stack: Stack,
) -> None:
    """Two administrators make the rule; then an Admin API client just writes."""
    admin, omar = requests.Session(), requests.Session()
    for session, name in ((admin, "admin"), (omar, "omar")):
        send(session, stack, "/accounts/login/", username=name, password=stack.password)
    send(
        admin,
        stack,
        "/roles/",
        person="omar",
        role="administrator",
        reason="A second.",
    )
    rule = {
        "name": "Trying things",
        "when": {"channels": ["admin-api"], "kinds": ["upstream"]},
        "no_approval": True,
        "despite_warnings": True,
    }
    told = {"reason": "It is a sandbox.", "begun_as": "0", "do": "ask"}
    send(admin, stack, "/rules/edit/", rules=json.dumps([rule]), **told)
    waits = omar.get(f"{stack.url}/policy/", timeout=LONG).text
    # Beside the role, which counted at once.
    number = max(re.findall(r"/policy/(\d+)/", waits), key=int)
    send(omar, stack, f"/policy/{number}/", to=f"/policy/{number}/accept/")

    def put(retries: int) -> requests.Response:
        return requests.put(
            f"{stack.url}/apisix/admin/upstreams/tried",
            json=DOCUMENT["upstream"] | {"retries": retries},
            headers={"X-API-KEY": stack.token, "Prefer": "wait=20"},
            timeout=LONG,
        )

    created, changed = put(1), put(2)

    assert (created.status_code, changed.status_code) == (201, 200), created.text
    live = requests.get(
        f"{stack.sandbox_admin}/apisix/admin/upstreams/tried",
        headers={"X-API-KEY": stack.admin_key},
        timeout=LONG,
    ).json()
    assert live["value"]["retries"] == 2


def send(
    session: requests.Session, stack: Stack, path: str, to: str = "", **fields: Any
) -> str:
    """Send a form of a page, `to` where it says, and return the page that answers."""
    page = session.get(f"{stack.url}{path}", timeout=LONG).text
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[-1]
    answer = session.post(
        f"{stack.url}{to or path}",
        data=fields | {"csrfmiddlewaretoken": token},
        headers={"Referer": f"{stack.url}{path}"},
        timeout=LONG,
    )
    answer.raise_for_status()
    return answer.text


def of(request: bytes, secret: bytes) -> dict[str, Any]:
    """Return a message's body, once its signature is proved."""
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(
        line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:]
    )
    given = re.findall(rb"webhook-signature: v1,(\S+)", head)[0]
    key = re.findall(rb"webhook-id: (\S+)", head)[0].decode()
    signed = f"{key}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.new(secret, signed, hashlib.sha256).digest()
    assert base64.b64decode(given) == expected
    message: dict[str, Any] = json.loads(body)
    return message
