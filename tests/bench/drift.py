"""What a scan of 5,000 routes costs beside fetching and parsing the same lists.

From a server that does nothing but answer canned lists. The first scan of a gateway
writes its mirror; measured are those after it, when nothing or one route in a hundred
was changed outside. Beside them the same requests, each answer only parsed.
"""

import os
import shutil
import socket
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import django
import orjson
import requests
from django.test.utils import setup_databases, teardown_databases

from tests.bench.documents import document
from tests.gateway.evil import EvilServer, http
from tests.settings import PLACE
from tests.waiting import LONG

ROUTES, ROUNDS = 5_000, 7
MOVED = ROUTES // 100
# A scan may take so many times what fetching and parsing takes.
PROMISED = 3.0
NOTHING = orjson.dumps({"list": {}, "total": 0})


def main() -> None:
    """Print both times and their ratio; raise when it is more than promised."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    PLACE.mkdir(mode=0o700)
    databases = setup_databases(verbosity=0, interactive=False)
    # A process of its own, as a gateway is: in ours it would wait for our interpreter.
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        _measure(ours)
    finally:
        server.kill()
        server.join()
        teardown_databases(databases, verbosity=0)
        shutil.rmtree(PLACE, ignore_errors=True)


def serve(pipe: Connection) -> None:
    """Tell the address; then, for each turn received, what was asked for since."""
    server = Canned()
    pipe.send(server.url)
    while True:
        server.hold(pipe.recv())
        pipe.send(server.asked())


class Canned(EvilServer):
    """Holds 5,000 routes and nothing else."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self._paths: list[str] = []
        self.hold(0)

    def hold(self, turn: int) -> None:
        """Let the first hundredth of the routes be different at each turn."""
        rows = [
            {"key": f"/apisix/routes/r{number}", "value": _route(number, turn)}
            for number in range(ROUTES)
        ]
        self._routes = http(200, orjson.dumps({"list": rows, "total": ROUTES}))

    def asked(self) -> list[str]:
        """Return the paths that were asked for since this was asked."""
        paths, self._paths = self._paths, []
        return paths

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ", 2)[1].decode()
        self._paths.append(path)
        if path == "/apisix/admin/routes":
            connection.sendall(self._routes)
        elif "/schema" in path or "/plugins?" in path:
            connection.sendall(http(200, b"{}"))
        elif "/plugins/list" in path:
            connection.sendall(http(200, b"[]"))
        else:
            connection.sendall(http(200, NOTHING))


def _route(number: int, turn: int) -> dict[str, Any]:
    return document() | {
        "id": f"r{number}",
        "name": f"Conference API {number}",
        "priority": turn if number < MOVED else 0,
        "update_time": 1_700_000_000,
    }


def _measure(server: Connection) -> None:
    from gateway.models import Gateway
    from portal.drift.models import Drift
    from portal.drift.scan import scan
    from tests.factories import make_gateway

    url = server.recv()
    made = make_gateway(admin_url=url, admin_key="key", version="", mirrored_at=None)

    def scanned() -> None:
        gateway = Gateway.objects.get(pk=made.pk)
        if not scan(gateway):
            raise AssertionError(gateway.trouble)

    def turned(turn: int) -> list[str]:
        server.send(turn)
        return list(server.recv())

    say(f"first scan, the mirror is written: {seconds(scanned):.2f} s")
    turned(0)
    scanned()
    paths = turned(0)
    plain, still, moved = [], [], []
    with requests.Session() as session:
        for _ in range(ROUNDS):
            plain.append(seconds(lambda: _fetch(session, url, paths)))
            still.append(seconds(scanned))
    for turn in range(1, ROUNDS + 1):
        turned(turn)
        moved.append(seconds(scanned))
    if Drift.objects.open().count() != MOVED:
        raise AssertionError("Not what was moved was found.")
    base = statistics.median(plain)
    say(f"{ROUTES} routes in {len(paths)} requests, medians of {ROUNDS}:")
    say(f"fetched and parsed     {base * 1000:6.0f} ms")
    for name, times in (("nothing moved", still), (f"{MOVED} moved", moved)):
        median = statistics.median(times)
        ratio = median / base
        say(f"scan, {name:<16} {median * 1000:6.0f} ms, ratio {ratio:.2f}")
        if ratio > PROMISED:
            raise AssertionError(f"{ratio:.2f} is more than {PROMISED} times.")


def _fetch(session: requests.Session, url: str, paths: list[str]) -> None:
    for path in paths:
        orjson.loads(session.get(url + path, timeout=LONG).content)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def say(line: str) -> None:
    sys.stdout.write(f"   {line}\n")
