"""`make run`, with all its real processes: how it starts, mends itself, and ends."""

import contextlib
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import requests
from django.conf import settings

from tests.flow.stack import Stack, are_gone
from tests.sandbox import SandboxGateway
from tests.servers.databases import TEMPLATE, url
from tests.servers.postgresql import Server as PostgreSQL
from tests.waiting import LONG, eventually

pytestmark = pytest.mark.flow


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=LONG, allow_redirects=False)


def query(stack: Stack, sql: str) -> list[tuple]:
    """Ask the desk's database file, beside everything that runs."""
    with contextlib.closing(
        sqlite3.connect(stack.var / "gatehouse.sqlite3", timeout=LONG)
    ) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Stack]:
    """A desk of this test's own; not started."""
    made = Stack(tmp_path / "desk")
    yield made
    made.stop()


class TestARunningDesk:
    """What can be seen from outside; nothing here ends the desk."""

    def test_the_banner_names_what_a_person_needs(self, stack: Stack) -> None:
        assert get(f"{stack.url}/accounts/login/").status_code < 500
        assert get(f"{stack.upstream}/speaker/1/sessions").status_code == 200
        assert get(f"{stack.proxy}/speaker/1/sessions").status_code == 404
        refused = get(f"{stack.sandbox_admin}/apisix/admin/routes")
        assert refused.status_code == 401
        for name in ("alice", "riley", "omar", "audrey", "admin"):
            assert name in stack.output
        assert len(stack.password) >= 12
        assert len(stack.token) >= 32

    def test_the_token_and_the_people_are_real(self, stack: Stack) -> None:
        people = query(stack, "SELECT username FROM accounts_person ORDER BY username")
        assert people == [("admin",), ("alice",), ("audrey",), ("omar",), ("riley",)]
        found = stack.manage(
            "shell",
            "--command",
            "from django.contrib.auth import authenticate\n"
            "from portal.accounts.tokens import find_token\n"
            f"print(find_token({stack.token!r}).person,"
            f" authenticate(username='riley', password={stack.password!r}))",
        )
        assert found.stdout.splitlines()[-1] == "alice riley", found.stderr

    def test_the_sandbox_is_the_gateway_default_and_was_read(
        self, stack: Stack
    ) -> None:
        [row] = query(
            stack,
            "SELECT slug, admin_url, public_url, trouble, mirrored_at IS NOT NULL"
            " FROM gateway_gateway",
        )
        assert row == ("default", stack.sandbox_admin, stack.proxy, "", 1)

    def test_the_worker_is_found_well_as_in_its_container(self, stack: Stack) -> None:
        checked = subprocess.run(
            [sys.executable, "-m", "portal.run.healthy", "worker"],
            cwd=settings.BASE_DIR,
            env={**stack.environment(), "DJANGO_SETTINGS_MODULE": "portal.settings"},
            capture_output=True,
            text=True,
            timeout=LONG,
        )
        assert checked.returncode == 0, checked.stderr

    def test_nothing_listens_beyond_this_machine(self, stack: Stack) -> None:
        listening = {
            connection.laddr.ip
            for process in stack.processes()
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}

    def test_no_secret_is_in_a_log_or_a_command_line(self, stack: Stack) -> None:
        secrets = {stack.password, stack.token, stack.admin_key}
        secrets |= set(re.findall(r"KEY=(\S+)", stack.env_file.read_text()))
        assert len(secrets) == 5
        lines = [" ".join(process.cmdline()) for process in stack.processes()]
        logs = [log.read_text() for log in (stack.var / "log").iterdir()]
        assert len(logs) >= 6
        for secret in secrets:
            assert not [text for text in (*lines, *logs) if secret in text]

    def test_state_and_keys_are_this_users_alone(self, stack: Stack) -> None:
        assert stat.S_IMODE(stack.env_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(stack.var.stat().st_mode) == 0o700

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux can defer them")
    def test_silent_connections_keep_nobody_waiting(self, stack: Stack) -> None:
        with contextlib.ExitStack() as silent:
            # A thread that waited for each would be free again after a minute.
            for _ in range(200):
                silent.enter_context(
                    socket.create_connection(("127.0.0.1", stack.port))
                )
            answer = requests.get(f"{stack.url}/accounts/login/", timeout=LONG / 3)
            assert answer.status_code < 500

    def test_a_second_desk_on_the_same_state_is_refused(self, stack: Stack) -> None:
        second = Stack(stack.folder)
        second.output_file = stack.folder / "second.txt"
        second.launch()
        assert second.wait() == 1
        assert "running already" in second.output
        assert get(f"{stack.url}/accounts/login/").status_code < 500

    @pytest.mark.parametrize(
        ("variable", "of"),
        [
            ("WEB_PORT", "url"),
            ("SANDBOX_ADMIN_PORT", "sandbox_admin"),
            ("SANDBOX_PROXY_PORT", "proxy"),
        ],
    )
    def test_a_taken_port_is_said_with_its_variable(
        self, stack: Stack, desk: Stack, variable: str, of: str
    ) -> None:
        port = getattr(stack, of).rpartition(":")[2]
        desk.variables[variable] = port
        desk.launch()
        assert desk.wait() != 0
        assert f"Port {port} is taken" in desk.output
        assert f"{variable}=" in desk.output
        assert not (desk.var / "gatehouse.sqlite3").exists()

    def test_two_copies_run_side_by_side(self, stack: Stack, desk: Stack) -> None:
        desk.start()
        for one in (stack, desk):
            assert get(f"{one.url}/accounts/login/").status_code < 500
            assert get(f"{one.upstream}/speakers").status_code == 200
        assert len({stack.url, desk.url, stack.proxy, desk.proxy}) == 4
        assert (stack.token, stack.password) != (desk.token, desk.password)

    @pytest.mark.parametrize(
        ("variable", "value"),
        [("WEB_BIND", "0.0.0.0"), ("PUBLIC_URL", "https://desk.example.com")],  # noqa: S104
    )
    def test_a_desk_beyond_this_machine_is_refused(
        self, desk: Stack, variable: str, value: str
    ) -> None:
        desk.variables[variable] = value
        desk.launch()
        assert desk.wait() == 1
        assert variable in desk.output
        assert not desk.var.exists()


class TestADeskThatIsHurt:
    """Parts fall; the desk goes on, in the same place."""

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("worker", ("celery", " worker ")),
            ("scheduler", ("celery", " beat ")),
            ("sandbox", ("gateway.sandbox ",)),
            ("upstream", ("upstream_demo",)),
            ("broker", ("broker.sock",)),
            ("web server", ("gunicorn",)),
        ],
    )
    def test_what_falls_is_said_and_started_again(
        self, stack: Stack, name: str, words: tuple[str, ...]
    ) -> None:
        before = stack.processes_of(*words)
        before[0].send_signal(signal.SIGKILL)
        eventually(lambda: f"The {name} ended (signal 9" in stack.output, "it is said")
        eventually(lambda: are_gone(before), "its workers have gone too")
        eventually(lambda: stack.processes_of(*words), "there is a new one")
        eventually(lambda: responds(f"{stack.url}/accounts/login/"), "web answers")
        eventually(lambda: responds(f"{stack.proxy}/"), "the sandbox answers")
        eventually(lambda: responds(f"{stack.upstream}/"), "the upstream answers")

    def test_the_worker_works_with_the_broker_that_was_started_again(
        self, stack: Stack
    ) -> None:
        """The mirror is refreshed by scheduler, broker and worker together."""
        seen = query(stack, "SELECT mirrored_at FROM gateway_gateway")
        eventually(
            lambda: query(stack, "SELECT mirrored_at FROM gateway_gateway") > seen,
            "the mirror is refreshed",
            within=2 * LONG,
        )


def responds(url: str) -> bool:
    try:
        return get(url).status_code < 500
    except requests.RequestException:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_banner_first_then_web_then_ctrl_c_then_a_second_start(desk: Stack) -> None:
    desk.bare = True
    desk.variables["WEB_PORT"] = str(free_port())
    printed_before: list[str] = []

    def ask_until_answered() -> None:
        deadline = time.monotonic() + 3 * LONG
        while time.monotonic() < deadline and not printed_before:
            with contextlib.suppress(requests.RequestException):
                get(f"http://127.0.0.1:{desk.variables['WEB_PORT']}/healthz")
                printed_before.append(desk.output)
            time.sleep(0.002)

    asking = threading.Thread(target=ask_until_answered)
    asking.start()
    desk.start()
    asking.join()
    # Everything a person needs was there before the web answered anybody ...
    assert "\nconference upstream: http://127.0.0.1:" in printed_before[0]
    # ... and no line before the banner could be taken for its address.
    head = desk.output.partition("Gatehouse: ")[0]
    assert "http" not in head
    assert "://" not in head
    assert desk.url == f"http://localhost:{desk.variables['WEB_PORT']}"

    everybody = desk.processes()
    assert len(everybody) >= 10
    first = {"token": desk.token, "upstream": desk.upstream}
    rows = "SELECT id, username, password FROM accounts_person"
    events = "SELECT number, hash FROM audit_auditevent"
    people, history = query(desk, rows), query(desk, events)
    desk.signal(signal.SIGINT)
    assert desk.wait() == 0
    assert are_gone(everybody)
    assert desk.output.endswith("Stopping …\n")

    desk.start()
    assert query(desk, rows) == people
    # The sandbox moved to another port, which is an event; all else stays.
    assert query(desk, events)[: len(history)] == history
    assert desk.upstream == first["upstream"]
    assert first["token"] not in desk.output
    assert f"make one at {desk.url}/tokens/" in desk.output
    assert "the one shown at the first start" in desk.output
    [row] = query(desk, "SELECT admin_url, public_url FROM gateway_gateway")
    assert row == (desk.sandbox_admin, desk.proxy)

    # The launcher is killed: whoever it started ends all the same.
    everybody = desk.processes()
    desk.signal(signal.SIGKILL)
    desk.wait()
    eventually(lambda: are_gone(everybody), "nobody is left")


def test_own_gateway_is_used_and_fixed_password_and_token(
    desk: Stack, sandbox: SandboxGateway
) -> None:
    sandbox.put("route", "mine", {"uri": "/mine", "upstream": {"nodes": {"h:80": 1}}})
    desk.variables |= {
        "APISIX_ADMIN_URL": sandbox.admin_url,
        "APISIX_ADMIN_KEY": sandbox.key,
        "APISIX_PUBLIC_URL": sandbox.proxy_url,
        "DEMO_PASSWORD": "fixed-password-for-all",
        "DEMO_TOKEN": "fixed-token-of-alice-0123456789abcdef",
    }
    desk.start()
    assert not desk.processes_of("-m gateway.sandbox ")
    assert "sandbox gateway" not in desk.output
    assert (
        f"gateway: {sandbox.proxy_url} (Admin API {sandbox.admin_url})" in desk.output
    )
    assert desk.password == desk.variables["DEMO_PASSWORD"]
    assert desk.token == desk.variables["DEMO_TOKEN"]
    assert query(desk, "SELECT slug, admin_url, trouble FROM gateway_gateway") == [
        ("default", sandbox.admin_url, "")
    ]
    assert query(desk, "SELECT kind, resource_id FROM gateway_resource") == [
        ("route", "mine")
    ]
    # As `make` does when it is told to stop and dies: SIGTERM.
    everybody = desk.processes()
    desk.signal(signal.SIGTERM)
    assert desk.wait() == 0
    assert are_gone(everybody)

    sandbox.put("route", "mine", {"uri": "/*", "upstream": {"nodes": {"h:80": 1}}})
    desk.start()
    # The first look after a pause takes nothing for granted.
    assert query(desk, "SELECT resource_id, what, state FROM drift_drift") == [
        ("mine", "altered", "open")
    ]


@pytest.mark.postgresql
def test_the_whole_desk_runs_on_postgresql(
    desk: Stack, postgresql_server: PostgreSQL, postgresql_database: dict[str, Any]
) -> None:
    desk.bare = True
    # Migrated as that of the tests is.
    postgresql_server.execute(f"CREATE DATABASE desk TEMPLATE {TEMPLATE}")
    try:
        desk.variables["DATABASE_URL"] = url(postgresql_server.settings("desk"))
        desk.start()
        assert get(f"{desk.url}/readyz").status_code == 200
        assert desk.manage("verify_audit").returncode == 0
        # Web server, worker and scheduler share it: the mirror is brought up to date.
        with psycopg.connect(
            host=str(postgresql_server.folder), user="postgres", dbname="desk"
        ) as connection:
            connection.autocommit = True
            mirrored = "SELECT mirrored_at FROM gateway_gateway"
            [seen] = connection.execute(mirrored).fetchall()
            eventually(
                lambda: connection.execute(mirrored).fetchall() > [seen],
                "the mirror is refreshed",
                within=2 * LONG,
            )
    finally:
        desk.stop()
        postgresql_server.execute("DROP DATABASE desk WITH (FORCE)")


def test_it_ends_when_make_has_been_killed(desk: Stack) -> None:
    """`make` passes SIGTERM on, but nobody can pass on SIGKILL."""
    desk.variables["MAKELEVEL"] = "1"
    desk.command = [
        sys.executable,
        "-c",
        f"import subprocess; subprocess.run({desk.command})",
    ]
    desk.launch()
    # The part of `make`, the launcher, its watcher and at least one part of the desk.
    eventually(lambda: len(desk.processes()) >= 4, "it has begun")
    everybody = desk.processes()
    desk.signal(signal.SIGKILL)
    desk.wait()
    eventually(lambda: are_gone(everybody), "all of it ends too")
