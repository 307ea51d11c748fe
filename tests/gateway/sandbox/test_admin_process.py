"""The sandbox as a process of its own: `python -m gateway.sandbox`."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.gateway.sandbox.conftest import ROUTE

ROOT = Path(__file__).resolve().parents[3]
KEY = "key-of-a-process"
SECONDS = 60

Start = Callable[..., "Process"]


class Process:
    """A running sandbox and where it listens."""

    def __init__(self, *arguments: str) -> None:
        self.popen = spawn(*arguments)
        self.lines = [self._line() for _ in range(3)]
        self.admin_url = self.lines[0].rpartition(" ")[2]
        self.proxy_url = self.lines[1].rpartition(" ")[2]

    def _line(self) -> str:
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline().strip()
        assert line, f"it ended: {self.popen.wait(SECONDS)}, {self.popen.stderr.read()}"
        return line

    def ask(self, method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(
            method,
            f"{self.admin_url}{path}",
            json=body,
            headers={"X-API-KEY": KEY},
            timeout=SECONDS,
        )

    def end(self, number: signal.Signals) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(SECONDS)


def spawn(*arguments: str, key: str = KEY) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.sandbox", *arguments],
        cwd=ROOT,
        env=environment | ({"SANDBOX_ADMIN_KEY": key} if key else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a sandbox on free ports that keeps its state in one folder."""
    running: list[Process] = []

    def one(*arguments: str) -> Process:
        ports = ("--admin-port", "0", "--proxy-port", "0")
        running.append(Process(*ports, "--state", str(tmp_path), *arguments))
        return running[-1]

    yield one
    for process in running:
        process.popen.kill()
        process.popen.communicate()


def test_it_says_where_it_listens_once_it_answers(start):
    process = start()

    assert re.fullmatch(r"admin listening on http://127\.0\.0\.1:\d+", process.lines[0])
    assert re.fullmatch(r"proxy listening on http://127\.0\.0\.1:\d+", process.lines[1])
    found = re.fullmatch(
        r"control listening on (http://127\.0\.0\.1:\d+)", process.lines[2]
    )
    assert found
    assert requests.get(f"{found[1]}/v1/routes", timeout=SECONDS).json() == []
    assert process.ask("GET", "/apisix/admin/routes").json()["total"] == 0
    assert requests.get(process.proxy_url, timeout=SECONDS).status_code == 404


def test_what_it_confirmed_survives_a_kill(start):
    first = start()
    for number in range(20):
        first.ask("PUT", f"/apisix/admin/routes/r{number}", ROUTE)
    before = first.ask("GET", "/apisix/admin/routes").json()
    first.end(signal.SIGKILL)

    second = start()

    assert second.ask("GET", "/apisix/admin/routes").json() == before
    written = second.ask("PUT", "/apisix/admin/routes/r0", ROUTE)
    assert written.status_code == 200
    indexes = [item["modifiedIndex"] for item in before["list"]]
    after = second.ask("GET", "/apisix/admin/routes/r0").json()["modifiedIndex"]
    assert after == max(indexes) + 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_when_told(start, number):
    process = start()
    process.ask("PUT", "/apisix/admin/routes/r1", ROUTE)

    assert process.end(number) == 0
    assert process.popen.stderr.read() == ""


def test_both_listeners_share_what_was_written(start):
    process = start()
    mocking = {"mocking": {"response_example": "hello", "content_type": "text/plain"}}
    process.ask("PUT", "/apisix/admin/routes/r1", {"uri": "/hi", "plugins": mocking})

    answer = requests.get(f"{process.proxy_url}/hi", timeout=SECONDS)

    assert answer.text == "hello"


def test_stream_mode_and_faults_are_off_unless_asked_for(start):
    plain = start()
    assert plain.ask("GET", "/apisix/admin/stream_routes").status_code == 400
    assert plain.ask("GET", "/_sandbox/requests").status_code == 404
    plain.end(signal.SIGTERM)

    asked = start("--stream", "--faults")
    assert asked.ask("GET", "/apisix/admin/stream_routes").json()["total"] == 0
    fault = [{"do": "status", "status": 502, "times": 1}]
    assert asked.ask("PUT", "/_sandbox/faults", fault).json()[0]["times"] == 1
    assert asked.ask("GET", "/apisix/admin/routes").status_code == 502
    seen = asked.ask("GET", "/_sandbox/requests").json()
    assert [request["status"] for request in seen] == [200, 502]
    assert asked.ask("POST", "/_sandbox/reset").json() == {}
    assert asked.ask("GET", "/_sandbox/requests").json() == []


def test_without_a_key_it_says_what_to_set():
    process = spawn("--admin-port", "0", key="")
    _, told = process.communicate(timeout=SECONDS)

    assert process.returncode == 2
    assert "SANDBOX_ADMIN_KEY" in told


def test_a_taken_port_is_said_without_the_key():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = spawn("--admin-port", str(port), "--proxy-port", "0")
        said, told = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    assert f"{port}" in told
    assert "Traceback" not in told
    assert KEY not in said + told
