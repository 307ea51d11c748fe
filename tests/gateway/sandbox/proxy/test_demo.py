"""The demo upstream, as its own process, and the sandbox as a whole in front of it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.conf import settings

from tests.sandbox import SandboxGateway
from tests.waiting import LONG


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The address of a running demo upstream."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "gateway.sandbox.upstream_demo", "--port", "0"],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        line = output.readline()
        assert line.startswith("listening on ")
        yield f"127.0.0.1:{int(line.split()[-1])}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 0


def get(url: str, **options: Any) -> requests.Response:
    return requests.get(url, timeout=LONG, **options)


def test_speakers_have_sessions_and_topics(demo: str) -> None:
    speakers = get(f"http://{demo}/speakers").json()["speakers"]
    assert len(speakers) > 3
    total = 0
    for speaker in speakers:
        answer = get(f"http://{demo}/speaker/{speaker['id']}/sessions").json()
        assert answer["speaker"] == speaker
        sessions = answer["sessions"]
        assert sessions
        assert {one["speaker_id"] for one in sessions} == {speaker["id"]}
        total += len(sessions)
        topics = get(f"http://{demo}/speaker/{speaker['id']}/topics").json()["topics"]
        assert topics == sorted({name for one in sessions for name in one["topics"]})
    assert total == get(f"http://{demo}/").json()["sessions"] == 12


@pytest.mark.parametrize(
    "path",
    ["/speaker/99/sessions", "/speaker/x/topics", "/speaker/²/topics", "/nothing"],
)
def test_what_is_not_there_is_a_json_404(demo: str, path: str) -> None:
    answer = get(f"http://{demo}{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]


def test_taken_port_is_said_and_ends_it(demo: str) -> None:
    port = demo.rpartition(":")[2]
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "gateway.sandbox.upstream_demo", "--port", port],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert ended.returncode == 1
    assert "cannot start" in ended.stderr
    assert "listening" not in ended.stdout


def test_route_written_by_the_admin_api_is_served(
    sandbox: SandboxGateway, demo: str
) -> None:
    url = f"{sandbox.proxy_url}/speaker/1/sessions"
    assert get(url).status_code == 404
    upstream = {"type": "roundrobin", "nodes": {demo: 1}}
    sandbox.put("route", "conference", {"uri": "/speaker/*", "upstream": upstream})
    assert get(url).json()["speaker"]["name"] == "Amara Okafor"
    limit = {"limit-count": {"count": 1, "time_window": 60, "rejected_code": 429}}
    sandbox.put(
        "route",
        "conference",
        {"uri": "/speaker/*", "upstream": upstream, "plugins": limit},
    )
    assert [get(url).status_code for _ in range(2)] == [200, 429]
    sandbox.delete("route", "conference")
    assert get(url).status_code == 404


def test_sandbox_does_not_believe_forwarded_addresses(
    sandbox: SandboxGateway, demo: str
) -> None:
    only = {"ip-restriction": {"whitelist": ["6.6.6.6"]}}
    document = {"uri": "/*", "plugins": only, "upstream": {"nodes": {demo: 1}}}
    sandbox.put("route", "r", document)
    forged = {"X-Forwarded-For": "6.6.6.6"}
    assert get(f"{sandbox.proxy_url}/", headers=forged).status_code == 403


def test_sandbox_routes_in_the_mode_it_was_started_with() -> None:
    gateway = SandboxGateway(router="radixtree_uri_with_parameter")
    try:
        mock = {"mocking": {"response_example": "$uri_param_id"}}
        gateway.put("route", "r", {"uri": "/user/:id", "plugins": mock})
        assert get(f"{gateway.proxy_url}/user/7").text == "7"
    finally:
        gateway.close()
