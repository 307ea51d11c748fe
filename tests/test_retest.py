"""The few tests that failed may try once more; whoever needs it is named."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

# Fails the first time, as one does on a machine that stalls.
FLAKY = """
from pathlib import Path

def test_flaky():
    seen = Path("seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""
GOOD = "def test_good(): open('runs', 'a').write('x')\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tests that notes what fails as ours does."""
    monkeypatch.setenv("PYTHONPATH", str(settings.BASE_DIR))
    # Start quickly: none of the other plugins matters here.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    options = "-p tests.retest -p xdist"
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {options}\n")
    return tmp_path


def run(module: str, *arguments: str, place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
    )


def again(place: Path, text: str, *arguments: str) -> tuple[int, str]:
    """Run these tests, then what failed; return how that ended and what was said."""
    (place / "test_one.py").write_text(text)
    run("pytest", *arguments, place=place)
    second = run("tests.retest", place=place)
    return second.returncode, second.stdout


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_passes_alone_is_named_and_forgiven(place: Path, processes: str) -> None:
    status, words = again(place, GOOD + FLAKY, "-n", processes)

    assert status == 0, words
    assert "passed at the second try only" in words
    assert "  test_one.py::test_flaky" in words
    assert "1 passed" in words
    assert (place / "runs").read_text() == "x"


def test_what_fails_again_fails_the_run(place: Path) -> None:
    status, words = again(place, FLAKY + "def test_bad(): assert False\n")

    assert status == 1
    assert "Not all of these passed" in words
    assert "1 failed, 1 passed" in words


def test_more_than_a_few_are_not_tried_again(place: Path) -> None:
    bad = "".join(f"def test_{number}(): assert False\n" for number in range(6))

    status, words = again(place, bad)

    assert status == 1
    assert "6 failed" in words
    assert "test session starts" not in words


@pytest.mark.parametrize(
    "breaks_off",
    [
        "import pytest\ndef test_ends(): pytest.exit('enough', 2)\n",
        "def test_ends(): import os; os._exit(1)\n",
        "import no_such_module\n",
    ],
)
def test_a_run_that_broke_off_is_not_made_good(place: Path, breaks_off: str) -> None:
    (place / "test_before.py").write_text("def test_bad(): assert False\n")

    status, words = again(place, breaks_off)

    assert status == 1
    assert "did not come to its end" in words


def test_nothing_failed(place: Path) -> None:
    """Whatever made that run fail was no test: a second try must not forgive it."""
    status, words = again(place, GOOD)
    assert status == 1
    assert "nothing to try again" in words
