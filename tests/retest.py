"""One more try, by themselves, for the few tests that failed: `make retest`.

The machine that decides stalls at times for longer than a test can wait, and then one of
ten thousand fails though nothing is wrong. Whoever needs the second try is to be mended
all the same, so it is said aloud. More than a few are no accident and get none.

As a plugin of pytest this notes what failed; as a program it tries that again.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MOST = 5
# In pytest's cache; not its own list of what failed last, which may come from several
# runs, or from one that broke off and never came to the rest.
KEY = "retest/failed"
NOTED = Path(".pytest_cache/v", KEY)


class Noting:
    """Keeps the names of what failed in a run that came to its end, else None."""

    def __init__(self, config: pytest.Config) -> None:
        self._cache = getattr(config, "cache", None)
        self._failed: dict[str, None] = {}
        self._note(None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._take(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._take(report)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        ended = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        self._note(list(self._failed) if exitstatus in ended else None)

    def _take(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed:
            self._failed[report.nodeid] = None

    def _note(self, failed: list[str] | None) -> None:
        if self._cache is not None:
            self._cache.set(KEY, failed)


def pytest_configure(config: pytest.Config) -> None:
    # Processes that run tests for another one report to it.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Noting(config))


def main() -> int:
    """Run what failed last, in one process; return the status to exit with."""
    failed = json.loads(NOTED.read_text()) if NOTED.exists() else None
    if failed is None:
        return _say("The last run did not come to its end: nothing to try again.", 1)
    if not failed:
        return _say("No test failed in the last run: there is nothing to try again.", 1)
    if len(failed) > MOST:
        return _say(f"{len(failed)} failed: that is no accident. No second try.", 1)
    _say("Once more, by themselves:", 1, failed)
    again = subprocess.run([sys.executable, "-m", "pytest", "-n", "0", *failed])
    if again.returncode:
        return _say("Not all of these passed at the second try:", 1, failed)
    return _say("These passed at the second try only, and are to be mended:", 0, failed)


def _say(words: str, status: int, names: list[str] | None = None) -> int:
    lines = "\n".join([words, *(f"  {name}" for name in names or [])])
    print(f"\n{'!' * 79}\n{lines}\n{'!' * 79}", flush=True)  # noqa: T201 - to people
    return status


if __name__ == "__main__":
    sys.exit(main())
