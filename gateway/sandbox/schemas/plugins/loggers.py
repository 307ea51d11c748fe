"""Plugins that tell others what passed.

Facts: https://apisix.apache.org/docs/apisix/plugins/http-logger/ and its neighbours.
"""

from typing import Any

from gateway.sandbox import expressions
from gateway.sandbox.schemas.common import HOST, PORT, URI
from gateway.sandbox.schemas.plugins.shared import (
    BATCH,
    LOG_BODIES,
    LOG_FORMAT,
    PENDING,
)
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    array,
    choice,
    flag,
    mapping,
    needs,
    number,
    obj,
    one_of,
    text,
    whole,
)

_METADATA = obj({**LOG_FORMAT, **PENDING})
_SSL_VERIFY = {"ssl_verify": flag(True)}


def _bodies(configuration: dict[str, Any]) -> str | None:
    for field in ("include_req_body_expr", "include_resp_body_expr"):
        failure = expressions.failure(configuration.get(field))
        if failure is not None:
            side = "request" if "req_" in field else "response"
            return f"failed to validate the '{side}' expression: {failure}"
    return None


def _logger(
    name: str,
    priority: int,
    properties: dict[str, Schema],
    *,
    required: list[str] | None = None,
    title: str | None = None,
    metadata: Schema | None = None,
    formats: bool = True,
    bodies: bool = True,
    **more: Any,
) -> Plugin:
    return Plugin(
        name=name,
        priority=priority,
        schema=obj(
            {
                "name": text(default=title or name),
                **(LOG_FORMAT if formats else {}),
                **(LOG_BODIES if bodies else {}),
                **BATCH,
                **properties,
            },
            required=required,
            **more,
        ),
        check=_bodies,
        metadata_schema=metadata or _METADATA,
    )


def _brokers(*mechanisms: str) -> Schema:
    credentials = obj(
        {
            "mechanism": choice(*mechanisms, default="PLAIN"),
            "user": text(),
            "password": text(),
        },
        required=["user", "password"],
    )
    broker = obj(
        {"host": text(), "port": PORT, "sasl_config": credentials},
        required=["host", "port"],
    )
    return array(broker, 1, uniqueItems=True)


_KAFKA = {
    "meta_format": choice("default", "origin", default="default"),
    "broker_list": obj(minProperties=1, patternProperties={".*": PORT}),
    "brokers": _brokers("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
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

_GOOGLE_AUTH = obj(
    {
        "client_email": text(),
        "private_key": text(),
        "project_id": text(),
        "token_uri": text(default="https://oauth2.googleapis.com/token"),
        "scopes": array(text(), 1, uniqueItems=True),
        "scope": array(
            text(),
            1,
            uniqueItems=True,
            default=[
                "https://www.googleapis.com/auth/logging.read",
                "https://www.googleapis.com/auth/logging.write",
                "https://www.googleapis.com/auth/logging.admin",
                "https://www.googleapis.com/auth/cloud-platform",
            ],
        ),
        "entries_uri": text(default="https://logging.googleapis.com/v2/entries:write"),
    },
    required=["client_email", "private_key", "project_id", "token_uri"],
)

_SEVERITIES = (
    *("NOTICE", "notice", "INFO", "info", "DEBUG", "debug", "WARNING", "warning"),
    # "EMEGR" is how the gateway spells it.
    *("ALERT", "alert", "EMEGR", "emegr", "ERR", "err", "CRIT", "crit"),
)
_DATADOG_TAG = text(1, 200, pattern="^[\\p{L}][\\p{L}\\p{N}_.:/-]*(?<!:)$")

_ERROR_LOG_METADATA = obj(
    {
        "tcp": obj(
            {
                "host": HOST,
                "port": whole(0),
                "tls": flag(False),
                "tls_server_name": text(),
            },
            required=["host", "port"],
        ),
        "skywalking": obj(
            {
                "endpoint_addr": {"default": "http://127.0.0.1:12900/v3/logs"},
                "service_name": text(default="APISIX"),
                "service_instance_name": text(default="APISIX Service Instance"),
            }
        ),
        "clickhouse": obj(
            {
                "endpoint_addr": {"default": "http://127.0.0.1:8123"},
                "user": text(default="default"),
                "password": text(default=""),
                "database": text(default=""),
                "logtable": text(default=""),
            },
            required=["endpoint_addr", "user", "password", "database", "logtable"],
        ),
        "kafka": obj(
            {
                "brokers": _brokers("PLAIN"),
                "kafka_topic": text(),
                "producer_type": choice("async", "sync", default="async"),
                "required_acks": {"type": "integer", "enum": [0, 1, -1], "default": 1},
                "key": text(),
                "cluster_name": whole(1, default=1),
                "meta_refresh_interval": whole(1, default=30),
                "tls": obj({"verify": flag(False)}),
            },
            required=["brokers", "kafka_topic"],
        ),
        "name": text(default="error-log-logger"),
        "level": choice(
            *("STDERR", "EMERG", "ALERT", "CRIT", "ERR", "ERROR"),
            *("WARN", "NOTICE", "INFO", "DEBUG"),
            default="WARN",
        ),
        "timeout": whole(1, default=3),
        "keepalive": whole(1, default=30),
        "batch_max_size": whole(0, default=1000),
        "max_retry_count": whole(0, default=0),
        "retry_delay": whole(0, default=1),
        "buffer_duration": whole(1, default=60),
        "inactive_timeout": whole(1, default=3),
    },
    encrypt_fields=["clickhouse.password", "kafka.brokers.sasl_config.password"],
    **one_of(
        needs("skywalking"),
        needs("tcp"),
        needs("clickhouse"),
        needs("kafka"),
        # How it was written before there was more than one receiver.
        needs("host", "port"),
    ),
)

_MODEL_LABELS = ("consumer", "node", "request_type", "request_llm_model", "llm_model")
_BY_NAME = ("route", "service", *_MODEL_LABELS)
_BY_ID = ("route_id", "service_id", *_MODEL_LABELS)
_BY_BOTH = ("route", "route_id", "service", "service_id", *_MODEL_LABELS)
_MATCHED = ("matched_uri", "matched_host")
# Which labels of a metric may be left out.
_METRIC_LABELS: dict[str, tuple[str, ...]] = {
    "http_status": (*_BY_NAME, *_MATCHED, "response_source"),
    "http_latency": _BY_NAME,
    "bandwidth": _BY_NAME,
    "llm_latency": _BY_ID,
    "llm_prompt_tokens": _BY_ID,
    "llm_completion_tokens": _BY_ID,
    "llm_prompt_tokens_dist": _BY_ID,
    "llm_completion_tokens_dist": _BY_ID,
    "llm_active_connections": (*_BY_BOTH, *_MATCHED),
    "ai_cache_hits_total": _BY_BOTH,
    "ai_cache_misses_total": _BY_BOTH,
    "ai_cache_bypasses_total": _BY_BOTH,
    "ai_cache_embedding_latency": _BY_BOTH,
}
_PROMETHEUS_METADATA = obj(
    {
        "disabled_labels": obj(
            {
                metric: array(choice(*labels))
                for metric, labels in _METRIC_LABELS.items()
            },
            closed=True,
        )
    }
)

_ROOT_SAMPLERS = ("always_on", "always_off", "trace_id_ratio")
_ROOT_SAMPLER = {"name": "always_off"}
_ATTRIBUTE = one_of(flag(), number(), text())
_TELEMETRY_METADATA = obj(
    {
        "trace_id_source": choice("x-request-id", "random", default="random"),
        "resource": mapping(_ATTRIBUTE),
        "collector": obj(
            {
                "address": text(default="127.0.0.1:4318"),
                "request_timeout": whole(default=3),
                "request_headers": mapping(_ATTRIBUTE),
            },
            default={"address": "127.0.0.1:4318", "request_timeout": 3},
        ),
        "batch_span_processor": obj(
            {
                "drop_on_queue_full": flag(),
                "max_queue_size": whole(),
                "batch_timeout": number(),
                "inactive_timeout": number(),
                "max_export_batch_size": whole(),
            },
            default={},
        ),
        "set_ngx_var": flag(False),
    }
)

LOGGERS = [
    _logger(
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
    _logger(
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
    _logger(
        "udp-logger",
        400,
        {"host": text(), "port": whole(0), "timeout": whole(1, default=3)},
        title="udp logger",
        required=["host", "port"],
    ),
    _logger(
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
    _logger(
        "kafka-logger",
        403,
        _KAFKA,
        title="kafka logger",
        encrypt_fields=["brokers.sasl_config.password"],
        **one_of(needs("broker_list", "kafka_topic"), needs("brokers", "kafka_topic")),
    ),
    _logger(
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
    _logger(
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
    _logger(
        "elasticsearch-logger",
        413,
        {
            "endpoint_addr": text(pattern="[^/]$"),
            "endpoint_addrs": array(text(pattern="[^/]$"), 1),
            "field": obj({"index": text()}, required=["index"]),
            "auth": obj(
                {"username": text(1), "password": text(1)},
                **one_of(needs("username", "password")),
            ),
            "headers": obj(
                minProperties=1, patternProperties={"^[^:]+$": text(1)}, closed=True
            ),
            "timeout": whole(1, default=10),
            **_SSL_VERIFY,
        },
        encrypt_fields=["auth.password", "headers"],
        **one_of(needs("endpoint_addr", "field"), needs("endpoint_addrs", "field")),
    ),
    _logger(
        "loki-logger",
        414,
        {
            "endpoint_addrs": array(URI, 1),
            "endpoint_uri": text(1, default="/loki/api/v1/push"),
            "tenant_id": text(default="fake"),
            "headers": obj(patternProperties={".*": text(1)}),
            "log_labels": obj(
                patternProperties={".*": text(1)}, default={"job": "apisix"}
            ),
            "ssl_verify": flag(False),
            "timeout": whole(1, 60000, default=3000),
            "keepalive": flag(True),
            "keepalive_timeout": whole(1000, default=60000),
            "keepalive_pool": whole(1, default=5),
        },
        title="loki logger",
        required=["endpoint_addrs"],
        encrypt_fields=["headers"],
    ),
    _logger(
        "splunk-hec-logging",
        409,
        {
            "endpoint": obj(
                {
                    "uri": URI,
                    "token": text(),
                    "channel": text(),
                    "timeout": whole(1, default=10),
                    "keepalive_timeout": whole(1000, default=60000),
                },
                required=["uri", "token"],
            ),
            **_SSL_VERIFY,
        },
        required=["endpoint"],
        encrypt_fields=["endpoint.token"],
        bodies=False,
    ),
    _logger(
        "skywalking-logger",
        408,
        {
            "endpoint_addr": URI,
            "service_name": text(default="APISIX"),
            "service_instance_name": text(default="APISIX Instance Name"),
            "timeout": whole(1, default=3),
        },
        title="skywalking logger",
        required=["endpoint_addr"],
    ),
    _logger(
        "google-cloud-logging",
        407,
        {
            "auth_config": _GOOGLE_AUTH,
            **_SSL_VERIFY,
            "auth_file": text(),
            "resource": obj(
                {"type": text(), "labels": obj()},
                required=["type"],
                default={"type": "global"},
            ),
            "log_id": text(default="apisix.apache.org%2Flogs"),
        },
        bodies=False,
        encrypt_fields=["auth_config.private_key"],
        **one_of(needs("auth_config"), needs("auth_file")),
    ),
    _logger(
        "sls-logger",
        406,
        {
            "host": text(),
            "port": whole(),
            "project": text(),
            "logstore": text(),
            "access_key_id": text(),
            "access_key_secret": text(),
            "timeout": whole(1, default=5000),
            **_SSL_VERIFY,
        },
        required=[
            *("host", "port", "project", "logstore"),
            *("access_key_id", "access_key_secret"),
        ],
        encrypt_fields=["access_key_secret"],
    ),
    _logger(
        "tencent-cloud-cls",
        397,
        {
            "cls_host": text(),
            "cls_topic": text(),
            "secret_id": text(),
            "secret_key": text(),
            "sample_ratio": number(0.00001, 1, default=1),
            "global_tag": obj(),
            "scheme": choice("http", "https", default="https"),
            **_SSL_VERIFY,
        },
        required=["cls_host", "cls_topic", "secret_id", "secret_key"],
        encrypt_fields=["secret_key"],
    ),
    _logger(
        "loggly",
        411,
        {
            "customer_token": text(),
            "severity": choice(*_SEVERITIES, default="INFO"),
            "tags": array(text(pattern="^(?!tag=)[ -~]*"), 1, default=["apisix"]),
            "severity_map": obj(
                patternProperties={"^[1-5][0-9]{2}$": choice(*_SEVERITIES)},
                closed=True,
            ),
            "ssl_verify": flag(True),
        },
        required=["customer_token"],
        encrypt_fields=["customer_token"],
        metadata=obj(
            {
                "host": text(default="logs-01.loggly.com"),
                "port": whole(default=514),
                "protocol": choice("syslog", "http", "https", default="syslog"),
                "timeout": whole(1, default=5000),
                **LOG_FORMAT,
                **PENDING,
            }
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
        check=_bodies,
        metadata_schema=obj({"path": text(), **LOG_FORMAT}),
    ),
    _logger(
        "datadog",
        495,
        {
            "prefer_name": flag(True),
            "include_path": flag(False),
            "include_method": flag(False),
            "constant_tags": array(_DATADOG_TAG, default={}),
        },
        formats=False,
        bodies=False,
        metadata=obj(
            {
                "host": text(default="127.0.0.1"),
                "port": whole(0, default=8125),
                "namespace": text(default="apisix"),
                "constant_tags": array(_DATADOG_TAG, default=["source:apisix"]),
                **PENDING,
            }
        ),
    ),
    _logger(
        "lago",
        415,
        {
            "endpoint_addrs": array(URI, 1),
            "endpoint_uri": text(1, default="/api/v1/events/batch"),
            "token": text(),
            "event_transaction_id": text(),
            "event_subscription_id": text(),
            "event_code": text(),
            "event_properties": obj(patternProperties={".*": text(1)}),
            "batch_max_size": whole(1, default=100),
            "ssl_verify": flag(True),
            "timeout": whole(1, 60000, default=3000),
            "keepalive": flag(True),
            "keepalive_timeout": whole(1000, default=60000),
            "keepalive_pool": whole(1, default=5),
        },
        required=[
            *("endpoint_addrs", "token", "event_transaction_id"),
            *("event_subscription_id", "event_code"),
        ],
        title="lago logger",
        encrypt_fields=["token"],
        formats=False,
        bodies=False,
        metadata=obj(PENDING),
    ),
    Plugin(
        name="error-log-logger",
        priority=1091,
        scope="global",
        schema=obj(),
        metadata_schema=_ERROR_LOG_METADATA,
    ),
    Plugin(
        name="prometheus",
        priority=500,
        version=0.2,
        schema=obj({"prefer_name": flag(False)}),
        metadata_schema=_PROMETHEUS_METADATA,
    ),
    Plugin(
        name="zipkin",
        priority=12011,
        schema=obj(
            {
                "endpoint": text(),
                "sample_ratio": number(0.00001, 1),
                "service_name": text(default="APISIX"),
                "server_addr": text(
                    pattern="^[0-9]{1,3}.[0-9]{1,3}.[0-9]{1,3}.[0-9]{1,3}$"
                ),
                "span_version": {"enum": [1, 2], "default": 2},
            },
            required=["endpoint", "sample_ratio"],
        ),
    ),
    Plugin(
        name="skywalking",
        priority=12010,
        schema=obj({"sample_ratio": number(0.00001, 1, default=1)}),
    ),
    Plugin(
        name="opentelemetry",
        priority=12009,
        schema=obj(
            {
                "sampler": obj(
                    {
                        "name": choice(
                            *_ROOT_SAMPLERS,
                            "parent_base",
                            default="always_off",
                        ),
                        "options": obj(
                            {
                                "fraction": number(default=0),
                                "root": obj(
                                    {
                                        "name": choice(
                                            *_ROOT_SAMPLERS, default="always_off"
                                        ),
                                        "options": obj(
                                            {"fraction": number(default=0)},
                                            default={"fraction": 0},
                                        ),
                                    },
                                    default=_ROOT_SAMPLER
                                    | {"options": {"fraction": 0}},
                                ),
                            },
                            default={"fraction": 0, "root": _ROOT_SAMPLER},
                        ),
                    },
                    default=_ROOT_SAMPLER
                    | {"options": {"fraction": 0, "root": _ROOT_SAMPLER}},
                ),
                "additional_attributes": array(text(1)),
                "additional_header_prefix_attributes": array(text(1)),
            }
        ),
        metadata_schema=_TELEMETRY_METADATA,
    ),
]
