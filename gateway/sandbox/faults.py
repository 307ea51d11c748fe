"""How the sandbox misbehaves when a test tells it to, and what it was asked so far.

A fault is one JSON object:

    {"do": "slow", "seconds": 2, "method": "PUT", "path": "^/apisix/admin/routes/", "times": 1}

`method` (one name, a list, or "write" for PUT, POST, PATCH and DELETE) and `path` (a
regular expression, found anywhere) say which requests it hits, `times` how often
(absent: always), `skip` how many matching requests pass first. What it does:

    slow         answer after `seconds`; the write happens first when `after` is true
    drip         send the answer a byte every `milliseconds`, headers too
    refuse       close the listener for `seconds`, with every open connection; the
                 request itself is reset unanswered and does nothing
    reset        do the work, send `bytes` bytes of the answer (default 40), then reset
    status       do nothing and answer `status` (default 503)
    drop_before  do nothing and reset the connection
    drop_after   do the work and reset the connection without an answer
    lag          reference guards and the Control API see the store as it was
                 `milliseconds` ago, but not as it was before the fault was told
    stream       stream mode is `on` (true or false)

`lag` and `stream` are conditions that stay until the faults are replaced.
"""

import asyncio
import hashlib
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.sandbox.listener import WIRE, Wire

WRITES = frozenset({"PUT", "POST", "PATCH", "DELETE"})
ON_REQUEST = frozenset(
    {"slow", "drip", "refuse", "reset", "status", "drop_before", "drop_after"}
)
CONDITIONS = frozenset({"lag", "stream"})
REMEMBERED_REQUESTS = 100_000


class BadFault(ValueError):
    """The fault is not one of those described above."""


@dataclass
class Fault:
    """One way of misbehaving; see the module's text."""

    do: str
    methods: frozenset[str] | None = None
    path: re.Pattern[str] | None = None
    times: int | None = None
    skip: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, spec: dict[str, Any]) -> "Fault":
        """Read the JSON form. Raises BadFault."""
        options = dict(spec)
        do = options.pop("do", None)
        if do not in ON_REQUEST | CONDITIONS:
            raise BadFault(f"unknown fault {do!r}")
        method = options.pop("method", None)
        if method == "write":
            methods: frozenset[str] | None = WRITES
        elif isinstance(method, str):
            methods = frozenset({method.upper()})
        else:
            methods = frozenset(name.upper() for name in method) if method else None
        path = options.pop("path", None)
        return cls(
            do=do,
            methods=methods,
            path=re.compile(path) if path else None,
            times=options.pop("times", None),
            skip=options.pop("skip", 0),
            options=options,
        )

    def hits(self, method: str, path: str) -> bool:
        """Say whether this request is hit, and count it."""
        if self.methods is not None and method not in self.methods:
            return False
        if self.path is not None and not self.path.search(path):
            return False
        if self.times == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def describe(self) -> dict[str, Any]:
        """Return what is left of this fault, for people."""
        return {
            "do": self.do,
            "method": sorted(self.methods) if self.methods else None,
            "path": self.path.pattern if self.path else None,
            "times": self.times,
            "skip": self.skip,
            **self.options,
        }


class Faults:
    """The faults in force and the requests received; shared by middleware and app."""

    def __init__(self, *, stream: bool = False) -> None:
        self._stream = stream
        self._list: list[Fault] = []
        self._since = time.monotonic()
        self.requests: deque[dict[str, Any]] = deque(maxlen=REMEMBERED_REQUESTS)

    def replace(self, specs: list[dict[str, Any]]) -> None:
        """Put these faults in force instead of all others. Raises BadFault."""
        self._list = [Fault.parse(spec) for spec in specs]
        self._since = time.monotonic()

    def describe(self) -> list[dict[str, Any]]:
        """Return the faults in force."""
        return [fault.describe() for fault in self._list]

    def hit(self, method: str, path: str) -> Fault | None:
        """Return the first fault that this request runs into."""
        for fault in self._list:
            if fault.do in ON_REQUEST and fault.hits(method, path):
                return fault
        return None

    @property
    def lag(self) -> float:
        """How far the node's memory is behind the store, in seconds."""
        for fault in self._list:
            if fault.do == "lag":
                told = float(fault.options.get("milliseconds", 0)) / 1000
                return min(told, time.monotonic() - self._since)
        return 0.0

    @property
    def stream(self) -> bool:
        """Whether stream mode is on."""
        for fault in self._list:
            if fault.do == "stream":
                return bool(fault.options.get("on", True))
        return self._stream


class FaultyApp:
    """The Admin API behind its faults: an ASGI app around another.

    `refuse` is called with the seconds for which the listener shall be closed.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        *,
        refuse: Callable[[float], None] | None = None,
    ) -> None:
        self._app = app
        self._faults = faults
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or not, or not quite."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        seen = {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "time": time.time(),
            "body_digest": hashlib.sha256(body).hexdigest(),
            "status": None,
            "fault": None,
        }
        self._faults.requests.append(seen)

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            await send(message)

        replay = _replay(body, receive)
        fault = self._faults.hit(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, replay, note_status)
            return
        seen["fault"] = fault.do
        await self._misbehave(fault, scope, replay, note_status, seen)

    async def _misbehave(
        self,
        fault: Fault,
        scope: Scope,
        receive: Receive,
        send: Send,
        seen: dict[str, Any],
    ) -> None:
        wire: Wire = scope[WIRE]
        options = fault.options
        if fault.do == "slow":
            await self._answer_slowly(fault, scope, receive, send)
        elif fault.do == "drip":
            wire.pace = float(options.get("milliseconds", 100)) / 1000
            await self._app(scope, receive, send)
        elif fault.do == "reset":
            wire.cut_after = int(options.get("bytes", 40))
            await self._app(scope, receive, send)
        elif fault.do == "status":
            status = int(options.get("status", 503))
            answer = JSONResponse({"error_msg": "the sandbox was told so"}, status)
            await answer(scope, receive, send)
        elif fault.do == "drop_after":
            await self._app(scope, receive, _keep_status(seen))
            await _reset(wire)
        else:
            if fault.do == "refuse" and self._refuse is not None:
                self._refuse(float(options.get("seconds", 1)))
            await _reset(wire)

    async def _answer_slowly(
        self, fault: Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        seconds = float(fault.options.get("seconds", 1))
        if not fault.options.get("after", True):
            await asyncio.sleep(seconds)
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        await asyncio.sleep(seconds)
        for message in messages:
            await send(message)


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _keep_status(seen: dict[str, Any]) -> Send:
    async def swallow(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen["status"] = message["status"]

    return swallow


async def _reset(wire: Wire) -> None:
    wire.reset()
    # uvicorn must learn of the lost connection before the application returns, or
    # it would complain that nothing was answered.
    await asyncio.sleep(0.01)
