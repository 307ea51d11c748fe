"""How long one document of about 2 kB takes to compare, hide, tell and check.

Documents are handled one by one in lists of thousands, so each of these has to stay
well below a millisecond.
"""

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from gateway.diff import diff
from gateway.documents import digest, normal_form, same
from gateway.merge import merge
from gateway.redaction import redact, resolve
from gateway.schemas import Schemas
from gateway.sentences import sentence

KEY = b"the benchmark's fingerprint key"
ROUNDS, TURNS = 30, 50


def document() -> dict[str, Any]:
    """A route as they are found: several nodes, conditions and plugins."""
    return {
        "id": "conference-k7m2qx",
        "name": "Conference API",
        "desc": "Sessions and topics of the speakers of the conference, for apps.",
        "uris": ["/speaker/*", "/v1/speaker/*", "/session/*", "/topic/*"],
        "hosts": ["conference.example.com", "*.conference.example.com"],
        "methods": ["GET", "POST", "HEAD", "OPTIONS"],
        "labels": {f"label-{n}": f"value-{n}" for n in range(16)},
        "vars": [["arg_version", "==", "2"], ["http_x_tenant", "~~", "^[a-z]+$"]],
        "priority": 10,
        "timeout": {"connect": 3, "send": 6.0, "read": 6},
        "upstream": {
            "type": "roundrobin",
            "scheme": "https",
            "pass_host": "rewrite",
            "upstream_host": "conference.internal",
            "retries": 2,
            "nodes": [
                {"host": f"10.0.0.{n}", "port": 8443, "weight": 10}
                for n in range(1, 17)
            ],
            "checks": {"active": {"type": "https", "http_path": "/healthz"}},
        },
        "plugins": {
            "limit-count": {"count": 100, "time_window": 60, "key": "remote_addr"},
            "key-auth": {"header": "apikey"},
            "cors": {"allow_origins": "https://a.example.com,https://b.example.com"},
            "proxy-rewrite": {
                "headers": {
                    "set": {"Authorization": "Bearer 0123456789abcdef", "X-A": "1"},
                    "remove": ["X-Internal"],
                }
            },
            "http-logger": {"uri": "https://logs.internal/in", "auth_header": "hush"},
        },
    }


def schemas() -> Schemas:
    """Small schemas: what is measured is our part, not the size of APISIX's."""
    plugin = {
        "type": "object",
        "properties": {"count": {"type": "integer"}, "key": {"default": "remote_addr"}},
        "encrypt_fields": ["auth_header"],
    }
    names = document()["plugins"]
    return Schemas(
        version="3.13.0",
        kinds={"route": {"type": "object", "properties": {"priority": {"default": 0}}}},
        plugins={name: {"schema": plugin} for name in names},
    )


def main() -> None:
    """Print the median time of each in microseconds."""
    route, known = document(), schemas()
    fields = known.encrypt_fields
    changed = {**document(), "priority": 11, "methods": ["GET"]}
    shown = redact("route", route, key=KEY, encrypt_fields=fields)
    size = len(json.dumps(route, separators=(",", ":")))
    sys.stdout.write(f"   a route of {size} bytes; median of {ROUNDS} × {TURNS}\n")
    measured: dict[str, Callable[[], Any]] = {
        "normal_form": lambda: normal_form("route", route),
        "normal_form before 3.14": lambda: normal_form(
            "route", route, version="3.13.0", schemas=known
        ),
        "same": lambda: same("route", route, changed),
        "same before 3.14": lambda: same(
            "route", route, changed, version="3.13.0", schemas=known
        ),
        "digest": lambda: digest("route", route, key=KEY),
        "redact": lambda: redact("route", route, key=KEY, encrypt_fields=fields),
        "resolve": lambda: resolve(
            "route", shown, route, key=KEY, encrypt_fields=fields
        ),
        "merge": lambda: merge("route", route, {"upstream": {"url": "http://a:1"}}),
        "diff": lambda: diff(route, changed),
        "sentence": lambda: sentence("update", "route", "r", route, changed),
        "violations": lambda: list(known.violations("route", route)),
    }
    for name, work in measured.items():
        sys.stdout.write(f"   {name:<24} {microseconds(work):8.1f} µs\n")


def microseconds(work: Callable[[], Any]) -> float:
    """Return the median time of one turn."""
    work()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(TURNS):
            work()
        times.append((time.perf_counter() - started) / TURNS)
    return median(times) * 1e6
