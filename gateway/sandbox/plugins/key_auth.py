"""key-auth: https://apisix.apache.org/docs/apisix/plugins/key-auth/"""

from gateway.sandbox.exchange import Consumer, Exchange
from gateway.sandbox.plugins.auth import AuthPlugin, Refusal
from gateway.sandbox.plugins.base import Use


class KeyAuth(AuthPlugin):
    """Ask for a key in a header or a query argument."""

    name = "key-auth"
    priority = 2500
    challenge = 'apikey realm="{realm}"'
    default_realm = "key"

    async def identify(self, use: Use, exchange: Exchange) -> Consumer | Refusal:
        """Find the consumer that has this key."""
        header = use.conf.get("header", "apikey")
        query = use.conf.get("query", "apikey")
        key = exchange.headers.get(header)
        in_header = key is not None
        if key is None:
            argument = exchange.argument(query)
            key = argument if isinstance(argument, str) else None
        if key is None:
            return Refusal("Missing API key found in request")
        found = use.directory.consumer_by(self.name, "key", key)
        if found is None:
            return Refusal("Invalid API key in request")
        if use.conf.get("hide_credentials"):
            if in_header:
                del exchange.headers[header]
            else:
                exchange.drop_argument(query)
        return found[0]
