"""The plugins that the data plane really runs.

Facts from https://apisix.apache.org/docs/apisix/plugins/ and recorded priorities of
3.18.0. What is configured but not listed here is left out and named in an answer header.
"""

from gateway.sandbox.plugins.base import Plugin
from gateway.sandbox.plugins.basic_auth import BasicAuth
from gateway.sandbox.plugins.cors import CORS
from gateway.sandbox.plugins.fault_injection import FaultInjection
from gateway.sandbox.plugins.ip_restriction import IPRestriction
from gateway.sandbox.plugins.jwt_auth import JWTAuth
from gateway.sandbox.plugins.key_auth import KeyAuth
from gateway.sandbox.plugins.limit_count import LimitCount
from gateway.sandbox.plugins.limit_req import LimitReq
from gateway.sandbox.plugins.mocking import Mocking
from gateway.sandbox.plugins.proxy_cache import ProxyCache
from gateway.sandbox.plugins.proxy_mirror import ProxyMirror
from gateway.sandbox.plugins.proxy_rewrite import ProxyRewrite
from gateway.sandbox.plugins.redirect import Redirect
from gateway.sandbox.plugins.request_id import RequestID
from gateway.sandbox.plugins.response_rewrite import ResponseRewrite
from gateway.sandbox.plugins.traffic_split import TrafficSplit

_CLASSES: tuple[type[Plugin], ...] = (
    RequestID,
    FaultInjection,
    Mocking,
    CORS,
    IPRestriction,
    BasicAuth,
    JWTAuth,
    KeyAuth,
    ProxyCache,
    ProxyMirror,
    ProxyRewrite,
    LimitCount,
    LimitReq,
    TrafficSplit,
    Redirect,
    ResponseRewrite,
)

# {name: priority}; a higher priority runs first.
OFFERED: dict[str, int] = {one.name: one.priority for one in _CLASSES}


def new_plugins() -> dict[str, Plugin]:
    """Return {name: plugin}, with counters and caches of their own."""
    return {one.name: one() for one in _CLASSES}
