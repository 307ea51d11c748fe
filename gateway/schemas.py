"""The JSON Schemas that a gateway reports: what it would accept, and what is default.

APISIX checks with a Lua validator of draft 4 to 7; patterns are PCRE. Where a schema
uses what our validator does not know, we say nothing rather than something wrong: the
gateway's own dry run is asked too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jsonschema_rs

from gateway.client import AdminClient
from gateway.documents import canonical
from gateway.errors import NotOffered
from gateway.kinds import KINDS

Document = dict[str, Any]
Schema = dict[str, Any]

PLUGIN_SCHEMAS = ("schema", "consumer_schema", "metadata_schema")
# Kinds without a JSON Schema of their own in the Admin API.
WITHOUT_SCHEMA = ("plugin_metadata", "secret")
DEPTH_LIMIT = 40


@dataclass(frozen=True)
class Violation:
    """One way in which a document breaks its schema; `path` is dotted."""

    path: str
    words: str


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
        found: dict[str, tuple[str, ...]] = {}
        for plugins in (self.stream_plugins, self.plugins):
            for name, plugin in plugins.items():
                fields: list[str] = []
                for which in PLUGIN_SCHEMAS:
                    schema = plugin.get(which)
                    listed = (
                        schema.get("encrypt_fields")
                        if isinstance(schema, dict)
                        else None
                    )
                    fields += [
                        str(one) for one in (listed or []) if str(one) not in fields
                    ]
                if fields:
                    found[name] = tuple(fields)
        return found

    def plugin_schema(self, kind: str, name: str) -> Schema | None:
        """Return the schema of a plugin's configuration on a resource of this kind."""
        plugin = (self.stream_plugins if kind == "stream_route" else self.plugins).get(
            name
        )
        if plugin is None:
            return None
        for which in _which(kind):
            schema = plugin.get(which)
            if isinstance(schema, dict):
                return schema
        return None

    def violations(self, kind: str, document: Document) -> Iterator[Violation]:
        """Yield how a document breaks its kind's schema and its plugins' schemas."""
        if kind == "plugin_metadata":
            schema = self.plugin_schema(kind, str(document.get("id", "")))
            meant = {name: value for name, value in document.items() if name != "id"}
            yield from _violations(schema, meant, "")
            return
        yield from _violations(self.kinds.get(kind), document, "")
        plugins = document.get("plugins")
        for name, configuration in plugins.items() if isinstance(plugins, dict) else ():
            yield from _violations(
                self.plugin_schema(kind, name), configuration, f"plugins.{name}"
            )

    def without_defaults(
        self, kind: str, resource_id: str, document: Document
    ) -> Document:
        """Return the document without values that equal their schema's default."""
        if kind == "plugin_metadata":
            schemas = [self.plugin_schema(kind, resource_id)]
            return _strip_object(document, [one for one in schemas if one], {})
        own = self.kinds.get(kind)
        plugins = document.get("plugins")
        stripped = {
            name: _strip(
                configuration, [one] if (one := self.plugin_schema(kind, name)) else []
            )
            for name, configuration in (
                plugins.items() if isinstance(plugins, dict) else ()
            )
        }
        return _strip_object(
            document, [own] if own else [], {"plugins": stripped} if stripped else {}
        )


def _which(kind: str) -> tuple[str, ...]:
    if kind in ("consumer", "credential"):
        return ("consumer_schema", "schema")
    return ("metadata_schema",) if kind == "plugin_metadata" else ("schema",)


def _violations(schema: Schema | None, value: Any, at: str) -> Iterator[Violation]:
    if not schema:
        return
    try:
        validator = jsonschema_rs.Draft7Validator(schema)
    except (ValueError, jsonschema_rs.ValidationError):
        return  # a schema beyond our validator's dialect: leave it to the gateway
    for error in validator.iter_errors(value):
        path = ".".join(str(part) for part in (at, *error.instance_path) if part != "")
        yield Violation(path, error.message)


def _strip(value: Any, schemas: list[Schema]) -> Any:
    if isinstance(value, dict):
        return _strip_object(value, schemas, {})
    if isinstance(value, list):
        items = [s["items"] for s in _all(schemas) if isinstance(s.get("items"), dict)]
        return [_strip(item, items) for item in value]
    return value


def _strip_object(value: Document, schemas: list[Schema], ready: Document) -> Document:
    """Strip below first: an object of nothing but defaults may be a default itself."""
    everywhere = list(_all(schemas))
    kept = {}
    for name, item in value.items():
        if name in ready:
            kept[name] = ready[name]
            continue
        own = list(_of_property(everywhere, name))
        stripped = _strip(item, own)
        defaults = [s["default"] for s in _all(own) if "default" in s]
        if not any(
            canonical(_strip(default, own)) == canonical(stripped)
            for default in defaults
        ):
            kept[name] = stripped
    return kept


def _of_property(schemas: list[Schema], name: str) -> Iterator[Schema]:
    """Yield every schema that may speak of a property."""
    for schema in schemas:
        properties = schema.get("properties")
        if isinstance(properties, dict) and isinstance(properties.get(name), dict):
            yield properties[name]
        elif isinstance(schema.get("additionalProperties"), dict):
            yield schema["additionalProperties"]
        patterns = schema.get("patternProperties")
        if isinstance(patterns, dict):
            yield from (one for one in patterns.values() if isinstance(one, dict))


def _all(schemas: list[Schema], depth: int = 0) -> Iterator[Schema]:
    """Yield the schemas and all their alternatives."""
    if depth > DEPTH_LIMIT:
        return
    for schema in schemas:
        yield schema
        for name in ("allOf", "anyOf", "oneOf"):
            branches = schema.get(name)
            if isinstance(branches, list):
                yield from _all([b for b in branches if isinstance(b, dict)], depth + 1)
        for name in ("then", "else"):
            if isinstance(schema.get(name), dict):
                yield from _all([schema[name]], depth + 1)
        dependencies = schema.get("dependencies")
        if isinstance(dependencies, dict):
            yield from _all(
                [one for one in dependencies.values() if isinstance(one, dict)],
                depth + 1,
            )


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
        plugins=client.plugins(),
        stream_plugins=stream_plugins,
    )
