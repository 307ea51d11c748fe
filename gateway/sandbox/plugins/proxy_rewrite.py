"""proxy-rewrite: https://apisix.apache.org/docs/apisix/plugins/proxy-rewrite/"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from gateway.sandbox.exchange import Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use
from gateway.sandbox.plugins.rewriting import captures, fill, substitute

# What the gateway leaves alone when it encodes a path that it made.
_SAFE = "/!&'()*+,-.:;=@_~$"


class ProxyRewrite(Plugin):
    """Send the upstream another path, host, method or other headers."""

    name = "proxy-rewrite"
    priority = 1008

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Change what the upstream will be sent."""
        conf = use.conf
        if conf.get("host"):
            exchange.upstream_host = conf["host"]
        groups = _rewrite_path(conf, exchange)
        _rewrite_headers(conf.get("headers") or {}, exchange, groups)
        if conf.get("method"):
            exchange.method = conf["method"]
        return None


def _rewrite_path(conf: Mapping[str, Any], exchange: Exchange) -> list[str | None]:
    raw = bool(conf.get("use_real_request_uri_unsafe"))
    path = exchange.request.path
    groups: list[str | None] = []
    if raw:
        path = str(exchange.request.variable("request_uri"))
    elif conf.get("uri"):
        path = exchange.resolve(conf["uri"])
    elif conf.get("regex_uri"):
        pairs = conf["regex_uri"]
        for pattern, replacement in zip(pairs[::2], pairs[1::2], strict=False):
            found = captures(pattern, path)
            if found is not None:
                groups = found
                path, _ = substitute(pattern, replacement, path)
                break
    if raw:
        exchange.target = path
        return groups
    fixed, mark, query = path.partition("?")
    target = quote(fixed, safe=_SAFE, errors="surrogateescape") + mark + query
    if exchange.query:
        target += ("&" if mark else "?") + exchange.query
    exchange.target = target
    return groups


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
