"""Real Celery workers and a scheduler that a test may kill, freeze and wake."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from django.conf import settings
from django.db import connection

from portal.run.child import die_with_parent
from tests.servers.databases import url_of
from tests.settings import VARIABLES
from tests.waiting import LONG, eventually

# Short, so that a killed worker's delivery is soon taken over.
TIMES = {
    "DELIVERY_LEASE": "3",
    "GATEWAY_REQUEST_DEADLINE": "1",
    "DELIVERY_SWEEP_EVERY": "0.5",
    "DELIVERY_BACKOFF": "0.2",
    "DRIFT_SCAN_EVERY": "3600",
    "WEBHOOK_DEADLINE": "2",
    "WEBHOOK_SWEEP_EVERY": "0.5",
    "OUTBOUND_ALLOW": "127.0.0.1",
}


class Worker:
    """A worker (or scheduler) with all its processes."""

    def __init__(self, pid: int, log: Path, marker: Path) -> None:
        self.pid = pid
        self.log = log
        self._marker = marker

    @property
    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    @property
    def stopped_in(self) -> int:
        """The process that waits at the checkpoint; 0 while none does."""
        return int(self._marker.read_text()) if self._marker.exists() else 0

    def is_ready(self) -> bool:
        assert psutil.pid_exists(self.pid), f"The worker ended:\n{self.said}"
        return "ready." in self.said

    def wait_at_checkpoint(self, *, within: float = LONG) -> int:
        """Return the process that waits there."""
        return eventually(
            lambda: self.stopped_in, f"{self._marker.stem} is reached", within=within
        )

    def release(self) -> None:
        """Let who waits at the checkpoint go on."""
        self._marker.unlink()

    def signal(self, number: int) -> None:
        """Send a signal to every process of it."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it at once, all of it, as a power cut does. Harmless when it is gone."""
        try:
            self.signal(signal.SIGKILL)
        except ProcessLookupError:
            return
        eventually(lambda: not psutil.pid_exists(self.pid), "the worker is gone")

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)


class Workers:
    """Starts workers on the test's present database and its broker.

    `close()` kills them all.
    """

    def __init__(self, folder: Path, broker_url: str) -> None:
        self.folder = folder
        self._started: list[Worker] = []
        foreign = {name + end for name in VARIABLES for end in ("", "_FILE")}
        environment = {
            **{key: value for key, value in os.environ.items() if key not in foreign},
            **TIMES,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": url_of(connection),
            "CELERY_BROKER_URL": broker_url,
            "FIELD_ENCRYPTION_KEY": settings.FIELD_ENCRYPTION_KEY,
            "SECRET_KEY": settings.SECRET_KEY,
            "GATEHOUSE_ENV_FILE": "",
            "GATEHOUSE_VAR": str(folder),
            "LOG_LEVEL": "INFO",
        }
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.flow.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=settings.BASE_DIR,
            env=environment,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    def start(
        self, name: str = "worker", *, stop_at: str = "", processes: int = 1
    ) -> Worker:
        """Start a worker and return at once.

        One that stops at a checkpoint has a queue of its own: `name`.
        """
        queue = name if stop_at else "celery"
        return self._start(
            name,
            stop_at,
            *("worker", "--loglevel", "INFO", "--pool", "prefork"),
            *("--concurrency", str(processes), "--queues", queue),
            *("--hostname", f"{name}@test"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        )

    def start_scheduler(self) -> Worker:
        """Start what sweeps, and return at once."""
        return self._start(
            "scheduler",
            "",
            *("beat", "--loglevel", "WARNING", "--pidfile="),
            *("--schedule", str(self.folder / "beat-schedule")),
        )

    def ready(self, *workers: Worker) -> None:
        """Wait until these listen to their queues."""
        for worker in workers:
            eventually(worker.is_ready, f"{worker.log.stem} is ready")

    def kill_all(self) -> None:
        """End all workers and forget what they left."""
        while self._started:
            self._started.pop().kill()
        for left in self.folder.iterdir():
            if left.is_file():
                left.unlink()

    def close(self) -> None:
        """End all workers and what starts them."""
        while self._started:
            self._started.pop().kill()
        self._nursery.communicate()

    def _start(self, name: str, stop_at: str, *arguments: str) -> Worker:
        log, marker = self.folder / f"{name}.log", self.folder / f"{name}.marker"
        order = {
            "arguments": arguments,
            "log": str(log),
            "environment": {
                "GATEHOUSE_TEST_STOP_AT": stop_at,
                "GATEHOUSE_TEST_MARKER": str(marker),
            },
        }
        orders, answers = self._nursery.stdin, self._nursery.stdout
        assert orders is not None
        assert answers is not None
        orders.write(json.dumps(order) + "\n")
        orders.flush()
        pid = answers.readline()
        assert pid, "The nursery ended; its last words are above."
        worker = Worker(int(pid), log, marker)
        self._started.append(worker)
        return worker
