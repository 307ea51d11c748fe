"""One count for all processes; each its own while the shared cache is down."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache

from portal.rate_limits import Window
from tests.servers.valkey import ValkeyServer
from tests.test_settings import KEYS
from tests.waiting import eventually

# A window so long that none of these tests sees two.
LONG = 10**9

PROGRAM = f"""
import sys, django
django.setup()
from portal.rate_limits import Window
for line in sys.stdin:
    word, key, limit = line.split()
    print(getattr(Window(key, limit=int(limit), seconds={LONG}), word)(), flush=True)
"""


class Counting:
    """A process that counts, as a web server's does."""

    def __init__(self, log: Path, variables: dict[str, str]) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=settings.BASE_DIR,
                env={
                    "PATH": os.environ["PATH"],
                    "DJANGO_SETTINGS_MODULE": "portal.settings",
                    "DATABASE_URL": "sqlite://:memory:",
                    "GATEHOUSE_ENV_FILE": "",
                    **KEYS,
                    **variables,
                },
            )

    def order(self, word: str, key: str, limit: int = 1) -> None:
        """Tell it to do something; `answer()` gives what came of it."""
        assert self._process.stdin
        self._process.stdin.write(f"{word} {key} {limit}\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout
        answer = self._process.stdout.readline().strip()
        assert answer, self.said()
        return answer

    def do(self, word: str, key: str, limit: int = 1) -> str:
        self.order(word, key, limit)
        return self.answer()

    def allowed(self, key: str, limit: int, *, of: int) -> int:
        """Return how many of so many calls there was room for."""
        return [self.do("allows", key, limit) for _ in range(of)].count("True")

    def said(self) -> str:
        return self._log.read_text()

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., Counting]]:
    """Start a process that counts, with these environment variables."""
    started: list[Counting] = []

    def start(**variables: str) -> Counting:
        started.append(Counting(tmp_path / f"{len(started)}.log", variables))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.mark.valkey
class TestShared:
    def test_two_processes_at_once_have_room_for_one_limit(
        self, valkey: ValkeyServer, process: Callable[..., Counting]
    ) -> None:
        both = [process(CACHE_URL=valkey.cache_url) for _ in range(2)]

        for _ in range(50):
            for one in both:
                one.order("allows", "riley", 60)
        answers = [one.answer() for one in both for _ in range(50)]

        assert answers.count("True") == 60

    def test_what_one_gives_back_or_forgets_another_may_use(
        self, valkey: ValkeyServer, process: Callable[..., Counting]
    ) -> None:
        one, other = (process(CACHE_URL=valkey.cache_url) for _ in range(2))
        assert one.allowed("riley", 2, of=3) == 2

        other.do("give_back", "riley")
        other.do("give_back", "riley")
        assert one.allowed("riley", 2, of=2) == 1

        other.do("forget", "riley")
        assert one.allowed("riley", 2, of=3) == 2

    def test_counts_lie_beside_the_broker_s_messages_and_end(
        self, valkey: ValkeyServer, process: Callable[..., Counting]
    ) -> None:
        one = process(CELERY_BROKER_URL=valkey.url)

        def is_there() -> bool:
            one.do("allows", "riley")
            return keys_of(valkey) > 0

        # The machine may stall for longer than a cache is waited for.
        eventually(is_there, "it is counted in the next database")
        with valkey.client() as client:
            assert client.dbsize() == 0
            client.select(1)
            for key in client.scan_iter():
                assert b"riley" not in key
                assert 0 < client.ttl(key) <= 2 * LONG

    def test_a_cache_that_fell_is_done_without_until_it_is_back(
        self, valkey: ValkeyServer, process: Callable[..., Counting]
    ) -> None:
        both = [process(CACHE_URL=valkey.cache_url) for _ in range(2)]
        assert [one.allowed("riley", 3, of=2) for one in both] == [2, 1]

        valkey.stop()
        # Each holds the limit for itself, and says once why.
        assert [one.allowed("riley", 3, of=10) for one in both] == [3, 3]
        for one in both:
            assert one.said().count("shared cache does not answer") == 1

        valkey.start()
        for one in both:
            eventually(lambda one=one: is_back(one), "it counts there again")
        assert keys_of(valkey) > 0
        assert [one.allowed("omar", 3, of=2) for one in both] == [2, 1]

    def test_a_restart_between_two_calls_is_no_fall(
        self, valkey: ValkeyServer, process: Callable[..., Counting]
    ) -> None:
        one = process(CACHE_URL=valkey.cache_url)
        one.do("allows", "riley")

        valkey.stop()
        valkey.start()

        one.do("allows", "riley")
        assert keys_of(valkey) == 1
        assert one.said() == ""


def is_back(one: Counting) -> bool:
    one.do("allows", "probe")
    return one.said().count("shared cache answers again") == 1


def keys_of(server: ValkeyServer) -> int:
    with server.client() as client:
        client.select(1)
        return int(client.dbsize())


@pytest.mark.valkey
def test_a_cache_that_was_never_there_is_found_when_it_comes(
    valkey: ValkeyServer, process: Callable[..., Counting]
) -> None:
    valkey.stop()
    one = process(CACHE_URL=valkey.cache_url)
    assert one.allowed("riley", 3, of=5) == 3

    valkey.start()
    eventually(lambda: is_back(one), "it counts there")
    assert keys_of(valkey) == 1


@pytest.mark.valkey
def test_a_refused_password_keeps_nobody_out_and_is_not_logged(
    valkey: ValkeyServer, process: Callable[..., Counting]
) -> None:
    one = process(CACHE_URL=f"rediscache://nobody:of-nobody@{valkey.socket}?db=1")

    assert one.allowed("riley", 3, of=5) == 3
    assert "shared cache does not answer" in one.said()
    assert "of-nobody" not in one.said()


def test_a_silent_cache_is_waited_for_once(
    tmp_path: Path, process: Callable[..., Counting]
) -> None:
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        one = process(CACHE_URL=f"rediscache://{path}")
        one.do("allows", "first")
        began = time.monotonic()
        assert one.allowed("riley", 3, of=40) == 3

    # A second for each of them would be more than twice as long.
    assert time.monotonic() - began < 20
    assert one.said().count("shared cache does not answer") == 1


@pytest.mark.parametrize("limit", [0, -1])
def test_no_limit_counts_nothing(limit: int) -> None:
    cache.clear()
    window = Window("riley", limit=limit, seconds=LONG)

    assert all(window.allows() for _ in range(10))
    assert Window("riley", limit=1, seconds=LONG).allows()


def test_keys_are_counted_apart_whatever_they_hold() -> None:
    cache.clear()
    keys: list[Any] = [("a", "b"), ("a b",), ("a\x00b",), ("\ud800",), ("ü" * 9999,)]

    windows = [Window(*key, limit=1, seconds=LONG) for key in keys]

    assert [window.allows() for window in windows] == [True] * len(keys)
    assert [window.allows() for window in windows] == [False] * len(keys)


def test_nothing_is_given_back_that_was_never_counted() -> None:
    cache.clear()
    window = Window("riley", limit=1, seconds=LONG)

    window.give_back()
    window.forget()

    assert [window.allows(), window.allows()] == [True, False]
