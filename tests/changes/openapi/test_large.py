"""A document as large as GitHub's becomes one change, and the gateway answers by it."""

import httpx2
import pytest

from tests.changes.conftest import Desk
from tests.changes.openapi.test_propose_document import live_after
from tests.openapi_samples import as_large_as_github
from tests.waiting import eventually

pytestmark = pytest.mark.django_db


def test_twelve_hundred_operations_are_served(desk: Desk) -> None:
    document = as_large_as_github()
    # The gateway asks itself, at a host of its own, so that an answer tells the way.
    document["servers"] = [{"url": f"{desk.sandbox.proxy_url}"}]
    behind = {"mocking": {"response_example": "$uri", "content_type": "text/plain"}}
    desk.sandbox.put(
        "route", "behind", {"uri": "/*", "host": "127.0.0.1", "plugins": behind}
    )

    change = live_after(desk, document, hosts=["forge.example.com"])

    assert change.latest_revision().items.count() == 1_202

    def answer(path: str) -> httpx2.Response:
        headers = {"Host": "forge.example.com"}
        return httpx2.get(f"{desk.sandbox.proxy_url}{path}", headers=headers)

    path = "/repos/ann/shop/area7/thing9/5"
    eventually(lambda: answer(path).status_code == 200, "it answers")
    assert answer(path).text == path
    assert answer(f"{path}/more").status_code == 404
