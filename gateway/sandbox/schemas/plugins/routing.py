"""Plugins that choose where a request goes.

Facts: https://apisix.apache.org/docs/apisix/plugins/traffic-split/ and its neighbours.
"""

from typing import Any

from gateway.sandbox import dialect, expressions
from gateway.sandbox.lua_values import lua_text
from gateway.sandbox.schemas.common import UPSTREAM
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    any_of,
    array,
    choice,
    flag,
    obj,
    text,
    whole,
)

_RETURN = obj({"code": whole(100, 599)}, required=["code"])
_VARS_FAILED = "failed to validate the 'vars' expression: "


def _split(configuration: dict[str, Any]) -> str | None:
    for rule in configuration.get("rules", ()):
        for match in rule.get("match", ()):
            failure = expressions.failure(match.get("vars"))
            if failure is not None:
                return _VARS_FAILED + failure
    return None


def _workflow(configuration: dict[str, Any]) -> str | None:
    from gateway.sandbox.schemas.plugins import PLUGINS

    for rule in configuration["rules"]:
        failure = expressions.failure(rule.get("case"))
        if failure is not None:
            return f"failed to validate the 'case' expression: {failure}"
        for action in rule["actions"]:
            name = action[0] if isinstance(action[0], str) else lua_text(action[0])
            inner = action[1] if len(action) > 1 else {}
            if name == "return":
                failure = dialect.check(_RETURN, inner)
            elif name in ("limit-count", "limit-conn"):
                failure = PLUGINS[name].failure(inner)
                if failure is None and "group" in inner:
                    failure = "group is not supported"
            else:
                return f"unsupported action: {name}"
            if failure is not None:
                return f"failed to validate the '{name}' action: {failure}"
    return None


def _label(configuration: dict[str, Any]) -> str | None:
    for rule in configuration["rules"]:
        failure = expressions.failure(rule.get("match"))
        if failure is not None:
            return f"failed to validate the 'match' expression: {failure}"
        for action in rule["actions"]:
            for name in action:
                if name not in ("set_headers", "weight"):
                    return f"not supported action: {name}"
    return None


_VERSION = text(pattern="^\\d+\\.\\d+\\.\\d+")
_EXPRESSION = any_of(array(), text())

ROUTING = [
    Plugin(
        name="traffic-split",
        priority=966,
        schema=obj(
            {
                "rules": array(
                    obj(
                        {
                            "match": array(obj({"vars": array()})),
                            "weighted_upstreams": array(
                                obj(
                                    {
                                        "upstream_id": any_of(
                                            text(1, 64, pattern="^[a-zA-Z0-9-_.]+$"),
                                            whole(1),
                                        ),
                                        "upstream": UPSTREAM,
                                        "weight": whole(0, default=1),
                                    }
                                ),
                                1,
                                20,
                                default=[{"weight": 1}],
                            ),
                        }
                    )
                )
            }
        ),
        check=_split,
    ),
    Plugin(
        name="traffic-label",
        priority=967,
        schema=obj(
            {
                "rules": array(
                    obj(
                        {
                            "match": array(_EXPRESSION, 1),
                            "actions": array(
                                obj(
                                    {
                                        "set_headers": obj(minProperties=1),
                                        "weight": whole(1, default=1),
                                    }
                                ),
                                1,
                            ),
                        },
                        required=["actions"],
                    ),
                    1,
                )
            },
            required=["rules"],
        ),
        check=_label,
    ),
    Plugin(
        name="workflow",
        priority=1006,
        schema=obj(
            {
                "rules": array(
                    obj(
                        {
                            "case": array(_EXPRESSION, 1),
                            "actions": array(array(fewest=1)),
                        },
                        required=["actions"],
                    )
                )
            },
            required=["rules"],
        ),
        check=_workflow,
    ),
    Plugin(
        name="proxy-mirror",
        priority=1010,
        schema=obj(
            {
                "host": text(
                    pattern="^(http(s)?|grpc(s)?):\\/\\/([\\da-zA-Z.-]+"
                    "|\\[[\\da-fA-F:]+\\])(:\\d+)?$"
                ),
                "path": text(pattern="^/[^?&]+$"),
                "path_concat_mode": choice("replace", "prefix", default="replace"),
                "sample_ratio": {
                    "type": "number",
                    "minimum": 0.00001,
                    "maximum": 1,
                    "default": 1,
                },
            },
            required=["host"],
        ),
    ),
    Plugin(
        name="proxy-buffering",
        priority=21991,
        schema=obj({"disable_proxy_buffering": flag(False)}),
    ),
    Plugin(
        name="proxy-control",
        priority=21990,
        schema=obj({"request_buffering": flag(True)}),
    ),
    Plugin(
        name="public-api",
        priority=501,
        schema=obj({"uri": text()}),
    ),
    Plugin(
        name="kafka-proxy",
        priority=508,
        schema=obj(
            {
                "sasl": obj(
                    {"username": text(), "password": text()},
                    required=["username", "password"],
                )
            },
            encrypt_fields=["sasl.password"],
        ),
    ),
    Plugin(
        name="dubbo-proxy",
        priority=507,
        schema=obj(
            {
                "service_name": text(1),
                "service_version": _VERSION,
                "method": text(1),
            },
            required=["service_name", "service_version"],
        ),
    ),
]
