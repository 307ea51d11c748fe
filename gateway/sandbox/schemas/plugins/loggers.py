"""Plugins that write entries to servers and files near by.

Facts: https://apisix.apache.org/docs/apisix/plugins/http-logger/ and its neighbours.
"""

from typing import Any

from gateway.sandbox import expressions
from gateway.sandbox.schemas.common import PORT, URI
from gateway.sandbox.schemas.plugins.logging_base import bodies_failure, brokers, logger
from gateway.sandbox.schemas.plugins.shared import LOG_BODIES, LOG_FORMAT
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    array,
    choice,
    flag,
    needs,
    obj,
    one_of,
    text,
    whole,
)

_SSL_VERIFY = {"ssl_verify": flag(True)}

_KAFKA = {
    "meta_format": choice("default", "origin", default="default"),
    "broker_list": obj(minProperties=1, patternProperties={".*": PORT}),
    "brokers": brokers("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    "kafka_topic": text(),
    "producer_type": choice("async", "sync", default="async"),
    "required_acks": {"type": "integer", "enum": [1, -1], "default": 1},
    "key": text(),
    "timeout": whole(1, default=3),
    "cluster_name": whole(1, default=1),
    "meta_refresh_interval": whole(1, default=30),
    "producer_batch_num": whole(1, default=200),
    "producer_batch_size": whole(0, default=1048576),
    "producer_max_buffering": whole(1, default=50000),
    "producer_time_linger": whole(1, default=1),
    "api_version": {"type": "integer", "enum": [0, 1, 2], "default": 1},
    "tls": obj({"verify": flag(False)}),
}


def _file(configuration: dict[str, Any]) -> str | None:
    failure = expressions.failure(configuration.get("match"))
    if failure is not None:
        return f"failed to validate the 'match' expression: {failure}"
    return bodies_failure(configuration)


LOGGERS = [
    logger(
        "http-logger",
        410,
        {
            "uri": URI,
            "auth_header": text(),
            "timeout": whole(1, default=3),
            "concat_method": choice("json", "new_line", default="json"),
            "ssl_verify": flag(False),
        },
        title="http logger",
        required=["uri"],
        encrypt_fields=["auth_header"],
    ),
    logger(
        "tcp-logger",
        405,
        {
            "host": text(),
            "port": whole(0),
            "tls": flag(False),
            "tls_options": text(),
            "timeout": whole(1, default=1000),
        },
        title="tcp logger",
        required=["host", "port"],
    ),
    logger(
        "udp-logger",
        400,
        {"host": text(), "port": whole(0), "timeout": whole(1, default=3)},
        title="udp logger",
        required=["host", "port"],
    ),
    logger(
        "syslog",
        401,
        {
            "host": text(),
            "port": whole(),
            "flush_limit": whole(1, default=4096),
            "drop_limit": whole(default=1048576),
            "timeout": whole(1, default=3000),
            "sock_type": choice("tcp", "udp", default="tcp"),
            "pool_size": whole(5, default=5),
            "tls": flag(False),
        },
        title="sys logger",
        required=["host", "port"],
    ),
    logger(
        "kafka-logger",
        403,
        _KAFKA,
        title="kafka logger",
        encrypt_fields=["brokers.sasl_config.password"],
        **one_of(needs("broker_list", "kafka_topic"), needs("brokers", "kafka_topic")),
    ),
    logger(
        "rocketmq-logger",
        402,
        {
            "meta_format": choice("default", "origin", default="default"),
            "nameserver_list": array(text(), 1),
            "topic": text(),
            "key": text(),
            "tag": text(),
            "timeout": whole(1, default=3),
            "use_tls": flag(False),
            "access_key": text(default=""),
            "secret_key": text(default=""),
        },
        title="rocketmq logger",
        required=["nameserver_list", "topic"],
        encrypt_fields=["secret_key"],
    ),
    logger(
        "clickhouse-logger",
        398,
        {
            "endpoint_addr": URI,
            "endpoint_addrs": array(URI, 1),
            "user": text(default=""),
            "password": text(default=""),
            "database": text(default=""),
            "logtable": text(default=""),
            "timeout": whole(1, default=3),
            **_SSL_VERIFY,
        },
        encrypt_fields=["password"],
        **one_of(
            needs("endpoint_addr", "user", "password", "database", "logtable"),
            needs("endpoint_addrs", "user", "password", "database", "logtable"),
        ),
    ),
    Plugin(
        name="file-logger",
        priority=399,
        schema=obj(
            {
                "path": text(),
                **LOG_FORMAT,
                **LOG_BODIES,
                "match": array(array(), most=20),
            }
        ),
        check=_file,
        metadata_schema=obj({"path": text(), **LOG_FORMAT}),
    ),
]
