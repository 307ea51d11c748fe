"""Plugins that change a request or an answer on its way.

Facts: https://apisix.apache.org/docs/apisix/plugins/proxy-rewrite/ and its neighbours.
"""

import re
from typing import Any

from gateway.sandbox import expressions, pcre
from gateway.sandbox.schemas.plugins.shared import ANSWER_SIZE, from_base64
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
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

_SCALAR = one_of(text(), number())

_NAMED = "^[^:]+$"

_HEADER_VALUES = obj(minProperties=1, patternProperties={_NAMED: _SCALAR})

_MANY_VALUES = obj(
    minProperties=1,
    patternProperties={_NAMED: one_of(text(), number(), array(_SCALAR, 1))},
)

# A header's name may hold no separator, its value no line break.
_FIELD = re.compile(r"[^a-zA-Z0-9!#$%&'*+.^_`|~-]")

_VALUE = re.compile(r"[\r\n\0]")

_TEMPLATE = re.compile(r"\$(?!\d|\{\d+\}|\$|&)")


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _headers_failure(headers: Any) -> str | None:
    for field, value in headers.items() if isinstance(headers, dict) else ():
        values = value if isinstance(value, list) else [value]
        if any(not _is_scalar(one) for one in values):
            return "invalid type as header value"
        if not field:
            return "invalid field length in header"
        if _FIELD.search(field):
            return "invalid field character in header"
        if any(_VALUE.search(str(one)) for one in values):
            return "invalid value character in header"
    return None


def _regex_uri_failure(pairs: list[str]) -> str | None:
    if len(pairs) % 2:
        return "The length of regex_uri should be an even number"
    for wanted, replacement in zip(pairs[::2], pairs[1::2], strict=True):
        failure = pcre.failure(wanted)
        if failure is None and _TEMPLATE.search(replacement):
            failure = "failed to compile the replacement template"
        if failure is not None:
            return f"invalid regex_uri({wanted}, {replacement}): {failure}"
    return None


def _proxy_rewrite(configuration: dict[str, Any]) -> str | None:
    failure = _regex_uri_failure(configuration.get("regex_uri", []))
    if failure is not None:
        return failure
    headers = configuration.get("headers") or {}
    if not any(isinstance(headers.get(name), dict) for name in ("add", "set")):
        parts = [] if isinstance(headers.get("remove"), list) else [headers]
    else:
        parts = [headers.get("add") or {}, headers.get("set") or {}]
    for part in parts:
        failure = _headers_failure(part)
        if failure is not None:
            return failure
    return None


def _response_rewrite(configuration: dict[str, Any]) -> str | None:
    given = configuration.get("headers")
    headers = given if isinstance(given, dict) else {}
    if not any(
        isinstance(headers.get(name), dict | list) for name in ("add", "set", "remove")
    ):
        for field, value in headers.items():
            if not _is_scalar(value):
                return "invalid type as header value"
            if not field:
                return "invalid field length in header"
    if configuration["body_base64"] and not from_base64(configuration.get("body")):
        return "invalid base64 content"
    failure = expressions.failure(configuration.get("vars"))
    if failure is not None:
        return f"failed to validate the 'vars' expression: {failure}"
    for rule in configuration.get("filters", ()):
        failure = pcre.failure(rule["regex"])
        if failure is not None:
            return f'regex "{rule["regex"]}" validation failed: {failure}'
    return None


def _redirect(configuration: dict[str, Any]) -> str | None:
    failure = _regex_uri_failure(configuration.get("regex_uri", []))
    if failure is not None:
        return failure
    if configuration.get("http_to_https") and configuration["append_query_string"]:
        return (
            "only one of `http_to_https` and `append_query_string` can be configured."
        )
    return None


def _faults(configuration: dict[str, Any]) -> str | None:
    for part in ("abort", "delay"):
        for rule in (configuration.get(part) or {}).get("vars", ()):
            failure = expressions.failure(rule)
            if failure is not None:
                return f"failed to create vars expression: {failure}"
    return None


_PERCENTAGE = whole(0, 100)

_VARS_GROUPS = array(array(), most=20)

# The gateway's own default set, which holds G twice and no J.
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIGKLMNOPQRSTUVWXYZ0123456789"


REWRITING = [
    Plugin(
        name="proxy-rewrite",
        priority=1008,
        schema=obj(
            {
                "uri": text(1, 4096, pattern="^\\/.*"),
                "method": choice(
                    *("GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "MKCOL"),
                    *("COPY", "MOVE", "PROPFIND", "LOCK", "UNLOCK", "PATCH", "TRACE"),
                ),
                "regex_uri": array(text(), 2),
                "host": text(pattern="^[0-9a-zA-Z-.]+(:\\d{1,5})?$"),
                "headers": one_of(
                    obj(
                        {
                            "add": _MANY_VALUES,
                            "set": _MANY_VALUES,
                            "remove": array(text(pattern=_NAMED), 1),
                        },
                        minProperties=1,
                        closed=True,
                    ),
                    _HEADER_VALUES,
                ),
                "use_real_request_uri_unsafe": flag(False),
            },
            minProperties=1,
        ),
        check=_proxy_rewrite,
    ),
    Plugin(
        name="response-rewrite",
        priority=899,
        schema=obj(
            {
                "headers": any_of(
                    _HEADER_VALUES,
                    {
                        "properties": {
                            "add": array(text(pattern="^[^:]+:[^:]*[^/]$"), 1),
                            "set": _HEADER_VALUES,
                            "remove": array(text(pattern=_NAMED), 1),
                        }
                    },
                ),
                "body": text(),
                "body_base64": flag(False),
                "status_code": whole(200, 598),
                "vars": array(),
                "filters": array(
                    obj(
                        {
                            "regex": text(1),
                            "scope": choice("once", "global", default="once"),
                            "replace": text(),
                            "options": text(default="jo"),
                        },
                        required=["regex", "replace"],
                    ),
                    1,
                ),
                **ANSWER_SIZE,
            },
            dependencies={
                "body": {"not": needs("filters")},
                "filters": {"not": needs("body")},
            },
        ),
        check=_response_rewrite,
    ),
    Plugin(
        name="redirect",
        priority=900,
        schema=obj(
            {
                "ret_code": whole(200, default=302),
                "uri": text(
                    2,
                    pattern="(\\\\\\$[0-9a-zA-Z_]+)|"
                    "\\$\\{([0-9a-zA-Z_]+)\\}|"
                    "\\$([0-9a-zA-Z_]+)|"
                    "(\\$|[^$\\\\]+)",
                ),
                "regex_uri": array(text(), 2, 2),
                "http_to_https": flag(),
                "encode_uri": flag(False),
                "append_query_string": flag(False),
            },
            **one_of(
                needs("uri"),
                needs("regex_uri"),
                {
                    "required": ["http_to_https"],
                },
            ),
        ),
        check=_redirect,
    ),
    Plugin(
        name="mocking",
        priority=10900,
        schema=obj(
            {
                "delay": whole(default=0),
                "response_status": whole(100, default=200),
                "content_type": text(default="application/json;charset=utf8"),
                "response_example": text(),
                "response_schema": obj(),
                "with_mock_header": flag(True),
                "response_headers": obj(
                    minProperties=1,
                    patternProperties={_NAMED: one_of(text(), number())},
                ),
            },
            **any_of(needs("response_example"), needs("response_schema")),
        ),
    ),
    Plugin(
        name="fault-injection",
        priority=11000,
        schema=obj(
            {
                "abort": obj(
                    {
                        "http_status": whole(200),
                        "body": text(0),
                        "headers": obj(
                            minProperties=1,
                            patternProperties={_NAMED: one_of(text(), number())},
                        ),
                        "percentage": _PERCENTAGE,
                        "vars": _VARS_GROUPS,
                    },
                    required=["http_status"],
                ),
                "delay": obj(
                    {
                        "duration": number(0),
                        "percentage": _PERCENTAGE,
                        "vars": _VARS_GROUPS,
                    },
                    required=["duration"],
                ),
            },
            minProperties=1,
        ),
        check=_faults,
    ),
    Plugin(
        name="request-id",
        priority=12015,
        schema=obj(
            {
                "header_name": text(default="X-Request-Id"),
                "include_in_response": flag(True),
                "algorithm": choice(
                    "uuid", "nanoid", "range_id", "ksuid", "uuidv7", default="uuid"
                ),
                "range_id": obj(
                    {
                        "length": whole(6, default=16),
                        "char_set": text(6, default=_ID_LETTERS),
                    },
                    default={"length": 16, "char_set": _ID_LETTERS},
                ),
            }
        ),
    ),
]
