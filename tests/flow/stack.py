"""The real desk as `make run` starts it, on free ports and in a folder of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from django.conf import settings

from portal.run.child import die_with_parent
from tests.servers.template import migrated
from tests.settings import VARIABLES
from tests.waiting import LONG, eventually

# Starting everything takes seconds of processor time, and the machine may stall.
START = 3 * LONG


class Stack:
    """All processes of one desk.

    `start()` returns when it is ready; `url`, `proxy`, `sandbox_admin`, `upstream`,
    `password` and `token` are what its banner says. The state is in `folder`, so a
    second `start()` is a second start. `variables` are added to the environment. The
    database is migrated before, except that of a `bare` desk, which does so itself.
    """

    admin_key = "sandbox-admin-key-of-the-stories"

    def __init__(self, folder: Path, *, bare: bool = False, **variables: str) -> None:
        self.folder = folder
        self.bare = bare
        self.var = folder / "var"
        self.env_file = folder / ".env"
        self.output_file = folder / "output.txt"
        self.variables = {
            "WEB_PORT": "0",
            "SANDBOX_ADMIN_PORT": "0",
            "SANDBOX_PROXY_PORT": "0",
            "SANDBOX_ADMIN_KEY": self.admin_key,
            "SANDBOX_FAULTS": "true",
            "WORKERS": "1",
            "DRIFT_SCAN_EVERY": "5",
            **variables,
        }
        self.command = [sys.executable, "-m", "portal.run"]
        self._launcher: psutil.Popen | None = None

    # --- What the banner says

    @property
    def output(self) -> str:
        """Everything printed since the last start."""
        return self.output_file.read_text() if self.output_file.exists() else ""

    def _told(self, pattern: str) -> str:
        found = re.search(pattern, self.output, re.MULTILINE)
        assert found, f"The banner has no {pattern!r}:\n{self.output}"
        return found.group(1)

    @property
    def url(self) -> str:
        return self._told(r"^Gatehouse: (http://\S+)$")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def password(self) -> str:
        return self._told(r"^password of each: (\S+)$")

    @property
    def token(self) -> str:
        return self._told(r"^token of alice: (\S+)$")

    @property
    def proxy(self) -> str:
        return self._told(r"^sandbox gateway: (http://\S+) ")

    @property
    def sandbox_admin(self) -> str:
        return self._told(r"^sandbox gateway: .*\(Admin API (http://\S+)\)$")

    @property
    def upstream(self) -> str:
        return self._told(r"^conference upstream: (http://127\.0\.0\.1:\d+)$")

    # --- Its life

    def environment(self) -> dict[str, str]:
        """Return the environment of the launcher, and of `manage.py` beside it."""
        foreign = {name + end for name in VARIABLES for end in ("", "_FILE")}
        foreign.add("DJANGO_SETTINGS_MODULE")
        return {
            **{key: value for key, value in os.environ.items() if key not in foreign},
            "GATEHOUSE_VAR": str(self.var),
            "GATEHOUSE_ENV_FILE": str(self.env_file),
            **self.variables,
        }

    def launch(self) -> None:
        """Start the launcher and return at once."""
        assert not self.is_running, "It runs already."
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.output_file.open("wb") as output:
            self._launcher = psutil.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=settings.BASE_DIR,
                env=self.environment(),
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )

    def start(self) -> "Stack":
        """Start everything and return when it is ready."""
        database = self.var / "gatehouse.sqlite3"
        if not self.bare and not database.exists():
            self.var.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(migrated(), database)
        self.launch()

        def is_ready() -> bool:
            assert self.is_running, f"It ended:\n{self.output}"
            return "\nReady." in self.output

        eventually(is_ready, "the desk is ready", within=START)
        return self

    @property
    def launcher(self) -> psutil.Popen:
        assert self._launcher is not None, "It was never started."
        return self._launcher

    @property
    def is_running(self) -> bool:
        return self._launcher is not None and self._launcher.poll() is None

    def processes(self) -> list[psutil.Process]:
        """Return the launcher and all it started, down to the last worker."""
        launcher = psutil.Process(self.launcher.pid)
        return [launcher, *launcher.children(recursive=True)]

    def processes_of(self, *words: str) -> list[psutil.Process]:
        """Return those whose command line holds every word, oldest first."""
        found = []
        for process in self.processes():
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if all(word in line for word in words):
                found.append(process)
        return sorted(found, key=lambda process: process.create_time())

    def signal(self, number: int) -> None:
        """Send the launcher a signal."""
        self.launcher.send_signal(number)

    def wait(self) -> int:
        """Wait until the launcher has ended; return its exit status."""
        status: int = self.launcher.wait(START)
        return status

    def stop(self) -> None:
        """End everything as Ctrl-C does. Harmless when it does not run."""
        if self.is_running:
            self.signal(signal.SIGINT)
            self.wait()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` on this desk's state; return status and outputs."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            capture_output=True,
            text=True,
            timeout=START,
            cwd=settings.BASE_DIR,
            env=self.environment(),
        )


def are_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs (one that nobody has reaped yet does not run)."""
    return not any(_runs(process) for process in processes)


def _runs(process: psutil.Process) -> bool:
    try:
        # Also tells apart another process that got the same number.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
