"""A migrated SQLite file, made once per run: to copy, never to write to."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from tests.servers import place

# It takes ten seconds of processor time, and the machine may stall.
SECONDS = 300


def migrated() -> Path:
    """Return the run's file; the first process that asks makes it."""
    made = place.folder() / "migrated.sqlite3"
    with (place.folder() / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            part = made.with_suffix(".part")
            # By another process: whoever asks may not touch any database.
            subprocess.run(
                # Checks are `make lint`'s; here everybody waits for their two seconds.
                [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
                + ["--skip-checks"],
                check=True,
                timeout=SECONDS,
                cwd=settings.BASE_DIR,
                env=os.environ
                | {
                    "DATABASE_URL": f"sqlite:///{part}",
                    "DJANGO_SETTINGS_MODULE": "portal.settings",
                },
            )
            part.rename(made)
    return made
