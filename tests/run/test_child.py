"""A child ends with everything it started, whatever it does against it."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from portal.run.child import Child
from tests.flow.stack import are_gone
from tests.waiting import eventually

# Starts a process of its own that ignores SIGTERM, says its number, and waits.
PARENT = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", '''
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("grandchild", flush=True)
signal.pause()
'''])
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("child", child.pid, flush=True)
signal.pause()
"""


def make(tmp_path: Path, *command: str) -> Child:
    return Child(
        "thing", [sys.executable, "-c", *command], log=tmp_path / "log" / "thing.log"
    )


def family(child: Child) -> list[psutil.Process]:
    eventually(
        lambda: "child " in child.said() and "grandchild" in child.said(), "both run"
    )
    process = psutil.Process(child.pid)
    found = [process, *process.children(recursive=True)]
    assert len(found) == 2
    return found


@pytest.mark.parametrize("manner", ["", "stubborn"])
def test_stop_ends_the_whole_family(tmp_path: Path, manner: str) -> None:
    child = make(tmp_path, PARENT, manner)
    child.start()
    everybody = family(child)
    child.stop(patience=0.2)
    assert child.status is not None
    assert are_gone(everybody)


def test_stop_ends_what_a_dead_child_left_behind(tmp_path: Path) -> None:
    child = make(tmp_path, PARENT)
    child.start()
    everybody = family(child)
    os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: not child.is_running, "it is dead")
    assert not are_gone(everybody)
    child.stop()
    assert are_gone(everybody)


def test_its_status_is_told_and_stop_is_harmless_then(tmp_path: Path) -> None:
    child = make(tmp_path, "raise SystemExit(3)")
    assert child.status is None
    assert not child.is_running
    child.stop()
    child.start()
    eventually(lambda: not child.is_running, "it has ended")
    assert child.status == 3
    child.stop()


def test_it_says_only_what_it_said_since_its_last_start(tmp_path: Path) -> None:
    child = make(tmp_path, "import os; print('hello from', os.getpid())")
    for _ in range(2):
        child.start()
        eventually(lambda: not child.is_running, "it has ended")
        assert child.said() == f"hello from {child.pid}\n"
    assert len(child.log.read_text().splitlines()) == 2


def test_its_last_words_are_the_end_of_both_outputs(tmp_path: Path) -> None:
    child = make(
        tmp_path,
        "import sys; [print(n, flush=True) for n in range(50)]; sys.exit('trouble')",
    )
    child.start()
    eventually(lambda: not child.is_running, "it has ended")
    assert child.last_words(2) == "49\ntrouble"


def test_a_large_log_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.run.child.LARGEST_LOG", 3)
    child = make(tmp_path, "print('again')")
    for _ in range(2):
        child.start()
        eventually(lambda: not child.is_running, "it has ended")
    assert child.log.read_text() == "again\n"
    assert child.log.with_suffix(".log.1").read_text() == "again\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this signal")
def test_it_is_told_when_its_parent_is_killed(tmp_path: Path) -> None:
    source = f"""
from pathlib import Path
from portal.run.child import Child
import os, signal, sys
child = Child("c", [sys.executable, "-c", "import signal; signal.pause()"],
              log=Path({str(tmp_path)!r}, "c.log"))
child.start()
print(child.pid, flush=True)
signal.pause()
"""
    parent = make(tmp_path, source)
    parent.start()
    number = int(eventually(parent.said, "it tells its child's number"))
    child = psutil.Process(number)
    try:
        os.kill(parent.pid, signal.SIGKILL)
        eventually(lambda: are_gone([child]), "the child follows")
    finally:
        parent.stop()
