"""Plugins for streams, which know of connections but not of requests.

Facts: https://apisix.apache.org/docs/apisix/stream-proxy/ and
https://apisix.apache.org/docs/apisix/plugins/mqtt-proxy/.
"""

from dataclasses import replace

from gateway.sandbox.schemas.plugins.limits import LIMITS
from gateway.sandbox.schemas.plugins.loggers import LOGGERS
from gateway.sandbox.schemas.plugins.routing import ROUTING
from gateway.sandbox.schemas.plugins.security import SECURITY
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import obj, text, whole

# These exist for both; a stream knows no answer that could be worded.
_SHARED = ("ip-restriction", "limit-conn", "syslog", "traffic-split")

STREAMS = [
    Plugin(
        name="mqtt-proxy",
        priority=1000,
        schema=obj(
            {"protocol_name": text(), "protocol_level": whole()},
            required=["protocol_name", "protocol_level"],
        ),
    ),
    *(
        replace(plugin, sort=None)
        for plugin in [*LIMITS, *LOGGERS, *ROUTING, *SECURITY]
        if plugin.name in _SHARED
    ),
]
