"""proxy-mirror: https://apisix.apache.org/docs/apisix/plugins/proxy-mirror/"""

import random

from gateway.sandbox.exchange import Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use


class ProxyMirror(Plugin):
    """Choose whether a copy of the request goes elsewhere, and where."""

    name = "proxy-mirror"
    priority = 1010

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Note where a copy is to be sent: before proxy-rewrite has changed the path."""
        conf = use.conf
        if random.random() >= conf.get("sample_ratio", 1):  # noqa: S311 - a sample
            return None
        path, own = exchange.request.raw_path or "/", conf.get("path")
        if own:
            path = own + path if conf.get("path_concat_mode") == "prefix" else own
        query = f"?{exchange.query}" if exchange.query else ""
        exchange.mirror = f"{conf['host']}{path}{query}"
        return None
