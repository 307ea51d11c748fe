"""Forks real Celery workers and schedulers from one process that has all imported.

    python -m tests.flow.nursery

Reads one order per line of its input, `{"arguments": ["worker", …], "environment": {…},
"log": PATH}`, and answers each with the process id of what it started, which leads a
session and a group of its own. Starting Celery and Django takes two seconds of
processor time; a kill test needs dozens of workers. All of them end with it.
"""

import importlib
import json
import os
import signal
import sys
import traceback
from typing import Any

from portal.run.child import die_with_parent

# What a worker and a scheduler import when they start.
IMPORTED = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.prefork",
    "celery.fixups.django",
    "celery.worker.consumer",
    "celery.worker.strategy",
    "celery.worker.worker",
    "kombu.transport.redis",
    "portal.drift.tasks",
    "portal.changes.tasks",
)


def main() -> None:
    import django

    django.setup()
    from portal.celery import app

    for name in IMPORTED:
        importlib.import_module(name)
    app.loader.import_default_modules()
    # Nobody waits for those who end: the kernel forgets them at once.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        with_kernel = die_with_parent(signal.SIGKILL)
        pid = os.fork()
        if not pid:
            _become(order, with_kernel, app)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(order: dict[str, Any], ask_the_kernel: Any, app: Any) -> None:
    """Be a worker or a scheduler until it ends."""
    status = 1
    try:
        os.setsid()
        ask_the_kernel()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.environ.update(order["environment"])
        sys.argv = ["celery", *order["arguments"]]
        app.start(order["arguments"])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the process ends here, in any case
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
