"""The environment is made once, and renewed when what is pinned has changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.run import install

ROOT = install.ROOT


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with an empty requirements file, at a path with a space."""
    root = tmp_path / "a checkout"
    root.mkdir()
    (root / "requirements.txt").write_text("# nothing\n")
    monkeypatch.setattr(install, "ROOT", root)
    monkeypatch.setattr(install, "VENV", root / ".venv")
    monkeypatch.setattr(install, "PYTHON", root / ".venv" / "bin" / "python")
    monkeypatch.setattr(install, "STAMP", root / ".venv" / "installed.json")
    return root


@pytest.fixture
def installed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the requirements files that were installed, in order."""
    names: list[str] = []
    monkeypatch.setattr(install, "install", lambda path: names.append(path.name))
    return names


def test_the_environment_is_made_and_made_again_when_its_python_has_gone(
    checkout: Path, installed: list[str]
) -> None:
    install.main("requirements.txt")
    assert install.works(install.PYTHON)
    assert installed == ["requirements.txt"]
    install.PYTHON.unlink()
    install.PYTHON.symlink_to("/nowhere/python3.10")
    install.main("requirements.txt")
    assert install.works(install.PYTHON)
    # What was installed into the old one is not in the new one.
    assert installed == ["requirements.txt"] * 2


def test_it_installs_only_when_the_pins_changed(
    checkout: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "make_venv", lambda: install.VENV.mkdir())
    monkeypatch.setattr(install, "works", lambda python: install.VENV.exists())
    install.main("requirements.txt")
    install.main("requirements.txt")
    assert installed == ["requirements.txt"]
    os.utime(checkout / "requirements.txt", (1, 1))
    install.main("requirements.txt")
    assert installed == ["requirements.txt"]
    (checkout / "requirements.txt").write_text("# another pin\n")
    install.main("requirements.txt")
    assert installed == ["requirements.txt"] * 2


def test_a_failed_installation_is_tried_again_and_says_why(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "requirements.txt").write_text("nothing @ file:///nowhere/at/all\n")
    # No uv, which would be fetched: pip alone, which fails without asking anybody.
    really = install.attempt
    monkeypatch.setattr(
        install,
        "attempt",
        lambda *command: "no uv here" if "uv" in command else really(*command),
    )
    for _ in range(2):
        with pytest.raises(SystemExit, match="could not be installed") as failure:
            install.main("requirements.txt")
        assert "/nowhere/at/all" in str(failure.value)
    assert not install.STAMP.exists()


def test_an_old_python_is_told_what_is_needed() -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, runpy; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (x)';"
            "sys.argv = ['install.py', 'requirements.txt'];"
            f"runpy.run_path({str(ROOT / 'portal/run/install.py')!r}, run_name='__main__')",
        ],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1
    assert "Python 3.11 or newer is needed; this is 3.9.2" in found.stderr
    assert "make PYTHON=" in found.stderr


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("==", 1) for line in lines if "==" in line)


def test_run_and_test_agree_on_every_pin() -> None:
    """Else each would undo what the other installed, in the one environment."""
    needed, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert len(needed) > 40
    assert needed.items() <= development.items()
