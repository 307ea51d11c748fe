"""Whether the plugins of a resource may be configured as they are."""

from typing import Any

import orjson

from gateway.sandbox import expressions, lua
from gateway.sandbox.answers import Refused
from gateway.sandbox.schemas import PLUGINS, STREAM_PLUGINS
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.store import Document, Store

_WITH_PLUGINS = (
    *("route", "service", "plugin_config", "consumer", "consumer_group"),
    "global_rule",
)
# The field by which a gateway tells consumers apart, per authentication plugin.
IDENTITY_FIELDS = {
    "key-auth": "key",
    "basic-auth": "username",
    "jwt-auth": "key",
    "hmac-auth": "key_id",
    "jwe-decrypt": "key",
    "ldap-auth": "user_dn",
    "ldap-auth-advanced": "user_dn",
}


def check_plugins(
    plugins: dict[str, Any] | list[Any], *, of_consumer: bool = False
) -> None:
    """Check the plugins of anything that serves HTTP. Raises Refused."""
    for name, configuration in _items(plugins):
        failure = _failure(name, configuration, PLUGINS, of_consumer=of_consumer)
        if failure is not None:
            raise Refused(failure)


def check_stream_plugins(plugins: dict[str, Any] | list[Any]) -> None:
    """Check the plugins of a stream route. Raises Refused."""
    for name, configuration in _items(plugins):
        failure = _failure(name, configuration, STREAM_PLUGINS, of_consumer=False)
        if failure is not None:
            raise Refused(failure)


def check_credential_plugins(plugins: dict[str, Any] | list[Any]) -> None:
    """Check that a credential's plugin is one of authentication. Raises Refused."""
    for name, _ in _items(plugins):
        plugin = PLUGINS.get(name)
        if plugin is not None and plugin.sort != "auth":
            raise Refused("only supports auth type plugins in consumer credential")


def check_global_rule(
    store: Store, own_id: str, document: Document, lag: float
) -> None:
    """Check that no other global rule has one of these plugins. Raises Refused."""
    for name in document["plugins"]:
        for other_id, other in store.as_of("global_rule", lag).items():
            if other_id != own_id and name in other.get("plugins", {}):
                raise Refused(
                    f"plugin '{name}' already exists in global rule with id '{other_id}'"
                )


def check_groups(store: Store, document: Document) -> None:
    """Check that everybody in a limit-count group counts alike. Raises Refused.

    A gateway remembers a group's first configuration; the store knows them all.
    """
    mine = _group_member(document)
    if mine is None:
        return
    for kind in _WITH_PLUGINS:
        for other in store.all(kind).values():
            theirs = _group_member(other)
            if theirs is None or theirs["group"] != mine["group"]:
                continue
            if theirs != mine:
                raise Refused(
                    "failed to check the configuration of plugin limit-count err:"
                    " group conf mismatched"
                )


def _group_member(document: Document) -> dict[str, Any] | None:
    for name, configuration in _items(document.get("plugins") or {}):
        if name == "limit-count" and "group" in configuration:
            filled: dict[str, Any] = PLUGINS[name].filled(configuration)
            filled.pop("_meta", None)
            return filled
    return None


def check_identities(
    store: Store,
    document: Document,
    lag: float,
    *,
    consumer: str | None = None,
    credential: str | None = None,
) -> None:
    """Check that no other consumer or credential has the same key. Raises Refused.

    Name the one that is being written: a consumer's username or a credential's id
    (`jack/credentials/c1`).
    """
    for name, configuration in _items(document.get("plugins") or {}):
        field = IDENTITY_FIELDS.get(name)
        value = configuration.get(field) if field else None
        if value is None:
            continue
        owner = _owner(store, name, str(field), value, lag, consumer, credential)
        if owner is not None:
            raise Refused(f"duplicate {field} of plugin {name} found with {owner}")


def _owner(
    store: Store,
    plugin: str,
    field: str,
    value: Any,
    lag: float,
    consumer: str | None,
    credential: str | None,
) -> str | None:
    for username, other in store.as_of("consumer", lag).items():
        held = (other.get("plugins") or {}).get(plugin) or {}
        if username != consumer and held.get(field) == value:
            return f"consumer: {username}"
    for key, other in store.as_of("credential", lag).items():
        held = (other.get("plugins") or {}).get(plugin) or {}
        if key != credential and held.get(field) == value:
            username, _, name = key.partition("/credentials/")
            return f"credential: {name} of consumer: {username}"
    return None


def _failure(
    name: str, configuration: Any, known: dict[str, Plugin], *, of_consumer: bool
) -> str | None:
    if not isinstance(configuration, dict | list):
        written = orjson.dumps(configuration).decode()
        return f"invalid plugin conf {written} for plugin [{name}]"
    plugin = known.get(name)
    if plugin is None:
        return f"unknown plugin [{name}]"
    failure = plugin.failure(configuration, of_consumer=of_consumer)
    if failure is not None:
        words = "failed to check the configuration of"
        if known is STREAM_PLUGINS:
            return f"{words} stream plugin [{name}]: {failure}"
        return f"{words} plugin {name} err: {failure}"
    return (
        _meta_failure(name, configuration) if isinstance(configuration, dict) else None
    )


def _meta_failure(name: str, configuration: dict[str, Any]) -> str | None:
    meta = configuration.get("_meta") or {}
    failure = expressions.failure(meta.get("filter"))
    if failure is not None:
        return f"failed to validate the 'vars' expression: {failure}"
    if "pre_function" in meta:
        try:
            lua.load("return " + meta["pre_function"])
        except lua.LoadError as error:
            return f"failed to load _meta.pre_function in plugin {name}: {error}"
    return None


def _items(plugins: dict[str, Any] | list[Any]) -> list[tuple[str, Any]]:
    # An empty array is an empty object to APISIX; a schema let nothing else through.
    return list(plugins.items()) if isinstance(plugins, dict) else []
