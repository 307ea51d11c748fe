"""cors: https://apisix.apache.org/docs/apisix/plugins/cors/"""

from collections.abc import Mapping
from typing import Any

from gateway.patterns import search
from gateway.sandbox.exchange import Exchange, Exit, Reply
from gateway.sandbox.plugins.base import Plugin, Use

_EVERY_METHOD = "GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE"


class CORS(Plugin):
    """Say which origins may read the answer in a browser."""

    name = "cors"
    priority = 4000

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Answer a preflight request; remember the origin, which others may change."""
        exchange.notes["cors.origin"] = exchange.headers.get("origin")
        return Exit(200, "") if exchange.method == "OPTIONS" else None

    async def header_filter(self, use: Use, exchange: Exchange, reply: Reply) -> None:
        """Set the Access-Control headers."""
        conf = use.conf
        origin = exchange.notes.get("cors.origin")
        allowed = _allowed(
            conf, use.metadata, origin, "allow_origins", "allow_origins_by_regex", "*"
        )
        if conf.get("allow_origins", "*") != "*" or conf.get("allow_origins_by_regex"):
            reply.headers.add_vary_header("Origin")
        if allowed is not None:
            self._allow(conf, exchange, reply, allowed)
        timing = _allowed(
            conf,
            use.metadata,
            origin,
            "timing_allow_origins",
            "timing_allow_origins_by_regex",
            None,
        )
        if timing is not None:
            reply.headers["timing-allow-origin"] = timing

    def _allow(
        self, conf: Mapping[str, Any], exchange: Exchange, reply: Reply, origin: str
    ) -> None:
        methods = conf.get("allow_methods", "*")
        headers = conf.get("allow_headers", "*")
        if headers == "**":
            headers = exchange.headers.get("access-control-request-headers")
        wanted = {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": _EVERY_METHOD
            if methods == "**"
            else methods,
            "access-control-max-age": str(conf.get("max_age", 5)),
            "access-control-expose-headers": conf.get("expose_headers"),
            "access-control-allow-headers": headers,
            "access-control-allow-credentials": "true"
            if conf.get("allow_credential")
            else None,
        }
        for name, value in wanted.items():
            if value is None:
                del reply.headers[name]
            else:
                reply.headers[name] = value


def _allowed(
    conf: Mapping[str, Any],
    metadata: Mapping[str, Any],
    origin: str | None,
    listed_field: str,
    regex_field: str,
    default: str | None,
) -> str | None:
    patterns = conf.get(regex_field)
    listed = conf.get(listed_field, default)
    if patterns is not None:
        found = origin is not None and search("|".join(patterns), origin) is not None
        allowed = origin if found else None
    else:
        allowed = _listed(listed, origin)
    if allowed is not None and allowed in ("*", origin):
        return allowed
    if listed_field == "allow_origins":
        known = metadata.get("allow_origins", {})
        for name in conf.get("allow_origins_by_metadata", ()):
            allowed = _listed(known.get(name), origin)
            if allowed is not None and allowed in ("*", origin):
                return allowed
    return None


def _listed(listed: str | None, origin: str | None) -> str | None:
    if listed == "**":
        return origin or "*"
    if listed is not None and "," in listed:
        return origin if origin in listed.split(",") else None
    return listed
