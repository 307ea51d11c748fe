"""Plugins that keep answers.

Facts: https://apisix.apache.org/docs/apisix/plugins/proxy-cache/ and its neighbours.
"""

from typing import Any

from gateway.sandbox.schemas.plugins.shared import ANSWER_SIZE
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    array,
    choice,
    flag,
    obj,
    text,
    whole,
)

_CACHE_METHODS = array(
    choice("GET", "POST", "HEAD"),
    1,
    uniqueItems=True,
    default=["GET", "HEAD"],
)

_CACHE = {
    "cache_zone": text(1, 100, default="disk_cache_one"),
    "cache_strategy": choice("disk", "memory", default="disk"),
    "cache_ttl": whole(1, default=300),
    "cache_set_cookie": flag(False),
    "consumer_isolation": flag(True),
}


# A text or a variable.
_PART = text(pattern="(^[^\\$].+$|^\\$[0-9a-zA-Z_]+$)")


# The zones of a stock gateway, and where each keeps its answers.
_ZONES = {"disk_cache_one": "disk", "memory_cache": "memory"}


def _cache(configuration: dict[str, Any]) -> str | None:
    if "$request_method" in configuration.get("cache_key", ()):
        return "cache_key variable $request_method unsupported"
    zone, strategy = configuration["cache_zone"], configuration["cache_strategy"]
    if zone not in _ZONES:
        return f"cache_zone {zone} not found"
    if _ZONES[zone] != strategy:
        return f"invalid or empty cache_zone for cache_strategy: {strategy}"
    return None


CACHING = [
    Plugin(
        name="proxy-cache",
        priority=1085,
        version=0.2,
        schema=obj(
            {
                **_CACHE,
                "cache_key": array(_PART, 1, default=["$host", "$request_uri"]),
                "cache_http_status": array(
                    whole(200, 599), 1, uniqueItems=True, default=[200, 301, 404]
                ),
                "cache_method": _CACHE_METHODS,
                "hide_cache_headers": flag(False),
                "cache_control": flag(False),
                "cache_bypass": array(_PART, 1),
                "no_cache": array(_PART, 1),
                **ANSWER_SIZE,
            }
        ),
        check=_cache,
    ),
    Plugin(
        name="graphql-proxy-cache",
        priority=1009,
        schema=obj(_CACHE),
        check=_cache,
    ),
]
