"""How many comparisons it takes to find who else answers a route's requests.

Against 10,000 live routes, one of them for everything: naively every way into a route
is compared with every way into every other. Where thousands may meet it, the nearest
are looked at and the others only named. Counted, not timed, so a busy machine changes
nothing but the seconds.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from gateway.overlap.compare import Overlaps

Route = dict[str, Any]

LIVE = 10_000
HOSTS = 500
# At most this share of the naive comparisons, per changed route.
PROMISED = 0.01


def realistic(number: int) -> Route:
    """Hosts with twenty prefixes each, some exact, with methods, priorities, versions."""
    host, place = number % HOSTS, number // HOSTS
    route: Route = {
        "uri": f"/api/v{place % 3}/service{place}" + ("/*" if place % 4 else ""),
        "host": f"h{host}.example.com",
    }
    if place % 5 == 0:
        route["methods"] = ["GET", "POST"]
    if place % 7 == 0:
        route["priority"] = place
    if place % 11 == 0:
        route["vars"] = [["arg_version", "==", str(place)]]
    return route


def one_host(number: int) -> Route:
    return {"uri": f"/service{number}/*", "host": "api.example.com"}


def no_host(number: int) -> Route:
    return {"uri": f"/service{number}/*"}


# What people ask for: the same once more, something below it, something wider.
ASKED: dict[str, Callable[[Route], Route]] = {
    "twin": lambda route: route,
    "below": lambda route: {**route, "uri": route["uri"].rstrip("*") + "/orders"},
    "stronger": lambda route: {**route, "priority": 100},
    "everything on its host": lambda route: {**route, "uri": "/*"},
    "any host": lambda route: {**route, "host": None},
    "everything": lambda route: {"uri": "/*"},
    "everything, stronger": lambda route: {"uri": "/*", "priority": 100},
}
SAMPLE = range(0, LIVE, LIVE // 20)


def main() -> None:
    """Print naive and own comparisons, their ratio and the seconds of each population."""
    say(
        f"{'population, ' + str(LIVE) + ' routes':<28} {'naive':>7} {'mean':>6} {'most':>5}"
    )
    for population in (realistic, one_host, no_host):
        live = {str(number): population(number) for number in range(LIVE - 1)}
        live["all"] = {"uri": "/*"}
        started = time.perf_counter()
        overlaps = Overlaps(live)
        say(f"{population.__name__}: indexed in {time.perf_counter() - started:.2f} s")
        for name, asked in ASKED.items():
            measure(name, overlaps, [asked(live[str(number)]) for number in SAMPLE])


def measure(name: str, overlaps: Overlaps, routes: list[Route]) -> None:
    """Ask about each of these as a new route."""
    counts, seconds = [], []
    for route in routes:
        started = time.perf_counter()
        counts.append(overlaps.of({"new": (None, route)}).comparisons)
        seconds.append(time.perf_counter() - started)
    mean, most = statistics.mean(counts), max(counts)
    say(
        f"  {name:<26} {LIVE:>7} {mean:>6.1f} {most:>5} "
        f"{most / LIVE:>7.2%} of naive, {statistics.median(seconds) * 1000:.1f} ms"
    )
    if most > PROMISED * LIVE:
        raise AssertionError(f"{most} comparisons are more than {PROMISED:.0%}.")


def say(line: str) -> None:
    sys.stdout.write(f"   {line}\n")
