"""What the sandbox knows of a plugin, and where it looks a plugin up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gateway.sandbox import dialect
from gateway.sandbox.schemas.words import (
    Schema,
    array,
    flag,
    obj,
    one_of,
    text,
    whole,
)

Check = Callable[[dict[str, Any]], str | None]

# What every plugin's configuration may hold besides its own fields.
META = obj(
    {
        "disable": flag(),
        "error_response": one_of(text(), obj()),
        "priority": whole(),
        "filter": array(),
        "pre_function": text(),
    },
    closed=True,
)


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One plugin as the Admin API knows it.

    `sort` is "auth" for those that a consumer may carry. A `check` looks at what a
    schema cannot say and returns what is wrong; it sees defaults filled in, save
    `check_before`, which looks before the schema does.
    """

    name: str
    priority: int
    schema: Schema
    version: float = 0.1
    sort: str | None = None
    scope: str | None = None
    consumer_schema: Schema | None = None
    metadata_schema: Schema | None = None
    check_before: Check | None = None
    check: Check | None = None
    check_consumer: Check | None = None
    check_metadata: Check | None = None

    def full_schema(self) -> Schema:
        """Return the schema of a configuration, `_meta` included."""
        schema = dict(self.schema)
        schema["properties"] = {**schema.get("properties", {}), "_meta": META}
        return schema

    def failure(self, configuration: Any, *, of_consumer: bool = False) -> str | None:
        """Return what is wrong with a configuration, or None."""
        filled = _as_tables(configuration)
        if of_consumer and self.consumer_schema is not None:
            schema, check = self.consumer_schema, self.check_consumer
        else:
            schema, check = self.full_schema(), self.check
            if self.check_before is not None and isinstance(filled, dict):
                failure = self.check_before(filled)
                if failure is not None:
                    return failure
        return dialect.check(schema, filled) or (check(filled) if check else None)

    def filled(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """Return a valid configuration with its defaults."""
        filled: dict[str, Any] = _as_tables(configuration)
        dialect.check(self.full_schema(), filled)
        return filled

    def metadata_failure(self, metadata: Any) -> str | None:
        """Return what is wrong with the plugin's metadata, or None."""
        filled = _as_tables(metadata)
        failure = dialect.check(self.metadata_schema or obj(), filled)
        check = self.check_metadata
        return failure or (check(filled) if check else None)

    def described(self) -> dict[str, Any]:
        """Return what `GET /plugins?all=true` says of this plugin."""
        more = {
            "type": self.sort,
            "scope": self.scope,
            "consumer_schema": self.consumer_schema,
            "metadata_schema": self.metadata_schema,
        }
        return {
            "version": self.version,
            "priority": self.priority,
            "schema": self.full_schema(),
            **{key: value for key, value in more.items() if value is not None},
        }


def _as_tables(value: Any) -> Any:
    """Return a copy in which what is empty is an object, as a Lua table is either."""
    if isinstance(value, dict):
        return {key: _as_tables(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_tables(item) for item in value] or {}
    return value


def by_name(plugins: Iterable[Plugin]) -> dict[str, Plugin]:
    """Return {name: plugin}, the highest priority first."""
    ordered = sorted(plugins, key=lambda plugin: -plugin.priority)
    return {plugin.name: plugin for plugin in ordered}
