"""Pieces that several plugins' schemas share."""

import base64
import binascii
from typing import Any

from gateway.sandbox.schemas.words import (
    Schema,
    array,
    choice,
    flag,
    has,
    obj,
    one_of,
    text,
    when,
    whole,
)

ANONYMOUS = {"anonymous_consumer": text(1)}
HIDE = {"hide_credentials": flag(False)}


# A value that stands elsewhere: no check can look at it.
REFERENCES = ("$secret://", "$env://", "$ENV://")


def from_base64(content: Any) -> bytes | None:
    """Return what a text means in base64, None when it is none."""
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None


def realm(default: str) -> dict[str, Schema]:
    """Return the realm that a 401 names: printable, without quotes or backslashes."""
    return {"realm": text(1, 128, pattern="^[ -!#-[\\]-~]+$", default=default)}


_REDIS_CONNECTION = {
    "redis_password": text(0),
    "redis_timeout": whole(1, default=1000),
    "redis_keepalive_timeout": whole(1000, default=10000),
    "redis_keepalive_pool": whole(1, default=100),
}
REDIS: Schema = {
    "properties": {
        "redis_host": text(2),
        "redis_port": whole(1, default=6379),
        "redis_username": text(1),
        "redis_database": whole(0, default=0),
        "redis_ssl": flag(False),
        "redis_ssl_verify": flag(False),
        **_REDIS_CONNECTION,
    },
    "required": ["redis_host"],
}
REDIS_CLUSTER: Schema = {
    "properties": {
        "redis_cluster_nodes": array(text(2, 100), 1),
        "redis_cluster_name": text(),
        "redis_cluster_ssl": flag(False),
        "redis_cluster_ssl_verify": flag(False),
        **_REDIS_CONNECTION,
    },
    "required": ["redis_cluster_nodes", "redis_cluster_name"],
}
REDIS_SENTINEL: Schema = {
    "properties": {
        "redis_sentinels": array(
            obj(
                {"host": text(2), "port": whole(1, 65535)},
                required=["host", "port"],
                closed=True,
            ),
            1,
        ),
        "redis_master_name": text(1),
        "redis_role": choice("master", "slave", default="master"),
        "redis_username": text(1),
        "redis_password": text(0),
        "sentinel_username": text(1),
        "sentinel_password": text(0),
        "redis_database": whole(0, default=0),
        "redis_connect_timeout": whole(1, default=1000),
        "redis_read_timeout": whole(1, default=1000),
        "redis_keepalive_timeout": whole(1, default=60000),
    },
    "required": ["redis_sentinels", "redis_master_name"],
}


def by_policy(*policies: tuple[str, Schema]) -> dict[str, Any]:
    """Return if/then/else that asks for what each storage policy needs."""
    rules: dict[str, Any] = {}
    for name, wanted in reversed(policies):
        rules = when(has("policy", name), wanted, rules or None)
    return rules


def either(*choices: Schema) -> Schema:
    """Return a value that is one of these, usually a number or a variable's name."""
    return one_of(*choices)


# How entries leave in batches.
# https://apisix.apache.org/docs/apisix/batch-processor/
BATCH = {
    "max_retry_count": whole(0, default=0),
    "retry_delay": whole(0, default=1),
    "buffer_duration": whole(1, default=60),
    "inactive_timeout": whole(1, default=5),
    "batch_max_size": whole(1, default=1000),
}
LOG_FORMAT = {"log_format": obj(), "log_format_extra": obj()}
LOG_BODIES = {
    "include_req_body": flag(False),
    "include_req_body_expr": array(array(), 1),
    "include_resp_body": flag(False),
    "include_resp_body_expr": array(array(), 1),
    "max_req_body_bytes": whole(1, default=524288),
    "max_resp_body_bytes": whole(1, default=524288),
}
PENDING = {"max_pending_entries": whole(1, default=8192)}
REQUEST_SIZE = {"max_req_body_size": whole(1, default=67108864)}
ANSWER_SIZE = {"max_resp_body_size": whole(1, default=67108864)}
