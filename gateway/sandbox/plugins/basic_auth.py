"""basic-auth: https://apisix.apache.org/docs/apisix/plugins/basic-auth/"""

import base64
import binascii
import re
import secrets

from gateway.sandbox.exchange import Consumer, Exchange
from gateway.sandbox.plugins.auth import AuthPlugin, Refusal
from gateway.sandbox.plugins.base import Use

_SPACE = re.compile(r"\s+")


class BasicAuth(AuthPlugin):
    """Ask for a user name and a password (RFC 7617)."""

    name = "basic-auth"
    priority = 2520
    challenge = 'Basic realm="{realm}"'
    default_realm = "basic"

    async def identify(self, use: Use, exchange: Exchange) -> Consumer | Refusal:
        """Find the consumer with this user name and compare the password."""
        header = exchange.headers.get("authorization")
        if header is None:
            return Refusal("Missing authorization in request")
        pair = _pair(header)
        if pair is None:
            return Refusal("Invalid authorization in request")
        username, password = pair
        found = use.directory.consumer_by(self.name, "username", username)
        if found is None or not _equal(str(found[1].get("password")), password):
            return Refusal("Invalid user authorization")
        if use.conf.get("hide_credentials"):
            del exchange.headers["authorization"]
        return found[0]


def _pair(header: str) -> tuple[str, str] | None:
    found = re.search(r"Basic\s(.+)", header)
    if found is None:
        return None
    try:
        text = base64.b64decode(found[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    username, colon, password = text.partition(":")
    if not colon:
        return None
    # The gateway strips all white space from both before it compares them.
    return _SPACE.sub("", username), _SPACE.sub("", password)


def _equal(kept: str, given: str) -> bool:
    return secrets.compare_digest(kept.encode(), given.encode())
