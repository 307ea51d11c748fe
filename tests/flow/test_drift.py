"""The running desk finds by itself what was done past it, and a change undoes that."""

from typing import Any

import pytest
import requests

from tests.flow.stack import Stack
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
