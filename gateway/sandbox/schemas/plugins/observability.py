"""Plugins that measure and trace.

Facts: https://apisix.apache.org/docs/apisix/plugins/prometheus/ and its neighbours.
"""

from gateway.sandbox.schemas.common import HOST
from gateway.sandbox.schemas.plugins.logging_base import brokers, logger
from gateway.sandbox.schemas.plugins.shared import PENDING
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
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
                "brokers": brokers("PLAIN"),
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


OBSERVABILITY = [
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
    logger(
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
]
