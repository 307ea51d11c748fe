"""What plugins that limit have in common: whose requests are counted together."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.sandbox.exchange import Exchange
from gateway.sandbox.plugins.base import Use


def key_of(conf: Mapping[str, Any], exchange: Exchange) -> str:
    """Return the value of `key` for this request, by its `key_type`."""
    key = str(conf.get("key", "remote_addr"))
    kind = conf.get("key_type", "var")
    if kind == "constant":
        return key
    if kind == "var_combination":
        value, found = exchange.resolve_counting(key)
        return value if found else exchange.request.remote_addr
    single = exchange.variable(key)
    # Without a value every request would share one counter: count by address.
    return exchange.request.remote_addr if single in (None, "") else str(single)


def place_of(use: Use) -> str:
    """Return what separates one counter from another, besides the key."""
    # A changed limit starts to count anew; a change elsewhere on the route does not.
    settings = {name: value for name, value in use.conf.items() if name != "_meta"}
    return f"{use.parent}:{json.dumps(settings, sort_keys=True)}"
