"""Make `.venv/` and install what a requirements file pins, when it changed.

    python3 portal/run/install.py requirements.txt

Runs on the Python that the person has, before anything is installed: standard library
only. What the installers say is shown only when they fail.
"""

# Annotations stay unread, so that an old Python lives to say it is too old.
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def works(python: Path) -> bool:
    """Whether this interpreter starts: after a system upgrade its link may dangle."""
    try:
        return (
            subprocess.run(
                [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                capture_output=True,
            ).returncode
            == 0
        )
    except OSError:
        return False


def attempt(*command: str | Path) -> str:
    """Run a command; return "" or what it said when it failed."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=ROOT,
        )
    except OSError as error:
        return f"{error}\n"
    return done.stdout + f"(exit status {done.returncode})" if done.returncode else ""


def make_venv() -> None:
    say("Making .venv …")
    if trouble := attempt(sys.executable, "-m", "venv", "--clear", VENV):
        sys.exit(
            f"{trouble}\nThe virtual environment could not be made. "
            "On Debian and Ubuntu, install the package python3-venv and try again."
        )


def install(requirements: Path) -> None:
    say(f"Installing {requirements.name} …")
    # uv takes seconds where pip takes minutes, but not every machine can have it.
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check"]
    if not (VENV / "bin" / "uv").exists():
        attempt(*pip, "install", "--quiet", "uv")
    uv: list[str | Path] = [PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON]
    if not attempt(*uv, "--quiet", "--requirement", requirements):
        return
    if trouble := attempt(*pip, "install", "--quiet", "--requirement", requirements):
        sys.exit(f"{trouble}\n{requirements.name} could not be installed (see above).")


def installed() -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        stamp: dict[str, str] = json.loads(STAMP.read_text())
        return stamp
    return {}


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one installer at a time work: `make run` and `make test` share `.venv/`."""
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(name: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this is what tells people so
        sys.exit(
            "Python 3.11 or newer is needed; this is "
            f"{sys.version.split()[0]}. Name another one: make PYTHON=python3.12 …"
        )
    requirements = ROOT / name
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    with alone():
        if not works(PYTHON):
            make_venv()
        stamp = installed()
        if stamp.get(name) == wanted:
            return
        install(requirements)
        part = STAMP.with_suffix(".part")
        part.write_text(json.dumps({**stamp, name: wanted}, indent=1))
        os.replace(part, STAMP)


if __name__ == "__main__":
    main(sys.argv[1])
