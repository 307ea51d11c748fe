"""What a plugin of the data plane is: hooks by phase, as APISIX names them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from gateway.sandbox.exchange import Consumer, Exchange, Exit, Reply


class Directory(Protocol):
    """Where a plugin looks up consumers."""

    def consumer_by(
        self, plugin: str, field: str, value: str
    ) -> tuple[Consumer, Mapping[str, Any]] | None:
        """Return who has this value in that field of a credential, and the credential."""

    def consumer_named(self, username: str) -> Consumer | None:
        """Return a consumer by its name."""


@dataclass(frozen=True)
class Use:
    """One plugin as it is in effect for a request.

    `parent` is where its configuration was written, like `routes/r1`. `is_from_consumer`
    is true when only the consumer or its group brought the plugin in.
    """

    plugin: "Plugin"
    conf: Mapping[str, Any]
    parent: str
    directory: Directory
    metadata: Mapping[str, Any] = field(default_factory=dict)
    is_from_consumer: bool = False


class Plugin:
    """One plugin. An instance belongs to one data plane and may keep its state.

    A hook that is not overridden is not run. Hooks before the upstream is asked may
    return an Exit: then nothing later of these phases runs, but the filters do.
    """

    name: ClassVar[str]
    priority: ClassVar[int]
    is_auth: ClassVar[bool] = False

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Run before it is known who calls (authentication finds out here)."""

    async def access(self, use: Use, exchange: Exchange) -> Exit | None:
        """Run when it is known who calls."""

    async def header_filter(self, use: Use, exchange: Exchange, reply: Reply) -> None:
        """Change status and headers of the answer."""

    async def body_filter(self, use: Use, exchange: Exchange, reply: Reply) -> None:
        """Change the body of the answer, after every header filter has run."""
