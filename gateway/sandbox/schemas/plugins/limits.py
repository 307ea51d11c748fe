"""Plugins that limit how much may pass.

Facts: https://apisix.apache.org/docs/apisix/plugins/limit-count/ and its neighbours.
"""

from typing import Any

from gateway.sandbox.schemas.plugins.shared import (
    REDIS,
    REDIS_CLUSTER,
    REDIS_SENTINEL,
    by_policy,
    either,
)
from gateway.sandbox.schemas.registry import Plugin
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

_REJECTION = {
    "rejected_code": whole(200, 599, default=503),
    "rejected_msg": text(1),
}
_DEGRADATION = {"allow_degradation": flag(False)}
_SOME = either(above(0, "integer"), text())
_SOME_OR_NONE = either(whole(0), text())
_KEY_TYPES = ("var", "var_combination")


def _policy(*names: str) -> dict[str, Schema]:
    return {"policy": choice(*names, default="local")}


def _count_or_rules(configuration: dict[str, Any]) -> str | None:
    if "rules" in configuration and {"count", "time_window"} & configuration.keys():
        return "count/time_window and rules cannot be specified at the same time"
    return None


def _distinct_rules(configuration: dict[str, Any]) -> str | None:
    seen = set()
    for rule in configuration.get("rules", ()):
        if rule["key"] in seen:
            return f"duplicate key '{rule['key']}' in rules"
        seen.add(rule["key"])
    return None


_ONE_OR_MORE = either(whole(1), text())
_RULES = array(
    obj(
        {
            "count": _SOME,
            "time_window": _SOME,
            "key": text(),
            "header_prefix": text(),
        },
        required=["count", "time_window", "key"],
    )
)
_COUNT_PROPERTIES = {
    "count": _SOME,
    "time_window": _SOME,
    "rules": _RULES,
    "group": text(),
    "key": text(default="remote_addr"),
    "key_type": choice(*_KEY_TYPES, "constant", default="var"),
    **_REJECTION,
    **_policy("local", "redis", "redis-cluster", "redis-sentinel"),
    **_DEGRADATION,
    "show_limit_quota_header": flag(True),
    "sync_interval": number(default=-1),
    "window_type": choice("fixed", "sliding", default="fixed"),
}
_COUNT_POLICIES = by_policy(
    ("redis", REDIS),
    ("redis-cluster", REDIS_CLUSTER),
    ("redis-sentinel", REDIS_SENTINEL),
)
_REDIS_POLICIES = by_policy(("redis", REDIS), ("redis-cluster", REDIS_CLUSTER))


def _with_key_ttl(policies: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for key, value in policies.items():
        if key == "then":
            more = {"key_ttl": whole(default=3600), **value["properties"]}
            changed[key] = value | {"properties": more}
        else:
            changed[key] = _with_key_ttl(value) if key == "else" else value
    return changed


LIMITS = [
    Plugin(
        name="limit-count",
        priority=1002,
        version=0.5,
        schema=obj(
            _COUNT_PROPERTIES,
            encrypt_fields=["redis_password", "sentinel_password"],
            **one_of(needs("count", "time_window"), needs("rules")),
            **_COUNT_POLICIES,
        ),
        check_before=_count_or_rules,
        check=_distinct_rules,
        metadata_schema=obj(
            {
                "limit_header": text(default="X-RateLimit-Limit"),
                "remaining_header": text(default="X-RateLimit-Remaining"),
                "reset_header": text(default="X-RateLimit-Reset"),
            }
        ),
    ),
    Plugin(
        name="graphql-limit-count",
        priority=1004,
        schema=obj(
            _COUNT_PROPERTIES,
            encrypt_fields=["redis_password", "sentinel_password"],
            **one_of(needs("count", "time_window"), needs("rules")),
            **_COUNT_POLICIES,
        ),
        check_before=_count_or_rules,
        check=_distinct_rules,
    ),
    Plugin(
        name="limit-conn",
        priority=1003,
        schema=obj(
            {
                "conn": _SOME,
                "burst": _SOME_OR_NONE,
                "default_conn_delay": above(0),
                "only_use_default_delay": flag(False),
                "key": text(),
                "key_type": choice(*_KEY_TYPES, default="var"),
                "rules": array(
                    obj(
                        {"conn": _SOME, "burst": _SOME_OR_NONE, "key": text()},
                        required=["conn", "burst", "key"],
                    )
                ),
                **_policy("redis", "redis-cluster", "local"),
                **_REJECTION,
                **_DEGRADATION,
            },
            encrypt_fields=["redis_password"],
            **one_of(
                needs("conn", "burst", "default_conn_delay", "key"),
                needs("default_conn_delay", "rules"),
            ),
            **_with_key_ttl(_REDIS_POLICIES),
        ),
    ),
    Plugin(
        name="limit-req",
        priority=1001,
        schema=obj(
            {
                "rate": above(0),
                "burst": number(0),
                "key": text(),
                "key_type": choice(*_KEY_TYPES, default="var"),
                **_policy("redis", "redis-cluster", "local"),
                **_REJECTION,
                "nodelay": flag(False),
                **_DEGRADATION,
            },
            required=["rate", "burst", "key"],
            encrypt_fields=["redis_password"],
            **_REDIS_POLICIES,
        ),
    ),
    Plugin(
        name="api-breaker",
        priority=1005,
        schema=obj(
            {
                "break_response_code": whole(200, 599),
                "break_response_body": text(),
                "break_response_headers": array(
                    obj(
                        {"key": text(1), "value": text(1)},
                        required=["key", "value"],
                    )
                ),
                "max_breaker_sec": whole(3, default=300),
                "unhealthy": obj(
                    {
                        "http_statuses": array(
                            whole(500, 599), 1, uniqueItems=True, default=[500]
                        ),
                        "failures": whole(1, default=3),
                    },
                    default={"http_statuses": [500], "failures": 3},
                ),
                "healthy": obj(
                    {
                        "http_statuses": array(
                            whole(200, 499), 1, uniqueItems=True, default=[200]
                        ),
                        "successes": whole(1, default=3),
                    },
                    default={"http_statuses": [200], "successes": 3},
                ),
            },
            required=["break_response_code"],
        ),
    ),
    Plugin(
        name="client-control",
        priority=22000,
        schema=obj({"max_body_size": whole(0)}),
    ),
    Plugin(
        name="ai-rate-limiting",
        priority=1030,
        schema=obj(
            {
                "limit": _SOME,
                "time_window": _SOME,
                "show_limit_quota_header": flag(True),
                "limit_strategy": choice(
                    *("total_tokens", "prompt_tokens", "completion_tokens"),
                    "expression",
                    default="total_tokens",
                ),
                "cost_expr": text(1),
                "instances": array(
                    obj(
                        {
                            "name": text(),
                            "limit": _ONE_OR_MORE,
                            "time_window": _ONE_OR_MORE,
                        },
                        required=["name", "limit", "time_window"],
                    ),
                    1,
                ),
                "rules": _RULES,
                **_REJECTION,
                **_policy("local", "redis", "redis-cluster", "redis-sentinel"),
                **_DEGRADATION,
            },
            dependencies={"limit": ["time_window"], "time_window": ["limit"]},
            encrypt_fields=["redis_password", "sentinel_password"],
            **one_of(
                any_of(needs("limit", "time_window"), needs("instances")),
                needs("rules"),
            ),
            **_COUNT_POLICIES,
        ),
        check=_distinct_rules,
    ),
]
