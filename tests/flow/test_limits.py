"""Two web processes, one count of failed sign-ins; and each its own without Redis."""

import re
import time
from pathlib import Path

import pytest
import requests

from portal.web.people.sign_in import PER_NAME, WITHIN
from tests.flow.stack import Stack
from tests.servers.valkey import ValkeyServer
from tests.waiting import LONG, eventually

pytestmark = [pytest.mark.flow, pytest.mark.valkey]


def sign_in(desk: Stack, name: str, password: str) -> int:
    """Send the form over connections of its own, which any process may take."""
    address = f"{desk.url}/accounts/login/"
    alone = {"Connection": "close"}
    page = requests.get(address, headers=alone, timeout=LONG)
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[0]
    answer = requests.post(
        address,
        {"csrfmiddlewaretoken": token, "username": name, "password": password},
        headers=alone,
        cookies=page.cookies,
        allow_redirects=False,
        timeout=LONG,
    )
    return answer.status_code


def guess(desk: Stack, name: str) -> list[int]:
    """Return the answers to more wrong passwords than two processes allow."""
    while True:
        window = time.time() // WITHIN
        answers = [sign_in(desk, name, "wrong") for _ in range(2 * PER_NAME + 2)]
        if time.time() // WITHIN == window:
            return answers
        name += "-in-the-next-window"


def test_sign_in_counts_for_all_processes_and_outlives_redis(
    tmp_path: Path, valkey: ValkeyServer
) -> None:
    desk = Stack(
        tmp_path / "desk",
        CELERY_BROKER_URL=valkey.url,
        CACHE_URL=valkey.cache_url,
        WEB_CONCURRENCY="2",
    )

    def said(words: str) -> int:
        return (desk.var / "log" / "web-server.log").read_text().count(words)

    try:
        desk.start()
        assert guess(desk, "riley") == [400] * PER_NAME + [429] * (PER_NAME + 2)

        valkey.stop()
        answers = guess(desk, "omar")
        assert PER_NAME <= answers.count(400) <= 2 * PER_NAME
        assert set(answers) == {400, 429}
        assert sign_in(desk, "alice", desk.password) == 302
        bearer = {"Authorization": f"Bearer {desk.token}"}
        routes = f"{desk.url}/api/routes"
        assert requests.get(routes, headers=bearer, timeout=LONG).status_code == 200
        assert 1 <= said("shared cache does not answer") <= 2

        valkey.start()

        def is_shared() -> bool:
            requests.get(routes, headers=bearer, timeout=LONG)
            return said("cache does not answer") == said("cache answers again")

        eventually(is_shared, "all processes count together again")
        assert guess(desk, "audrey") == [400] * PER_NAME + [429] * (PER_NAME + 2)
    finally:
        desk.stop()
