"""The targets people type: told by `make help`, and working wherever the checkout is."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

MAKEFILE = Path(settings.BASE_DIR) / "Makefile"
TARGETS = {"help", "run", "test", "retest", "lint", "bench", "words", "vendor"}

MAKE = shutil.which("make") or ""

pytestmark = pytest.mark.skipif(not MAKE, reason="no make here")


def make(*arguments: str, folder: Path) -> str:
    # These tests may run below a make of their own, which speaks through these.
    outside = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    done = subprocess.run(
        [MAKE, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name not in outside},
    )
    return done.stdout


def test_help_is_the_default_and_tells_every_target() -> None:
    told = make(folder=MAKEFILE.parent)
    assert told == make("help", folder=MAKEFILE.parent)
    assert set(re.findall(r"^  make (\S+) +\S", told, re.MULTILINE)) == TARGETS


def test_every_target_works_at_a_path_with_a_space(tmp_path: Path) -> None:
    checkout = tmp_path / "a check out"
    checkout.mkdir()
    shutil.copy(MAKEFILE, checkout)
    for target in TARGETS:
        commands = make("--dry-run", target, folder=checkout)
        # Relative paths only: make splits at spaces.
        assert str(tmp_path) not in commands
    assert "portal.run" in make("--dry-run", "run", folder=checkout)


def test_it_names_no_place_to_install_from() -> None:
    root = MAKEFILE.parent
    texts = [MAKEFILE, *root.glob("requirements*.txt"), root / "portal/run/install.py"]
    for text in texts:
        words = text.read_text().replace("https://gatehouse.example.com", "")
        assert not re.search(r"://(?!:memory:)|index-url|--index|find-links", words)


def test_lint_judges_settings_as_a_real_desk_has_them() -> None:
    commands = make("--dry-run", "lint", folder=MAKEFILE.parent)
    [check] = [line for line in commands.splitlines() if "check --deploy" in line]
    for needed in ("DEBUG=false", "PUBLIC_URL=https://", "GATEHOUSE_ENV_FILE= "):
        assert needed in check
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "djade"):
        assert tool in commands
    assert "makemigrations --check" in commands
