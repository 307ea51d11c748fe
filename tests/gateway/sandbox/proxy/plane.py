"""The data plane under test: a real one, over a real store, with a real upstream."""

from typing import Any

import httpx2

from gateway.sandbox.store import Store
from tests.gateway.sandbox.proxy.serving import Echo
from tests.waiting import LONG


class Plane:
    """A running data plane and what a test needs around it."""

    def __init__(self, store: Store, port: int, echo: Echo, echo_port: int) -> None:
        self.store = store
        self.port = port
        self.echo = echo
        self.echo_port = echo_port
        self._client = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=LONG
        )

    @property
    def nodes(self) -> dict[str, int]:
        """The echoing upstream, as a document names it."""
        return {f"127.0.0.1:{self.echo_port}": 1}

    def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Store a document, as the Admin API would."""
        field = {"consumer": "username", "plugin_metadata": "name"}.get(kind, "id")
        self.store.put(kind, key, {field: key, **document})

    def route(self, key: str = "r", uri: str = "/*", **fields: Any) -> None:
        """Store a route to the echoing upstream, unless it says otherwise."""
        document: dict[str, Any] = {"uri": uri, **fields}
        if not fields.keys() & {"upstream", "upstream_id", "service_id"}:
            document["upstream"] = {"nodes": self.nodes, "type": "roundrobin"}
        self.put("route", key, document)

    def plugin(
        self, name: str, conf: dict[str, Any] | None = None, **more: Any
    ) -> None:
        """Store one route with this plugin, and perhaps others."""
        self.route(plugins={name: conf or {}, **more})

    def consumer(self, name: str, **fields: Any) -> None:
        """Store a consumer."""
        self.put("consumer", name, fields)

    def get(self, path: str = "/hello", **options: Any) -> httpx2.Response:
        """Send a GET."""
        return self.send("GET", path, **options)

    def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request to the data plane."""
        return self._client.request(method, path, **options)

    @property
    def client(self) -> httpx2.Client:
        """The client, for what the methods above do not do."""
        return self._client

    def close(self) -> None:
        """Close the client's connections and the store."""
        self._client.close()
        self.store.close()
