"""Plugins for streams, which know of connections but not of requests.

Facts: https://apisix.apache.org/docs/apisix/stream-proxy/ and
https://apisix.apache.org/docs/apisix/plugins/mqtt-proxy/.
"""

from gateway.sandbox.schemas.plugins.limits import LIMITS
from gateway.sandbox.schemas.plugins.routing import ROUTING
from gateway.sandbox.schemas.plugins.security import SECURITY
from gateway.sandbox.schemas.plugins.shared import BATCH, PENDING
from gateway.sandbox.schemas.registry import Plugin, by_name
from gateway.sandbox.schemas.words import above, choice, flag, obj, text, whole

_SHARED = by_name([*LIMITS, *ROUTING, *SECURITY])

STREAMS = [
    _SHARED["ip-restriction"],
    Plugin(
        name="limit-conn",
        priority=1003,
        schema=obj(
            {
                "conn": above(0, "integer"),
                "burst": whole(0),
                "default_conn_delay": above(0),
                "only_use_default_delay": flag(False),
                "key": text(),
                "key_type": choice("var", "var_combination", default="var"),
            },
            required=["conn", "burst", "default_conn_delay", "key"],
        ),
    ),
    Plugin(
        name="mqtt-proxy",
        priority=1000,
        schema=obj(
            {"protocol_name": text(default="MQTT"), "protocol_level": whole()},
            required=["protocol_level"],
        ),
    ),
    _SHARED["traffic-split"],
    Plugin(
        name="syslog",
        priority=401,
        schema=obj(
            {
                "host": text(),
                "port": whole(),
                "name": text(default="stream sys logger"),
                "flush_limit": whole(1, default=4096),
                "drop_limit": whole(default=1048576),
                "timeout": whole(1, default=3000),
                "sock_type": choice("tcp", "udp", default="tcp"),
                "pool_size": whole(5, default=5),
                "tls": flag(False),
                "log_format": obj(),
                **BATCH,
            },
            required=["host", "port"],
        ),
        metadata_schema=obj({"log_format": obj(), **PENDING}),
    ),
]
