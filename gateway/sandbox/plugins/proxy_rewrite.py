"""proxy-rewrite: https://apisix.apache.org/docs/apisix/plugins/proxy-rewrite/"""

from collections.abc import Mapping
from typing import Any

from gateway.rewriting import fill, proxied_target
from gateway.sandbox.exchange import Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use


class ProxyRewrite(Plugin):
    """Send the upstream another path, host, method or other headers."""

    name = "proxy-rewrite"
    priority = 1008

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Change what the upstream will be sent."""
        conf = use.conf
        if conf.get("host"):
            exchange.upstream_host = conf["host"]
        exchange.target, groups = proxied_target(
            conf, exchange.variable, exchange.query
        )
        _rewrite_headers(conf.get("headers") or {}, exchange, groups)
        if conf.get("method"):
            exchange.method = conf["method"]
        return None


def _rewrite_headers(
    headers: Mapping[str, Any], exchange: Exchange, groups: list[str | None]
) -> None:
    adding, setting, removing = operations(headers)
    for name, value in adding:
        exchange.headers.append(name, _value(value, exchange, groups))
    for name, value in setting:
        exchange.headers[name] = _value(value, exchange, groups)
    for name in removing:
        del exchange.headers[name]


Pairs = list[tuple[str, Any]]


def operations(headers: Mapping[str, Any]) -> tuple[Pairs, Pairs, list[str]]:
    """Return what to add, to set and to remove.

    A plain object of names and values is the old form of `set`; there an empty value
    removes the header.
    """
    if any(
        isinstance(headers.get(name), list | dict) for name in ("add", "set", "remove")
    ):
        adding = headers.get("add") or {}
        setting = headers.get("set") or {}
        return _pairs(adding), _pairs(setting), list(headers.get("remove") or ())
    setting = {name: value for name, value in headers.items() if value != ""}
    removing = [name for name, value in headers.items() if value == ""]
    return [], _pairs(setting), removing


def _pairs(headers: Mapping[str, Any] | list[str]) -> Pairs:
    if isinstance(headers, list):
        parts = [text.partition(":") for text in headers]
        return [(name.strip(), value.strip()) for name, _, value in parts]
    return [
        (name, one)
        for name, value in headers.items()
        for one in (value if isinstance(value, list) else [value])
    ]


def _value(value: Any, exchange: Exchange, groups: list[str | None]) -> str:
    text = str(value)
    return exchange.header_value(fill(text, groups) if groups else text)
