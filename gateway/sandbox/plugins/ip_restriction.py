"""ip-restriction: https://apisix.apache.org/docs/apisix/plugins/ip-restriction/"""

from functools import lru_cache

from gateway.router.vars import AddressSet
from gateway.sandbox.exchange import Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use


class IPRestriction(Plugin):
    """Let only some addresses in, or keep some out."""

    name = "ip-restriction"
    priority = 3000

    async def access(self, use: Use, exchange: Exchange) -> Exit | None:
        """Refuse an address that is listed as bad, or not listed as good."""
        address = exchange.request.remote_addr
        bad, good = use.conf.get("blacklist"), use.conf.get("whitelist")
        refused = bool(bad) and address in _addresses(tuple(bad or ()))
        if good:
            refused = address not in _addresses(tuple(good))
        if not refused:
            return None
        message = use.conf.get("message", "Your IP address is not allowed")
        return Exit(use.conf.get("response_code", 403), {"message": message})


@lru_cache(maxsize=256)
def _addresses(texts: tuple[str, ...]) -> AddressSet:
    return AddressSet(texts)
