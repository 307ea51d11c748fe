"""When the launcher is killed, the watcher ends what it had started."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from portal.run import watch
from tests.flow.stack import are_gone
from tests.waiting import eventually

SLEEPER = "import signal; {}; print('up', flush=True); signal.pause()"
IGNORE = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@pytest.fixture
def start():
    """Start a process that leads a group of its own and has begun to wait."""
    started: list[subprocess.Popen[str]] = []

    def begin(act: str = "pass") -> psutil.Process:
        process = subprocess.Popen(
            [sys.executable, "-c", SLEEPER.format(act)],
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return psutil.Process(process.pid)

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_ends_the_groups_that_are_left_and_no_others(start) -> None:
    ended, left, stubborn = start(), start(), start(IGNORE)
    watcher = subprocess.Popen(
        [sys.executable, Path(watch.__file__), "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watcher.stdin is not None
    assert watcher.stdout is not None
    with watcher.stdout as said:
        assert said.readline() == "watching\n"
    for process in (ended, left, stubborn):
        watcher.stdin.write(f"+{process.pid}\n")
    watcher.stdin.write(f"-{ended.pid}\n")
    watcher.stdin.flush()
    assert watcher.poll() is None
    watcher.terminate()  # as Ctrl-C or a closing terminal would: it is needed still
    assert not are_gone([left])
    watcher.stdin.close()
    watcher.wait()
    eventually(lambda: are_gone([left, stubborn]), "those that are left have ended")
    assert not are_gone([ended])
