"""What the running desk does by itself: it finds drift, and tells webhooks."""

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


def send(session: requests.Session, stack: Stack, path: str, **fields: Any) -> str:
    """Send the form of a page as a browser does; return the page that answers."""
    page = session.get(f"{stack.url}{path}", timeout=LONG).text
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[-1]
    answer = session.post(
        f"{stack.url}{path}",
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
