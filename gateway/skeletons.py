"""A document to begin with for each kind: what the gateway needs, and little more.

Facts: https://apisix.apache.org/docs/apisix/admin-api/. Addresses, names and paths in
them stand for what their author means; secrets are named where a manager holds them.
"""

from typing import Any

Document = dict[str, Any]

_NODES: Document = {"127.0.0.1:8000": 1}
_LIMIT: Document = {"limit-count": {"count": 100, "time_window": 60}}

SKELETONS: dict[str, Document] = {
    "route": {"uri": "/hello/*", "upstream": {"nodes": _NODES}},
    "stream_route": {"server_port": 9100, "upstream": {"nodes": _NODES}},
    "service": {"name": "hello", "upstream": {"nodes": _NODES}},
    "upstream": {"name": "hello", "nodes": _NODES},
    "consumer": {"username": "jack"},
    "credential": {"plugins": {"key-auth": {"key": "$secret://vault/1/jack/key"}}},
    "consumer_group": {"plugins": _LIMIT},
    "plugin_config": {"plugins": _LIMIT},
    "global_rule": {"plugins": {"request-id": {}}},
    "plugin_metadata": {"log_format": {"host": "$host", "at": "$time_iso8601"}},
    "ssl": {
        "snis": ["shop.example.com"],
        "cert": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----",
        "key": "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----",
    },
    "secret": {
        "uri": "https://vault.example.com:8200",
        "prefix": "kv/apisix",
        "token": "$ENV://VAULT_TOKEN",
    },
    "proto": {
        "content": 'syntax = "proto3";\npackage hello;\nservice Hello {}\n',
    },
}
