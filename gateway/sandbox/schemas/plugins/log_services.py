"""Plugins that write entries to services that keep logs.

Facts: https://apisix.apache.org/docs/apisix/plugins/elasticsearch-logger/ and its
neighbours.
"""

from gateway.sandbox.schemas.common import URI
from gateway.sandbox.schemas.plugins.logging_base import logger
from gateway.sandbox.schemas.plugins.shared import LOG_FORMAT, PENDING
from gateway.sandbox.schemas.words import (
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

_SSL_VERIFY = {"ssl_verify": flag(True)}

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


LOG_SERVICES = [
    logger(
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
    logger(
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
    logger(
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
    logger(
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
    logger(
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
    logger(
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
    logger(
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
    logger(
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
    logger(
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
]
