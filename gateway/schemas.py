"""The JSON Schemas that a gateway reports: what it would accept, and what is default."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.client import AdminClient
from gateway.defaults import with_tables, without_defaults
from gateway.errors import NotOffered
from gateway.kinds import KINDS
from gateway.violations import Checker, Violation

Document = dict[str, Any]
Schema = dict[str, Any]

PLUGIN_SCHEMAS = ("schema", "consumer_schema", "metadata_schema")
# Kinds without a JSON Schema of their own in the Admin API.
WITHOUT_SCHEMA = ("plugin_metadata", "secret")


@dataclass(frozen=True)
class Schemas:
    """Schemas of kinds and plugins of one gateway version.

    `kinds` is {kind: schema}; `plugins` and `stream_plugins` are {name: {schema,
    consumer_schema, metadata_schema, priority, version, …}} as the gateway tells them.
    """

    version: str
    kinds: dict[str, Schema]
    plugins: dict[str, dict[str, Any]]
    stream_plugins: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "kinds": self.kinds,
            "plugins": self.plugins,
            "stream_plugins": self.stream_plugins,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Schemas":
        """Return what `as_json` wrote."""
        return cls(
            version=kept["version"],
            kinds=kept["kinds"],
            plugins=kept["plugins"],
            stream_plugins=kept.get("stream_plugins", {}),
        )

    @cached_property
    def encrypt_fields(self) -> dict[str, tuple[str, ...]]:
        """Return {plugin: dotted fields that the gateway encrypts}, of all its schemas."""
        found: dict[str, dict[str, None]] = {}
        for plugins in (self.stream_plugins, self.plugins):
            for name, plugin in plugins.items():
                for which in PLUGIN_SCHEMAS:
                    schema = plugin.get(which)
                    listed = (
                        schema.get("encrypt_fields")
                        if isinstance(schema, dict)
                        else None
                    )
                    if isinstance(listed, list) and listed:
                        found.setdefault(name, {}).update(
                            dict.fromkeys(map(str, listed))
                        )
        return {name: tuple(fields) for name, fields in found.items()}

    def plugin_schema(self, kind: str, name: str) -> Schema | None:
        """Return the schema of a plugin's configuration on a resource of this kind."""
        return self._schema_of_plugin(kind, name)[1]

    def violations(self, kind: str, document: Document) -> Iterator[Violation]:
        """Yield how a document breaks its kind's schema and its plugins' schemas."""
        if kind == "plugin_metadata":
            name = str(document.get("id", ""))
            meant = {key: value for key, value in document.items() if key != "id"}
            yield from self._check(*self._schema_of_plugin(kind, name), meant)
            return
        yield from self._check(kind, self.kinds.get(kind), document)
        plugins = document.get("plugins")
        if not isinstance(plugins, dict):
            return
        if kind == "credential":
            yield from self._credential_violations(plugins)
        for name, configuration in plugins.items():
            # What is switched off need not be right.
            if not _is_disabled(configuration):
                yield from self._check(
                    *self._schema_of_plugin(kind, name),
                    configuration,
                    f"plugins.{name}",
                )

    def without_defaults(
        self, kind: str, resource_id: str, document: Document
    ) -> Document:
        """Return the document without values that equal their schema's default."""
        if kind == "plugin_metadata":
            own = self.plugin_schema(kind, resource_id)
            return dict(without_defaults(document, [own] if own else []))
        plugins = document.get("plugins")
        ready: Document = {}
        if isinstance(plugins, dict):
            ready["plugins"] = {
                name: without_defaults(
                    configuration,
                    [own] if (own := self.plugin_schema(kind, name)) else [],
                )
                for name, configuration in plugins.items()
            }
        own = self.kinds.get(kind)
        return dict(without_defaults(document, [own] if own else [], ready))

    def with_tables(self, kind: str, resource_id: str, document: Document) -> Document:
        """Return the document with what is empty in the form that its schema wants."""
        if kind == "plugin_metadata":
            return dict(with_tables(document, self.plugin_schema(kind, resource_id)))
        formed = dict(with_tables(document, self.kinds.get(kind)))
        plugins = formed.get("plugins")
        if isinstance(plugins, dict):
            formed["plugins"] = {
                name: with_tables(configuration, self.plugin_schema(kind, name))
                for name, configuration in plugins.items()
            }
        return formed

    def _schema_of_plugin(self, kind: str, name: str) -> tuple[str, Schema | None]:
        """Return a plugin's schema for this kind, with a name for it."""
        plugins = self.stream_plugins if kind == "stream_route" else self.plugins
        plugin = plugins.get(name, {})
        for which in _which(kind):
            schema = plugin.get(which)
            if isinstance(schema, dict):
                where = "stream " if kind == "stream_route" else ""
                return f"{where}{which} of {name}", schema
        return "", None

    def _check(
        self, called: str, schema: Schema | None, value: Any, at: str = ""
    ) -> Iterator[Violation]:
        if schema is None:
            return
        checker = self._checkers.get(called)
        if checker is None:
            is_plugin = called not in KINDS
            checker = self._checkers[called] = Checker(schema, is_plugin=is_plugin)
        yield from checker.violations(value, at)

    @cached_property
    def _checkers(self) -> dict[str, Checker]:
        return {}

    def _credential_violations(self, plugins: Document) -> Iterator[Violation]:
        """Yield what the Admin API, which tells no schema of credentials, refuses."""
        if len(plugins) > 1:
            yield Violation("plugins", "expect object to have at most 1 properties")
        authenticating = {
            name for name, one in self.plugins.items() if one.get("type") == "auth"
        }
        for name in plugins:
            if authenticating and name in self.plugins and name not in authenticating:
                yield Violation(
                    f"plugins.{name}",
                    "only supports auth type plugins in consumer credential",
                )


def _is_disabled(configuration: Any) -> bool:
    meta = configuration.get("_meta") if isinstance(configuration, dict) else None
    return isinstance(meta, dict) and meta.get("disable") is True


def _which(kind: str) -> tuple[str, ...]:
    if kind in ("consumer", "credential"):
        return ("consumer_schema", "schema")
    return ("metadata_schema",) if kind == "plugin_metadata" else ("schema",)


def fetch_schemas(client: AdminClient) -> Schemas:
    """Ask a gateway for all its schemas: one request per kind, two for the plugins."""
    kinds = {}
    for kind in KINDS:
        if kind in WITHOUT_SCHEMA:
            continue
        try:
            kinds[kind] = client.schema(kind)
        except NotOffered:
            continue  # older gateways know fewer kinds
    try:
        stream_plugins = client.stream_plugins()
    except NotOffered:
        stream_plugins = {}
    return Schemas(
        version=client.version(),
        kinds=kinds,
        plugins=_described(client.plugins()),
        stream_plugins=_described(stream_plugins),
    )


def _described(plugins: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in plugins.items() if isinstance(one, dict)}
