"""One folder per test run, known to the run and to all its xdist workers."""

import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "GATEHOUSE_TEST_RUN"


def make() -> Path:
    """Make the run's folder; processes that this one starts find it."""
    # World-readable: the database server of a test run by root is somebody else.
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-run-"))
    folder.chmod(0o755)
    os.environ[VARIABLE] = f"{os.getpid()}:{folder}"
    return folder


def owner() -> int:
    """Return the process id of the run: when it has gone, so must its servers."""
    return int(os.environ[VARIABLE].partition(":")[0])


def folder() -> Path:
    """Return the run's folder."""
    return Path(os.environ[VARIABLE].partition(":")[2])


def remove() -> None:
    """Remove the run's folder and forget it."""
    shutil.rmtree(folder(), ignore_errors=True)
    del os.environ[VARIABLE]
