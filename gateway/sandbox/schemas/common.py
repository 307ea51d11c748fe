"""Pieces that several kinds of resource share.

Facts: https://apisix.apache.org/docs/apisix/admin-api/ (attribute tables), checked
against what a gateway of 3.18 answers.
"""

from gateway.sandbox.schemas.words import (
    Schema,
    above,
    any_of,
    array,
    choice,
    flag,
    needs,
    number,
    obj,
    one_of,
    text,
    whole,
)

ID = any_of(text(1, 64, pattern="^[a-zA-Z0-9-_.]+$"), whole(1))
NAME = text(1, 256)
DESC = text(longest=256)
TIMESTAMP = whole()
LABEL = text(1, 256, pattern="^\\S+$")
LABELS = obj(patternProperties={".*": LABEL})
HOST = text(pattern="^\\*$|^\\*?[0-9a-zA-Z-._\\[\\]:]+$")
PORT = whole(1, 65535)
URI = text(pattern="^[^\\/]+:\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?")
METHODS = (
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE",
)  # fmt: skip
TIMEOUT = obj(
    {"connect": above(0), "read": above(0), "send": above(0)},
    required=["connect", "send", "read"],
)
PLUGINS = obj()
# One plugin of the authentication sort is all that a credential may hold.
ONE_PLUGIN = obj(maxProperties=1)

_OCTET = "([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_IPV4 = "\\.".join([_OCTET] * 4)
_IPV6 = "([a-fA-F0-9]{0,4}:){1,8}(:[a-fA-F0-9]{0,4}){0,8}([a-fA-F0-9]{0,4})?"
IP_CHOICES: list[Schema] = [
    text(format="ipv4"),
    text(pattern=f"^{_IPV4}/([12]?[0-9]|3[0-2])$"),
    text(format="ipv6"),
    text(pattern=f"^{_IPV6}/[0-9]{{1,3}}$"),
]
REMOTE_ADDR = text(anyOf=IP_CHOICES)


def described(**more: Schema) -> dict[str, Schema]:
    """Return the properties that nearly every kind has, and these."""
    return {
        "id": ID,
        "name": NAME,
        "desc": DESC,
        "labels": LABELS,
        "create_time": TIMESTAMP,
        "update_time": TIMESTAMP,
        **more,
    }


def _statuses(*default: int) -> Schema:
    return array(whole(200, 599), 1, uniqueItems=True, default=list(default))


def _count(default: int, least: int = 1) -> Schema:
    return whole(least, 254, default=default)


_CHECK_TYPE = choice("http", "https", "tcp", default="http")
_ACTIVE_CHECK = obj(
    {
        "type": _CHECK_TYPE,
        "timeout": number(default=1),
        "concurrency": whole(default=10),
        "host": HOST,
        "port": PORT,
        "http_path": text(default="/"),
        "http_method": choice(*METHODS, default="GET"),
        "http_req_body": text(default=""),
        "https_verify_certificate": flag(True),
        "req_headers": array(text(uniqueItems=True), 1),
        "healthy": obj(
            {
                "interval": whole(1, default=1),
                "http_statuses": _statuses(200, 302),
                "successes": _count(2),
            }
        ),
        "unhealthy": obj(
            {
                "interval": whole(1, default=1),
                "http_statuses": _statuses(429, 404, 500, 501, 502, 503, 504, 505),
                "http_failures": _count(5),
                "tcp_failures": _count(2),
                "timeouts": _count(3),
            }
        ),
    }
)
_PASSIVE_CHECK = obj(
    {
        "type": _CHECK_TYPE,
        "healthy": obj(
            {
                "http_statuses": _statuses(*range(200, 209), 226, *range(300, 309)),
                "successes": _count(5, 0),
            }
        ),
        "unhealthy": obj(
            {
                "http_statuses": _statuses(429, 500, 503),
                "http_failures": _count(5, 0),
                "tcp_failures": _count(2, 0),
                "timeouts": _count(7, 0),
            }
        ),
    }
)
CHECKS = obj(
    {"active": _ACTIVE_CHECK, "passive": _PASSIVE_CHECK},
    anyOf=[needs("active"), needs("active", "passive")],
)

_NODE = obj(
    {
        "host": HOST,
        "port": PORT,
        "weight": whole(0),
        "priority": whole(default=0),
        "metadata": obj(),
    },
    required=["host", "weight"],
)
NODES = any_of(obj(patternProperties={".*": whole(0)}), array(_NODE))

CERT = text(128, 65536)
PRIVATE_KEY = text(64, 65536)
_TLS = obj(
    {
        "client_cert": CERT,
        "client_key": PRIVATE_KEY,
        "client_cert_id": ID,
        "verify": flag(False),
    },
    dependencies={
        "client_cert": needs("client_key"),
        "client_key": needs("client_cert"),
        "client_cert_id": {"not": needs("client_cert", "client_key")},
    },
)

UPSTREAM = obj(
    described(
        nodes=NODES,
        retries=whole(0),
        retry_timeout=number(0),
        timeout=TIMEOUT,
        tls=_TLS,
        keepalive_pool=obj(
            {
                "size": whole(1, default=320),
                "idle_timeout": number(0, default=60),
                "requests": whole(1, default=1000),
            }
        ),
        type=text(default="roundrobin"),
        checks=CHECKS,
        hash_on=choice(
            "vars", "header", "cookie", "consumer", "vars_combinations", default="vars"
        ),
        key=text(),
        scheme={
            "enum": ["grpc", "grpcs", "http", "https", "tcp", "tls", "udp", "kafka"],
            "default": "http",
        },
        discovery_type=text(),
        discovery_args=obj({"group_name": text(), "namespace_id": text()}),
        pass_host=choice("pass", "node", "rewrite", default="pass"),
        upstream_host=HOST,
        service_name=text(1, 256),
    ),
    closed=True,
    **one_of(needs("nodes"), needs("service_name", "discovery_type")),
)

# What an upstream of type chash may hash on.
HASH_KEY_OF_VARS = text(
    pattern="^((uri|server_name|server_addr|request_uri|remote_port|remote_addr"
    "|query_string|host|hostname|mqtt_client_id)|arg_[0-9a-zA-z_-]+)$"
)
HASH_KEY_OF_HEADER = text(pattern="^[a-zA-Z0-9-_]+$")
