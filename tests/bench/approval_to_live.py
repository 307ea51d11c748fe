"""From approval to live, with the real desk; beside it what one raw PUT takes.

Each of 20 changes is asked for by a program and approved in the portal over HTTP. The
clock runs from sending the approval to the first answer of the new route from the data
plane. The raw PUT goes straight to the Admin API and counts until the route answers.
"""

import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests

from tests.flow.stack import Stack
from tests.waiting import LONG, eventually

ROUNDS = 20


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Stack(Path(folder), bare=True).start()
        try:
            _measure(desk)
        finally:
            desk.stop()


def _measure(desk: Stack) -> None:
    riley = _signed_in(desk, "riley")
    approved, raw = [], []
    for number in range(ROUNDS):
        approved.append(_approved(desk, riley, f"/approved/{number}"))
        raw.append(_raw(desk, f"/raw/{number}"))
    through, alone = statistics.median(approved), statistics.median(raw)
    print(f"approval to live, median of {ROUNDS}: {through * 1000:.0f} ms")  # noqa: T201
    print(f"one raw PUT to live, median of {ROUNDS}: {alone * 1000:.1f} ms")  # noqa: T201
    print(f"ratio: {through / alone:.0f}")  # noqa: T201


def _approved(desk: Stack, riley: requests.Session, uri: str) -> float:
    asked = requests.post(
        f"{desk.url}/api/routes",
        json={"reason": "Measured.", "route": _route(desk, uri)},
        headers={"Authorization": f"Bearer {desk.token}"},
        timeout=LONG,
    )
    asked.raise_for_status()
    page = f"{desk.url}/changes/{asked.json()['change']['number']}/"
    fields = dict(
        re.findall(
            r'name="(revision|digest)" value="([^"]+)"',
            riley.get(page, timeout=LONG).text,
        )
    )

    def approve() -> None:
        answer = _post(riley, f"{page}approve/", fields)
        answer.raise_for_status()

    return _until_live(desk, uri, approve)


def _raw(desk: Stack, uri: str) -> float:
    def put() -> None:
        requests.put(
            f"{desk.sandbox_admin}/apisix/admin/routes/{uri.strip('/').replace('/', '-')}",
            json={
                "uri": uri,
                "upstream": {"nodes": {desk.upstream.removeprefix("http://"): 1}},
            },
            headers={"X-API-KEY": desk.admin_key},
            timeout=LONG,
        ).raise_for_status()

    return _until_live(desk, uri, put)


def _route(desk: Stack, uri: str) -> dict[str, object]:
    return {"uri": uri, "upstream": {"url": desk.upstream}}


def _until_live(desk: Stack, uri: str, act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    unknown = "404 Route Not Found"
    eventually(
        lambda: unknown not in requests.get(f"{desk.proxy}{uri}", timeout=LONG).text,
        f"{uri} is live",
    )
    return time.perf_counter() - started


def _signed_in(desk: Stack, name: str) -> requests.Session:
    session = requests.Session()
    login = f"{desk.url}/accounts/login/"
    session.get(login, timeout=LONG)
    fields = {"username": name, "password": desk.password}
    _post(session, login, fields).raise_for_status()
    return session


def _post(
    session: requests.Session, url: str, fields: dict[str, str]
) -> requests.Response:
    [token] = [c.value or "" for c in session.cookies if "csrf" in c.name]
    return session.post(
        url,
        data={**fields, "csrfmiddlewaretoken": token},
        headers={"Referer": url},
        timeout=LONG,
        allow_redirects=False,
    )
