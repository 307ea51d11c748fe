"""Plugins that choose where a request goes.

Facts: https://apisix.apache.org/docs/apisix/plugins/traffic-split/ and its neighbours.
"""

from typing import Any

from gateway.sandbox import expressions
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

_DEFAULT_SPLIT = [{"weighted_upstreams": [{"weight": 1}]}]
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

    for number, rule in enumerate(configuration["rules"], start=1):
        failure = expressions.failure(rule.get("case"))
        if failure is not None:
            return f"failed to validate the 'case' expression: {failure}"
        for action in rule["actions"]:
            name = action[0] if action else None
            if name == "return":
                code = action[1].get("code") if len(action) > 1 else None
                if not isinstance(code, int) or not 100 <= code <= 599:
                    return f"failed to validate the '{name}' action: bad code"
            elif name in ("limit-count", "limit-conn"):
                inner = action[1] if len(action) > 1 else {}
                failure = PLUGINS[name].failure(inner)
                if failure is not None:
                    return f"failed to validate the '{name}' action: {failure}"
            else:
                return f"unsupported action: {name}"
        if not rule["actions"]:
            return f"rule {number} has no action"
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
