"""An upstream as one may write it: facts from APISIX 3.18's schema of `upstream`.

https://apisix.apache.org/docs/apisix/admin-api/#upstream
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.wire.inputs.described import KindDocument
from portal.wire.inputs.fields import (
    Choice,
    Free,
    Id,
    Number,
    Partial,
    Text,
    Whole,
    all_unknown,
)

NODE_FIELDS = ["host", "port", "weight", "priority", "metadata"]
NODES_SCHEMA = {
    "oneOf": [
        {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "host": {"type": "string"},
                    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                    "weight": {"type": "integer", "minimum": 0},
                    "priority": {"type": "integer"},
                    "metadata": {"type": "object"},
                },
                "required": ["host", "weight"],
                "additionalProperties": False,
            },
        },
    ]
}


@extend_schema_field(NODES_SCHEMA)
class Nodes(serializers.Field[Any, Any, Any, Any]):
    """`{"host:port": weight}` or a list of nodes."""

    # DRF formats these, hence the doubled braces.
    default_error_messages = {
        "invalid": 'Give an object like {{"127.0.0.1:8000": 1}}, or a list of '
        '{{"host": "127.0.0.1", "port": 8000, "weight": 1}}.',
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            wrong: dict[str, Any] = {
                key[:80]: ["Give its weight: a whole number from 0, like 1."]
                for key, weight in data.items()
                if not _is_weight(weight)
            }
        elif isinstance(data, list):
            wrong = {
                str(index): words
                for index, node in enumerate(data)
                if (words := _wrong_node(node))
            }
        else:
            self.fail("invalid")
        if wrong:
            raise serializers.ValidationError(wrong)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def _is_weight(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _wrong_node(node: Any) -> dict[str, list[str]]:
    if not isinstance(node, dict):
        return {"non_field_errors": ["Give an object with host, port and weight."]}
    strange = (name for name in node if name not in NODE_FIELDS)
    wrong = all_unknown(strange, NODE_FIELDS)
    if not isinstance(node.get("host"), str) or not node["host"]:
        wrong["host"] = ["Give the host: a name or an address."]
    if not _is_weight(node.get("weight")):
        wrong["weight"] = ["Give the weight: a whole number from 0, like 1."]
    port = node.get("port", 1)
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        wrong["port"] = ["Give the port: a whole number from 1 to 65535."]
    return wrong


class Timeout(Partial):
    """Seconds; a new one needs all three."""

    connect = Number(help_text="Seconds to connect, above 0, such as 6.")
    send = Number(help_text="Seconds to send, above 0.")
    read = Number(help_text="Seconds to wait for the answer, above 0.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name, seconds in attrs.items():
            if seconds is not None and seconds <= 0:
                raise serializers.ValidationError(
                    {name: ["It is not above 0. Give seconds, such as 6."]}
                )
        return attrs


class Upstream(KindDocument):
    """Where requests go. Give url, or nodes, or service discovery."""

    kind = "upstream"

    url = Text(
        help_text="The simplest form: scheme, host and port of one server, such as "
        "http://127.0.0.1:8000 or https://api.example.com. No path: rewrite paths with the "
        "proxy-rewrite plugin. It becomes nodes, scheme.",
    )
    nodes = Nodes(
        help_text='Several servers with weights: {"10.0.0.1:8000": 1, "10.0.0.2:8000": 1}, '
        "or a list of {host, port, weight}. Replaced as a whole by an update.",
    )
    scheme = Choice(
        ["http", "https", "grpc", "grpcs", "tcp", "tls", "udp", "kafka"],
        help_text="Protocol towards the servers; http if left out.",
    )
    type = Text(
        help_text="Load balancing: roundrobin (default), chash, ewma or least_conn.",
    )
    hash_on = Choice(
        ["vars", "header", "cookie", "consumer", "vars_combinations"],
        help_text="For chash: what to hash.",
    )
    key = Text(
        help_text="For chash: which variable, such as remote_addr.",
    )
    pass_host = Choice(
        ["pass", "node", "rewrite"],
        help_text="Host header sent on: pass the client's (default), node's, or rewrite.",
    )
    upstream_host = Text(help_text="The Host header when pass_host is rewrite.")
    retries = Whole(min_value=0, help_text="How many other servers to try.")
    retry_timeout = Number(min_value=0, help_text="Seconds for all tries; 0: no limit.")
    timeout = Timeout(help_text="Seconds to connect, send and read.")
    service_name = Text(help_text="Name in service discovery, instead of nodes.")
    discovery_type = Text(help_text="Which discovery: dns, consul, nacos, eureka…")
    discovery_args = Free(help_text="Arguments of the discovery.")
    checks = Free(
        help_text='Health checks, such as {"active": {"http_path": "/healthz"}}.',
    )
    keepalive_pool = Free(help_text="Connection pool: size, idle_timeout, requests.")
    tls = Free(help_text="Client certificate and verification.")
    labels = Free(child=Text(allow_null=True), help_text="Key-value pairs, both text.")
    name = Text(max_length=256, help_text="A name for people.")
    desc = Text(max_length=256, help_text="A description.")
    id = Id(help_text="Read-only.")
    create_time = Whole(help_text="Read-only; ignored.")
    update_time = Whole(help_text="Read-only; ignored.")
