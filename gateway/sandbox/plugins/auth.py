"""What the authentication plugins share: the refusal, and the anonymous consumer."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.sandbox.exchange import Consumer, Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use


@dataclass(frozen=True)
class Refusal:
    """Why a caller is not let in, in APISIX's words."""

    message: str


class AuthPlugin(Plugin):
    """A plugin that finds out who calls, or answers 401 with a challenge."""

    is_auth = True
    challenge: ClassVar[str]
    default_realm: ClassVar[str]

    async def identify(self, use: Use, exchange: Exchange) -> Consumer | Refusal:
        """Return who calls. Overridden by each plugin."""
        raise NotImplementedError

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Attach the consumer, or refuse."""
        caller = await self.identify(use, exchange)
        anonymous = use.conf.get("anonymous_consumer")
        if isinstance(caller, Refusal) and anonymous:
            caller = use.directory.consumer_named(anonymous) or Refusal(
                "Invalid user authorization"
            )
        if isinstance(caller, Refusal):
            realm = use.conf.get("realm", self.default_realm)
            exchange.answer_headers["www-authenticate"] = self.challenge.format(
                realm=realm
            )
            return Exit(401, {"message": caller.message})
        exchange.attach(caller)
        return None
