"""Plugins that let in or keep out.

Facts: https://apisix.apache.org/docs/apisix/plugins/ip-restriction/ and its neighbours.
"""

import ipaddress
from typing import Any

from gateway.sandbox import expressions, pcre
from gateway.sandbox.schemas.common import HOST, IP_CHOICES
from gateway.sandbox.schemas.registry import Check, Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    above,
    any_of,
    array,
    choice,
    flag,
    mapping,
    needs,
    obj,
    one_of,
    text,
    when,
    whole,
)

_ADDRESSES = array({"anyOf": IP_CHOICES}, 1)


def _message(default: str) -> dict[str, Schema]:
    return {"message": text(1, 1024, default=default)}


def _networks(configuration: dict[str, Any]) -> str | None:
    for field in ("whitelist", "blacklist"):
        for address in configuration.get(field, ()):
            try:
                ipaddress.ip_network(address, strict=False)
            except ValueError:
                return f"invalid ip address: {address}"
    return None


def _patterns(*fields: str) -> Check:
    def check(configuration: dict[str, Any]) -> str | None:
        for field in fields:
            for pattern in configuration.get(field, ()):
                failure = pcre.failure(pattern)
                if failure is not None:
                    return failure
        return None

    return check


_CORS_LISTS = (
    *("allow_origins", "allow_methods", "allow_headers", "expose_headers"),
    "timing_allow_origins",
)


def _cors(configuration: dict[str, Any]) -> str | None:
    if configuration["allow_credential"]:
        for field in _CORS_LISTS:
            if configuration.get(field) == "*":
                return "you can not set '*' for other option when 'allow_credential' is true"
    return _patterns("allow_origins_by_regex", "timing_allow_origins_by_regex")(
        configuration
    )


def _waf(configuration: dict[str, Any]) -> str | None:
    for rule in configuration.get("match", ()):
        failure = expressions.failure(rule.get("vars"))
        if failure is not None:
            return f"failed to validate the 'vars' expression: {failure}"
    return None


def _masks(configuration: dict[str, Any]) -> str | None:
    for rule in configuration.get("request", ()):
        if rule["action"] == "regex" and pcre.failure(rule["regex"]) is not None:
            return pcre.failure(rule["regex"])
    return None


def _when(field: str, value: str, *wanted: str) -> Schema:
    """Return what is asked for when a field has this value."""
    return when({"properties": {field: {"const": value}}}, needs(*wanted))


_LABELS = obj(minProperties=1, patternProperties={".*": array(text(), 1)})
_WAF_MODE = choice("off", "monitor", "block")
# In milliseconds, save the last two: kilobytes and connections.
_WAF_TIMES = {
    "connect_timeout": 1000,
    "send_timeout": 1000,
    "read_timeout": 1000,
    "keepalive_timeout": 60000,
    "req_body_size": 1024,
    "keepalive_size": 256,
}
_WAF_REAL_IP = {"real_client_ip": flag()}
_ORIGINS = "^(\\*|\\*\\*|null|\\w+://[^,]+(,\\w+://[^,]+)*)$"
_CREDENTIALS = "allow_credential"

SECURITY = [
    Plugin(
        name="ip-restriction",
        priority=3000,
        schema=obj(
            {
                **_message("Your IP address is not allowed"),
                "response_code": whole(403, 404, default=403),
                "whitelist": _ADDRESSES,
                "blacklist": _ADDRESSES,
            },
            **one_of(needs("whitelist"), needs("blacklist")),
        ),
        check=_networks,
    ),
    Plugin(
        name="ua-restriction",
        priority=2999,
        schema=obj(
            {
                "bypass_missing": flag(False),
                "allowlist": array(text(1), 1),
                "denylist": array(text(1), 1),
                **_message("Not allowed"),
            },
            **one_of(needs("allowlist"), needs("denylist")),
        ),
        check=_patterns("allowlist", "denylist"),
    ),
    Plugin(
        name="referer-restriction",
        priority=2990,
        schema=obj(
            {
                "bypass_missing": flag(False),
                "whitelist": array(HOST, 1),
                "blacklist": array(HOST, 1),
                **_message("Your referer host is not allowed"),
            },
            **one_of(needs("whitelist"), needs("blacklist")),
        ),
    ),
    Plugin(
        name="uri-blocker",
        priority=2900,
        schema=obj(
            {
                "block_rules": array(text(1, 4096), uniqueItems=True),
                "rejected_code": whole(200, default=403),
                "rejected_msg": text(1),
                "case_insensitive": flag(False),
            },
            required=["block_rules"],
        ),
        check=_patterns("block_rules"),
    ),
    Plugin(
        name="consumer-restriction",
        priority=2400,
        schema=obj(
            {
                "type": choice(
                    *("consumer_name", "service_id", "route_id", "consumer_group_id"),
                    default="consumer_name",
                ),
                "blacklist": array(text(), 1),
                "whitelist": array(text(), 1),
                "allowed_by_methods": array(
                    obj(
                        {
                            "user": text(),
                            "methods": array(
                                choice(
                                    *("GET", "POST", "PUT", "DELETE", "PATCH"),
                                    *("HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE"),
                                ),
                                1,
                            ),
                        }
                    )
                ),
                "rejected_code": whole(200, default=403),
                "rejected_msg": text(),
            },
            **any_of(
                needs("blacklist"), needs("whitelist"), needs("allowed_by_methods")
            ),
        ),
    ),
    Plugin(
        name="csrf",
        priority=2980,
        schema=obj(
            {
                "key": text(),
                "expires": whole(default=7200),
                "name": text(default="apisix-csrf-token"),
            },
            required=["key"],
            encrypt_fields=["key"],
        ),
    ),
    Plugin(
        name="cors",
        priority=4000,
        schema=obj(
            {
                "allow_origins": text(pattern=_ORIGINS, default="*"),
                "allow_methods": text(default="*"),
                "allow_headers": text(default="*"),
                "expose_headers": text(),
                "max_age": whole(default=5),
                _CREDENTIALS: flag(False),
                "allow_origins_by_regex": array(text(1, 4096), 1, uniqueItems=True),
                "allow_origins_by_metadata": array(text(1, 4096), 1, uniqueItems=True),
                "timing_allow_origins": text(pattern=_ORIGINS),
                "timing_allow_origins_by_regex": array(
                    text(1, 4096), 1, uniqueItems=True
                ),
            }
        ),
        check=_cors,
        metadata_schema=obj({"allow_origins": mapping(text(pattern=_ORIGINS))}),
    ),
    Plugin(
        name="acl",
        priority=2410,
        schema=obj(
            {
                "allow_labels": _LABELS,
                "deny_labels": _LABELS,
                "external_user_label_field": text(1, default="groups"),
                "external_user_label_field_key": text(1),
                "external_user_label_field_parser": choice(
                    "segmented_text", "json", "table"
                ),
                "external_user_label_field_separator": text(1),
                "rejected_code": whole(200, default=403),
                "rejected_msg": text(),
            },
            **any_of(needs("allow_labels"), needs("deny_labels")),
            # Segments need to be told what separates them.
            allOf=[
                when(
                    {
                        "properties": {
                            "external_user_label_field_parser": {
                                "const": "segmented_text"
                            }
                        },
                        "required": ["external_user_label_field_parser"],
                    },
                    needs("external_user_label_field_separator"),
                )
            ],
        ),
    ),
    Plugin(
        name="chaitin-waf",
        priority=2700,
        schema=obj(
            {
                "mode": _WAF_MODE,
                "match": array(obj({"vars": array()})),
                "append_waf_resp_header": flag(True),
                "append_waf_debug_header": flag(False),
                "config": obj({name: whole() for name in _WAF_TIMES} | _WAF_REAL_IP),
            }
        ),
        check=_waf,
        metadata_schema=obj(
            {
                "mode": _WAF_MODE,
                "nodes": array(
                    obj(
                        {
                            "host": text(pattern="^\\*?[0-9a-zA-Z-._\\[\\]:/]+$"),
                            "port": whole(1, default=80),
                        },
                        required=["host"],
                    ),
                    1,
                ),
                "config": obj(
                    {
                        **{
                            name: whole(default=default)
                            for name, default in _WAF_TIMES.items()
                        },
                        "real_client_ip": flag(True),
                    },
                    default={},
                ),
            },
            required=["nodes"],
        ),
    ),
    Plugin(
        name="data-mask",
        priority=1500,
        schema=obj(
            {
                "request": array(
                    obj(
                        {
                            "type": choice("query", "header", "body"),
                            "body_format": choice("json", "urlencoded"),
                            "name": text(),
                            "action": choice("regex", "replace", "remove"),
                            "regex": text(),
                            "value": text(),
                        },
                        required=["type", "name", "action"],
                        allOf=[
                            _when("type", "body", "body_format"),
                            _when("action", "regex", "regex", "value"),
                            _when("action", "replace", "value"),
                        ],
                    )
                ),
                "max_body_size": above(0, "integer", default=1048576),
                "max_req_post_args": whole(0, default=100),
            }
        ),
        check=_masks,
    ),
    Plugin(
        name="attach-consumer-label",
        priority=2399,
        schema=obj(
            {"headers": mapping(text(pattern="^\\$.*"), minProperties=1)},
            required=["headers"],
        ),
    ),
    Plugin(
        name="real-ip",
        priority=23000,
        schema=obj(
            {
                "trusted_addresses": _ADDRESSES,
                "source": text(1),
                "recursive": flag(False),
            },
            required=["source"],
        ),
    ),
]
