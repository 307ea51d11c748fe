"""What a page of a gateway's 10,000 routes costs beside one of 50.

The same page, narrowed in each way, of a gateway that holds many and of one that holds
a page full; its queries are counted too.
"""

import os
import shutil
import statistics
import sys
import time
from typing import Any

import django
from django.test.utils import (
    CaptureQueriesContext,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)

from tests.settings import PLACE

FEW, MANY, ROUNDS = 50, 10_000, 9
HOSTS = 500
# So many times as long as with few; so many queries.
PROMISED, QUERIES = 3.0, 12
ASKED = {
    "first page": "",
    "in the middle": "?after=r05000",
    "by name": "?sort=name",
    "words": "?q=service7",
    "words that nothing has": "?q=zanzibar",
    "host": "?host=h42.example.com",
    "plugin": "?plugin=key-auth",
    "label and method": "?label=team=shop&method=POST",
}


def main() -> None:
    """Print the times and their ratio; raise when it is more than promised."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    setup_test_environment()
    PLACE.mkdir(mode=0o700)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        _measure()
    finally:
        teardown_databases(databases, verbosity=0)
        shutil.rmtree(PLACE, ignore_errors=True)


def _route(number: int) -> dict[str, Any]:
    place = number // HOSTS
    return {
        "name": f"Service {place} of host {number % HOSTS}",
        "desc": "What the shop's apps ask when somebody opens a basket. " * 4,
        "uris": [f"/api/v{place % 3}/service{place}/*", f"/s/{number}"],
        "hosts": [f"h{number % HOSTS}.example.com"],
        "methods": ["GET", "POST"] if place % 5 else ["GET"],
        "labels": {"team": ("shop", "pay", "search")[place % 3], "n": str(number)},
        "plugins": {
            "limit-count": {"count": 100, "time_window": 60, "key": "remote_addr"},
            ("key-auth", "jwt-auth")[number % 2]: {},
        },
        "upstream": {
            "type": "roundrobin",
            "nodes": {f"10.0.{n}.{number % 250}:8080": 1 for n in range(6)},
        },
    }


def _measure() -> None:
    from django.core.cache import cache

    from gateway.mirror import Written, note
    from tests.factories import make_cast, make_gateway
    from tests.web.conftest import sign_in

    cache.clear()
    client = sign_in(make_cast().riley)
    for slug, count in (("few", FEW), ("many", MANY)):
        gateway = make_gateway(slug)
        started = time.perf_counter()
        note(
            gateway,
            [Written("route", f"r{n:05}", None, _route(n)) for n in range(count)],
        )
        say(f"{count} routes noted in {time.perf_counter() - started:.1f} s")
    worst = 0.0
    for title, query in ASKED.items():
        for headers, part in (({}, "page"), ({"HX-Request": "true"}, "as you type")):
            few = _seconds(client, "/gateways/few/routes/", headers)
            many = _seconds(client, f"/gateways/many/routes/{query}", headers)
            worst = max(worst, many / few)
            say(
                f"{title + ', ' + part:<36} {many * 1000:6.1f} ms, {many / few:4.1f} times {FEW}'s"
            )
    if worst > PROMISED:
        raise AssertionError(f"{worst:.1f} times is more than {PROMISED}.")


def _seconds(client: Any, address: str, headers: dict[str, str]) -> float:
    from django.db import connection

    times = []
    for _ in range(ROUNDS):
        with CaptureQueriesContext(connection) as captured:
            started = time.perf_counter()
            assert client.get(address, headers=headers).status_code == 200
            times.append(time.perf_counter() - started)
        if len(captured) > QUERIES:
            raise AssertionError(f"{address}: {len(captured)} queries.")
    return statistics.median(times)


def say(line: str) -> None:
    sys.stdout.write(f"   {line}\n")
