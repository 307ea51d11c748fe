"""Plugins that speak another protocol, check requests, or run code.

Facts: https://apisix.apache.org/docs/apisix/plugins/grpc-transcode/ and its neighbours.
"""

import json
from typing import Any

from gateway.sandbox import lua
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    above,
    any_of,
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

_PHASES = ("rewrite", "access", "header_filter", "body_filter", "log", "before_proxy")


def _functions(configuration: dict[str, Any]) -> str | None:
    for source in configuration["functions"]:
        try:
            kind = lua.load(source)
        except lua.LoadError as error:
            return f"failed to loadstring: {error}"
        if kind not in ("function", "unknown"):
            return f"only accept Lua function, the input code type is {kind}"
    return None


def _serverless(name: str, priority: int) -> Plugin:
    return Plugin(
        name=name,
        priority=priority,
        schema=obj(
            {
                "phase": choice(*_PHASES, default="access"),
                "functions": array(text(), 1),
            },
            required=["functions"],
        ),
        check=_functions,
    )


def _external(name: str, priority: int) -> Plugin:
    return Plugin(
        name=name,
        priority=priority,
        schema=obj(
            {
                "conf": array(
                    obj(
                        {"name": text(1, 128), "value": text()},
                        required=["name", "value"],
                    ),
                    1,
                ),
                "allow_degradation": flag(False),
            }
        ),
    )


_LUA_TYPES = frozenset(
    (
        *("object", "array", "table", "integer", "string", "boolean", "number"),
        *("null", "function"),
    )
)


def _json_schema_failure(schema: Any) -> str | None:
    """Return why a schema could not be compiled, or None."""
    if not isinstance(schema, dict):
        return None
    for name in ("enum", "required"):
        if name in schema and not isinstance(schema[name], list | dict):
            got = "string" if isinstance(schema[name], str) else "number"
            return f"bad argument #1 to 'ipairs' (table expected, got {got})"
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in _LUA_TYPES:
            return f"invalid JSON type: {kind}"
    below = [
        *(schema.get("properties") or {}).values(),
        *(schema.get(part) for part in ("items", "not", "additionalProperties")),
        *(
            inner
            for part in ("allOf", "anyOf", "oneOf")
            for inner in schema.get(part, ())
        ),
    ]
    for inner in below:
        failure = _json_schema_failure(inner)
        if failure is not None:
            return failure
    return None


def _request_validation(configuration: dict[str, Any]) -> str | None:
    for part in ("body_schema", "header_schema"):
        failure = _json_schema_failure(configuration.get(part))
        if failure is not None:
            return failure
    return None


_PB_OPTIONS = (
    ("enum_as_name", "enum_as_value"),
    ("int64_as_number", "int64_as_string", "int64_as_hexstring"),
    (
        *("auto_default_values", "no_default_values"),
        *("use_default_values", "use_default_metatable"),
    ),
    ("enable_hooks", "disable_hooks"),
)
_REQUEST_SIZE = {"max_req_body_size": whole(1, default=67108864)}
_VERSION = "^\\d+\\.\\d+\\.\\d+"
_PROTO_ID: Schema = any_of(text(1, 64, pattern="^[a-zA-Z0-9-_.]+$"), whole(1))

_ERRORS = {
    404: "Not Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


def _error_page(code: int) -> Schema:
    title = f"{code} {_ERRORS[code]}"
    page = (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n"
        f"<center><h1>{title}</h1></center>\n<hr><center>Apache APISIX</center>\n"
        "</body>\n</html>"
    )
    return obj({"body": text(default=page), "content_type": text(default="text/html")})


def _open_api(configuration: dict[str, Any]) -> str | None:
    if "spec" not in configuration:
        return None
    try:
        json.loads(configuration["spec"])
    except ValueError as error:
        return f"invalid JSON: {error}"
    return None


PROTOCOLS = [
    _serverless("serverless-pre-function", 10000),
    _serverless("serverless-post-function", -2000),
    _external("ext-plugin-pre-req", 12000),
    _external("ext-plugin-post-req", -3000),
    _external("ext-plugin-post-resp", -4000),
    Plugin(
        name="request-validation",
        priority=2800,
        sort="validation",
        schema=obj(
            {
                "header_schema": obj(),
                "body_schema": obj(),
                "rejected_code": whole(200, 599, default=400),
                "rejected_msg": text(1, 256),
                **_REQUEST_SIZE,
            },
            **any_of(needs("header_schema"), needs("body_schema")),
        ),
        check=_request_validation,
    ),
    Plugin(
        name="grpc-transcode",
        priority=506,
        schema=obj(
            {
                "proto_id": _PROTO_ID,
                "service": text(),
                "method": text(),
                "deadline": {"type": "number", "default": 0},
                "pb_option": array(
                    text(anyOf=[choice(*names) for names in _PB_OPTIONS]),
                    1,
                    default=[
                        *("enum_as_name", "int64_as_number"),
                        *("auto_default_values", "disable_hooks"),
                    ],
                ),
                "show_status_in_body": flag(False),
                "status_detail_type": text(),
                "max_resp_body_size": whole(1, default=67108864),
            },
            required=["proto_id", "service", "method"],
            additionalProperties=True,
        ),
    ),
    Plugin(
        name="grpc-web",
        priority=505,
        schema=obj(
            {
                "cors_allow_headers": text(
                    default="content-type,x-grpc-web,x-user-agent"
                ),
                **_REQUEST_SIZE,
            }
        ),
    ),
    Plugin(
        name="degraphql",
        priority=509,
        schema=obj(
            {
                "query": text(1, 1024),
                "variables": array(text(), 1),
                "operation_name": text(1, 1024),
                **_REQUEST_SIZE,
            },
            required=["query"],
        ),
    ),
    Plugin(
        name="http-dubbo",
        priority=504,
        schema=obj(
            {
                "service_name": text(1),
                "service_version": text(pattern=_VERSION, default="0.0.0"),
                "method": text(1),
                "params_type_desc": text(default=""),
                "serialization_header_key": text(),
                "serialized": flag(False),
                "connect_timeout": number(default=6000),
                "read_timeout": number(default=6000),
                "send_timeout": number(default=6000),
                **_REQUEST_SIZE,
            },
            required=["service_name", "method"],
        ),
    ),
    Plugin(
        name="oas-validator",
        priority=512,
        schema=obj(
            {
                "spec": text(1),
                "spec_url": text(pattern="^https?://"),
                "spec_url_request_headers": mapping(text()),
                "ssl_verify": flag(False),
                "timeout": whole(1000, 60000, default=10000),
                "verbose_errors": flag(False),
                "reject_if_not_match": flag(True),
                "rejection_status_code": whole(400, 599, default=400),
                "skip_request_body_validation": flag(False),
                "skip_request_header_validation": flag(False),
                "skip_query_param_validation": flag(False),
                "skip_path_params_validation": flag(False),
                **_REQUEST_SIZE,
            },
            **one_of(needs("spec"), needs("spec_url")),
        ),
        check=_open_api,
        metadata_schema=obj({"spec_url_ttl": whole(1, default=3600)}),
    ),
    Plugin(
        name="mcp-bridge",
        priority=510,
        schema=obj(
            {
                "base_uri": text(1, default=""),
                "command": text(1),
                "args": array(text(), 0),
            },
            required=["command"],
        ),
    ),
    Plugin(
        name="batch-requests",
        priority=4010,
        scope="global",
        schema=obj(),
        metadata_schema=obj(
            {
                "max_body_size": above(0, "integer", default=1048576),
                "max_pipeline_items": above(0, "integer", default=1000),
            }
        ),
    ),
    Plugin(name="inspect", priority=200, schema=obj()),
    Plugin(
        name="example-plugin",
        priority=0,
        schema=obj(
            {
                "i": {"type": "number", "minimum": 0},
                "s": text(),
                "t": array(fewest=1),
                "ip": text(),
                "port": whole(),
            },
            required=["i"],
        ),
        metadata_schema=obj(
            {"ikey": {"type": "number", "minimum": 0}, "skey": text()},
            required=["ikey", "skey"],
        ),
    ),
    Plugin(
        name="exit-transformer",
        priority=22950,
        schema=obj({"functions": array(text())}, required=["functions"]),
        check=_functions,
    ),
    Plugin(
        name="error-page",
        priority=450,
        schema={},
        metadata_schema=obj(
            {"enable": flag(False)}
            | {f"error_{code}": _error_page(code) for code in _ERRORS}
        ),
    ),
    Plugin(name="node-status", priority=1000, scope="global", schema=obj()),
    Plugin(name="server-info", priority=990, scope="global", schema=obj()),
    Plugin(name="log-rotate", priority=100, scope="global", schema=obj()),
    Plugin(name="ocsp-stapling", priority=-44, schema=obj()),
    Plugin(name="ai", priority=22900, scope="global", schema={}),
]
