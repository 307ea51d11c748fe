"""The read-only part of the Admin API: which plugins there are, which schemas hold."""

from typing import Any

from starlette.responses import Response

from gateway.admin_api.request import Arguments
from gateway.sandbox import answers
from gateway.sandbox.answers import Refused
from gateway.sandbox.schemas import (
    HASH_KEY_OF_HEADER,
    HASH_KEY_OF_VARS,
    KIND_SCHEMAS,
    PLUGINS,
    STREAM_PLUGINS,
)
from gateway.sandbox.schemas.registry import Plugin

_SUBSYSTEMS: dict[str, dict[str, Plugin]] = {"http": PLUGINS, "stream": STREAM_PLUGINS}
_SCHEMAS: dict[str, Any] = KIND_SCHEMAS | {
    "upstream_hash_vars_schema": HASH_KEY_OF_VARS,
    "upstream_hash_header_schema": HASH_KEY_OF_HEADER,
}


def plugins(method: str, parts: list[str], arguments: Arguments) -> Response:
    """Answer `/plugins/…`: the list, one plugin's schema, all of them, reloading."""
    name = parts[0] if parts else ""
    if name == "reload":
        if method != "PUT":
            raise Refused(
                "please use PUT method to reload the plugins,"
                f" {method} method is not allowed.",
                status=405,
            )
        return answers.plain(200, "done")
    if method != "GET":
        raise Refused("not found", status=404)
    known = _known(arguments)
    if name == "list":
        return answers.answer(200, list(known))
    if arguments.get("all") == "true":
        return answers.answer(
            200, {name: plugin.described() for name, plugin in known.items()}
        )
    return _schema_of(name, arguments)


def schema(method: str, parts: list[str], arguments: Arguments) -> Response:
    """Answer `/schema/{kind}` and `/schema/plugins/{name}`."""
    if method != "GET":
        raise Refused("not found", status=404)
    name = parts[0] if parts else ""
    if name == "plugins":
        return _schema_of(parts[1] if len(parts) > 1 else "", arguments)
    if name not in _SCHEMAS:
        raise Refused(f"not found schema: {name}")
    return answers.answer(200, _SCHEMAS[name])


def _known(arguments: Arguments) -> dict[str, Plugin]:
    subsystem = str(arguments.get("subsystem", "http"))
    if subsystem not in _SUBSYSTEMS:
        raise Refused(f"unsupported subsystem: {subsystem}")
    return _SUBSYSTEMS[subsystem]


def _schema_of(name: str, arguments: Arguments) -> Response:
    subsystem = str(arguments.get("subsystem", "http"))
    plugin = _known(arguments).get(name)
    if plugin is None:
        raise Refused(f"plugin not found in subsystem {subsystem}", status=404)
    found: Any = plugin.full_schema()
    if arguments.get("schema_type") == "consumer" and plugin.consumer_schema:
        found = plugin.consumer_schema
    return answers.answer(200, found)
