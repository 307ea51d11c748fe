"""Environments of their own for the programs of others that the façade is tried with.

Each is made once from what `pins/` holds and kept in the person's cache folder, by what
the pins say; a machine that cannot reach a package registry skips the tests.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import LONG

PINS = Path(__file__).parent / "pins"
BIN = Path(sys.executable).parent
NODE = BIN / "node"


def python_of(name: str) -> Path:
    """Return the interpreter of the environment that `pins/{name}.txt` describes."""
    pins = PINS / f"{name}.txt"

    def install(folder: Path) -> None:
        _run(sys.executable, "-m", "venv", "--without-pip", folder)
        python = folder / "bin" / "python"
        if (BIN / "uv").exists():
            _run(BIN / "uv", "pip", "install", "-r", pins, "--python", python)
        else:
            _run(BIN / "pip", "--python", python, "install", "-r", pins)

    return _kept(name, pins.read_bytes(), install) / "bin" / "python"


def node_modules_of(name: str) -> Path:
    """Return the folder of packages that `pins/{name}/package-lock.json` describes."""
    lock = PINS / name / "package-lock.json"

    def install(folder: Path) -> None:
        shutil.copytree(lock.parent, folder, dirs_exist_ok=True)
        npm = BIN / "npm"
        _run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)

    return _kept(name, lock.read_bytes(), install) / "node_modules"


def _kept(name: str, pins: bytes, install: Callable[[Path], None]) -> Path:
    """Return the folder where this was installed, now or by an earlier run."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    told = hashlib.sha256(pins + sys.version.encode()).hexdigest()[:12]
    folder = cache / "gatehouse-clients" / f"{name}-{told}"
    done = folder / "installed"
    if done.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        install(folder)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"{name} cannot be installed here: {error.output[-500:]}")
    done.touch()
    return folder


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | {"npm_config_cache": home, "PATH": _path()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=5 * LONG,
            check=True,
        )


def _path() -> str:
    """Return the search path with our own Node first."""
    return f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
