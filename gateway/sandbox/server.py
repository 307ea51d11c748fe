"""The sandbox as a whole: a node's three listeners over one store, in one event loop."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from gateway.sandbox.admin import admin_app
from gateway.sandbox.control import control_app
from gateway.sandbox.faults import Faults, FaultyApp
from gateway.sandbox.listener import Listener
from gateway.sandbox.node import node_app
from gateway.sandbox.proxy import proxy_app
from gateway.sandbox.store import Store

STATE_FILE = "sandbox.sqlite3"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a sandbox is started. Ports: 0 is any free one; no `state` is memory only."""

    admin_key: str
    admin_port: int = 0
    proxy_port: int = 0
    control_port: int = 0
    state: Path | None = None
    stream: bool = False
    router: str = "radixtree_host_uri"
    faults: bool = False

    def __repr__(self) -> str:
        return (
            f"Options(admin_port={self.admin_port}, proxy_port={self.proxy_port}, "
            f"control_port={self.control_port})"
        )


class Sandbox:
    """One stand-in gateway with its listeners: Admin API, data plane, Control API."""

    def __init__(self, options: Options) -> None:
        self.options = options
        if options.state is not None:
            options.state.mkdir(parents=True, exist_ok=True)
        self.store = Store(options.state / STATE_FILE if options.state else None)
        self.faults = Faults(stream=options.stream)
        # The Admin API itself, without faults and without being counted.
        self.admin_api = admin_app(self.store, self.faults, admin_key=options.admin_key)
        admin: ASGIApp = self.admin_api
        if options.faults:
            admin = control_app(
                FaultyApp(admin, self.faults, refuse=self._refuse),
                self.store,
                self.faults,
                admin_key=options.admin_key,
            )
        self.admin = Listener(admin, port=options.admin_port)
        self.proxy = Listener(
            proxy_app(self.store, mode=options.router), port=options.proxy_port
        )
        self.control = Listener(
            node_app(self.store, self.faults), port=options.control_port
        )
        self._refusing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Answer on all ports."""
        await self.admin.start()
        await self.proxy.start()
        await self.control.start()

    async def pause(self) -> None:
        """Close all ports; `start()` opens the same ones again."""
        for task in list(self._refusing):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.admin.stop()
        await self.proxy.stop()
        await self.control.stop()

    async def stop(self) -> None:
        """Close all ports and the store's file."""
        await self.pause()
        self.store.close()

    def _refuse(self, seconds: float) -> None:
        # At once, lest whoever is reset comes in again before the port is closed.
        self.admin.refuse()
        task = asyncio.ensure_future(self._close_for(seconds))
        self._refusing.add(task)
        task.add_done_callback(self._refusing.discard)

    async def _close_for(self, seconds: float) -> None:
        await self.admin.stop()
        await asyncio.sleep(seconds)
        await self.admin.start()
