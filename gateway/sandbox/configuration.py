"""What the data plane acts on: one consistent reading of the store."""

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.router.match import Mode, Router
from gateway.sandbox.exchange import Consumer

Document = Mapping[str, Any]


class Documents(Protocol):
    """Where documents come from."""

    @property
    def revision(self) -> int:
        """A number that changes with every write."""

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return {id: document} of one kind."""

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return one document."""


class Configuration:
    """Every document at one revision, with the router and the consumers indexed.

    `before` is the previous one: what did not change is taken over.
    """

    def __init__(
        self, documents: Documents, mode: Mode, before: "Configuration | None" = None
    ) -> None:
        # Read first: a write in between makes the next request read again.
        self.revision = documents.revision
        self._routes = documents.all("route")
        self.services = documents.all("service")
        self.upstreams = documents.all("upstream")
        self.plugin_configs = documents.all("plugin_config")
        self.global_rules = documents.all("global_rule")
        self.consumer_groups = documents.all("consumer_group")
        self.metadata = documents.all("plugin_metadata")
        self._consumers = documents.all("consumer")
        self._index: dict[tuple[str, str, str], tuple[Consumer, Document]] = {}
        self.router = self._kept_router(before) or Router(
            _with_ids(self._routes), mode=mode, services=self.services
        )
        self._index_consumers(documents.all("credential"))

    def consumer_by(
        self, plugin: str, field: str, value: str
    ) -> tuple[Consumer, Document] | None:
        """Return who has this value in that field of a credential, and the credential."""
        return self._index.get((plugin, field, value))

    def consumer_named(self, username: str) -> Consumer | None:
        """Return a consumer by its name."""
        document = self._consumers.get(username)
        return None if document is None else _consumer(username, document)

    def _kept_router(self, before: "Configuration | None") -> Router | None:
        # Thousands of routes take a while to index: only when one has changed.
        if before is None or before._routes != self._routes:
            return None
        return before.router if before.services == self.services else None

    def _index_consumers(self, credentials: Mapping[str, Document]) -> None:
        for username, document in self._consumers.items():
            self._note(_consumer(username, document), document)
        for key, credential in credentials.items():
            username, _, credential_id = key.partition("/credentials/")
            owner = self._consumers.get(username)
            if owner is not None:
                self._note(_consumer(username, owner, credential_id), credential)

    def _note(self, consumer: Consumer, document: Document) -> None:
        for plugin, credential in (document.get("plugins") or {}).items():
            for field, value in dict(credential).items():
                if isinstance(value, str):
                    self._index[plugin, field, value] = (consumer, credential)


def _with_ids(documents: Mapping[str, Document]) -> list[Document]:
    return [{**document, "id": key} for key, document in documents.items()]


def _consumer(
    username: str, document: Document, credential_id: str | None = None
) -> Consumer:
    group = document.get("group_id")
    custom = (document.get("labels") or {}).get("custom_id")
    return Consumer(
        username,
        document.get("plugins") or {},
        group_id=None if group is None else str(group),
        credential_id=credential_id,
        custom_id=custom,
    )
