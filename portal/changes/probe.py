"""A request that a change names to prove itself: what goes out, what must come back.

Reviewers see it and their approvals are bound to it; the worker sends it to the
gateway's public address once the change is delivered (probing.py). It changes nothing
there, and holds no secret: everybody who may read the change reads it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.secret_fields import QUERY_KEY, SECRET_HEADER
from portal.changes.errors import Malformed

# What may be repeated without a second thought.
METHODS = ("GET", "HEAD", "OPTIONS")
PATH_LIMIT, TEXT_LIMIT, HEADERS_AT_MOST = 2_000, 500, 10
PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?\[\]]*")
HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
NO_SECRETS = (
    "This may hold a secret, and everybody who reads the change would see it. Leave it "
    "out and expect what the gateway answers without it, such as 401."
)
# What the connection says of itself, or another field of the probe.
OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """`host`: the name to ask for, "" for that of the gateway's public address.

    `contains`: what the body of the answer must hold, "" for anything. `take_back`:
    whether the change is taken back when the answer is not as expected.
    """

    path: str
    status: int
    method: str = "GET"
    host: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    contains: str = ""
    take_back: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as programs give it, without what is left out."""
        expect: dict[str, Any] = {"status": self.status}
        if self.contains:
            expect["body_contains"] = self.contains
        told: dict[str, Any] = {
            "method": self.method,
            "path": self.path,
            "expect": expect,
        }
        if self.host:
            told["host"] = self.host
        if self.headers:
            told["headers"] = dict(self.headers)
        if self.take_back:
            told["take_back"] = True
        return told

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Probe":
        """Return the probe that `as_json` told."""
        expect = told["expect"]
        return cls(
            method=told.get("method", "GET"),
            path=told["path"],
            host=told.get("host", ""),
            headers=told.get("headers", {}),
            status=expect["status"],
            contains=expect.get("body_contains", ""),
            take_back=told.get("take_back", False),
        )

    def check(self) -> None:
        """Raise Malformed for a probe that cannot or must not be sent."""
        for fault in self.faults():
            raise fault

    def faults(self) -> Iterator[Malformed]:
        """Yield all that keeps it from being sent; each names its field."""
        if self.method not in METHODS:
            yield Malformed(
                f"A probe changes nothing. Use {', '.join(METHODS)}.",
                field="probe.method",
            )
        if len(self.path) > PATH_LIMIT or not PATH.fullmatch(self.path):
            yield Malformed(
                "Give a path such as /speaker/1?lang=en: from its first slash on, at most "
                f"{PATH_LIMIT:,} characters, others than ASCII as %XX.",
                field="probe.path",
            )
        if QUERY_KEY.search(self.path):
            yield Malformed(NO_SECRETS, field="probe.path")
        if self.host and not HOST.fullmatch(self.host):
            yield Malformed(
                "Give a name such as api.example.com, without a port.",
                field="probe.host",
            )
        yield from self._faults_of_headers()
        if not 200 <= self.status <= 599:
            yield Malformed(
                "Give the status of a final answer: 200 to 599.",
                field="probe.expect.status",
            )
        if len(self.contains) > TEXT_LIMIT:
            yield Malformed(
                f"Use at most {TEXT_LIMIT} characters.",
                field="probe.expect.body_contains",
            )
        if self.contains and self.method == "HEAD":
            yield Malformed(
                "An answer to HEAD has no body. Use GET, or leave this out.",
                field="probe.expect.body_contains",
            )

    def _faults_of_headers(self) -> Iterator[Malformed]:
        if len(self.headers) > HEADERS_AT_MOST:
            yield Malformed(
                f"Give at most {HEADERS_AT_MOST} headers.", field="probe.headers"
            )
            return
        seen: set[str] = set()
        for name, value in self.headers.items():
            where, lower = f"probe.headers.{name[:100]}", name.lower()
            if not HEADER_NAME.fullmatch(name) or lower in seen:
                yield Malformed(
                    "Each header needs a name of its own, of letters, digits and hyphens.",
                    field=where,
                )
            seen.add(lower)
            if lower in OWN_HEADERS or lower.startswith("proxy-"):
                yield Malformed(
                    "Gatehouse sets this header itself; say `host` for the host.",
                    field=where,
                )
            if SECRET_HEADER.search(name):
                yield Malformed(NO_SECRETS, field=where)
            if len(value) > TEXT_LIMIT or not HEADER_VALUE.fullmatch(value):
                yield Malformed(
                    f"Give 1 to {TEXT_LIMIT} printable ASCII characters.", field=where
                )

    def __str__(self) -> str:
        """Say what is sent and what must come back, from the probe alone."""
        host = f" at host {self.host}" if self.host else ""
        headers = "".join(
            f", with {name}: {value}" for name, value in self.headers.items()
        )
        contains = f" and a body that holds “{self.contains}”" if self.contains else ""
        return f"{self.method} {self.path}{host}{headers} → {self.status}{contains}"
