"""A container is called healthy only while it does its work."""

import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.run import healthy


@contextmanager
def serving(status: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Answer every request with this status where the check asks; yield the hosts."""
    hosts: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["Host"])
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(healthy, "PORT", server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield hosts
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "expected"), [(200, True), (400, False), (503, False)]
)
def test_the_web_server_must_answer_well_under_its_own_name(
    status: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://desk.example.com")
    with serving(status, monkeypatch) as hosts:
        assert healthy.web() is expected
    assert hosts == ["desk.example.com"]


def test_a_web_server_that_is_not_there_is_not_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(200, monkeypatch):
        pass
    assert healthy.web() is False


def test_the_scheduler_must_have_saved_lately(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_VAR", str(tmp_path))
    assert healthy.scheduler() is False
    saved = tmp_path / "beat-schedule"
    saved.touch()
    assert healthy.scheduler() is True
    os.utime(saved, (1, 1))
    assert healthy.scheduler() is False
