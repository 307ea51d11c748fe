"""Documents made up from the JSON Schemas that the sandbox tells: of every kind.

They need not be valid: what laws say of documents holds for any.
"""

from typing import Any

from hypothesis import strategies as st

from gateway.kinds import KINDS
from gateway.sandbox.schemas import KIND_SCHEMAS, PLUGINS, STREAM_PLUGINS
from gateway.sandbox.schemas.kinds import SECRET_SCHEMAS
from gateway.schemas import Schemas

Document = dict[str, Any]
Strategy = st.SearchStrategy[Any]

METADATA_OF = "http-logger"
# A few with much to fill in: defaults, lists of objects, alternatives.
SOME_PLUGINS = ("limit-count", "cors", "ip-restriction", "openid-connect", "mocking")
SOME_STREAM_PLUGINS = ("ip-restriction", "limit-conn")
TEXTS = st.text("abö", max_size=4)
# So far from the 14 digits that a gateway keeps that one more is seen.
WHOLE = st.integers(-(10**6), 10**6)
NUMBERS = WHOLE | st.sampled_from([0.5, -2.25])
ANYTHING = st.recursive(
    st.booleans() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2)
    ),
    max_leaves=4,
)
DEPTH = 6


def schemas_of(version: str) -> Schemas:
    """What a gateway of this version tells, as the sandbox knows it."""
    return Schemas(
        version,
        KIND_SCHEMAS,
        {name: plugin.described() for name, plugin in PLUGINS.items()},
        {name: plugin.described() for name, plugin in STREAM_PLUGINS.items()},
    )


def documents_of(kind: str) -> st.SearchStrategy[Document]:
    """Return documents of a kind, with plugins where it has them."""
    if kind == "secret":
        return st.one_of(*(_made(schema) for schema in SECRET_SCHEMAS.values()))
    if kind == "plugin_metadata":
        return _made(PLUGINS[METADATA_OF].metadata_schema).map(
            lambda document: {**document, "id": METADATA_OF}
        )
    schema = KIND_SCHEMAS[kind]
    own = {**schema["properties"]}
    plugins = own.pop("plugins", None)
    document = _made({**schema, "properties": own})
    if plugins is None:
        return document
    made = st.fixed_dictionaries({}, optional=_plugins(kind))
    return st.builds(lambda one, more: {**one, "plugins": more}, document, made)


def _plugins(kind: str) -> dict[str, Strategy]:
    if kind == "stream_route":
        return {
            name: _made(STREAM_PLUGINS[name].full_schema())
            for name in SOME_STREAM_PLUGINS
            if name in STREAM_PLUGINS
        }
    if kind in {"consumer", "credential"}:
        return {"key-auth": _made(PLUGINS["key-auth"].consumer_schema)}
    return {name: _made(PLUGINS[name].full_schema()) for name in SOME_PLUGINS}


def _made(schema: Any, depth: int = DEPTH) -> Strategy:
    """Return values of a schema's type and members, whatever else it asks for."""
    if not isinstance(schema, dict) or depth == 0:
        return ANYTHING
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for choice in ("anyOf", "oneOf"):
        typed = [one for one in schema.get(choice, ()) if "type" in one]
        if typed and "properties" not in schema:
            return st.one_of(*(_made(one, depth - 1) for one in typed))
    match schema.get("type"):
        case "object":
            return _objects(schema, depth)
        case "array":
            return st.lists(_made(schema.get("items"), depth - 1), max_size=3)
        case "string":
            return TEXTS
        case "integer":
            return WHOLE
        case "number":
            return NUMBERS
        case "boolean":
            return st.booleans()
    return ANYTHING


def _objects(schema: Document, depth: int) -> st.SearchStrategy[Document]:
    members = {
        name: _made(one, depth - 1)
        for name, one in schema.get("properties", {}).items()
    }
    named = st.fixed_dictionaries({}, optional=members)
    if schema.get("additionalProperties") is False:
        return named
    others = [*schema.get("patternProperties", {}).values()]
    more = st.dictionaries(
        TEXTS.map("x{}".format),
        _made(others[0] if others else None, depth - 1),
        max_size=2,
    )
    return st.builds(lambda one, two: {**two, **one}, named, more)


assert {*KIND_SCHEMAS, "secret", "plugin_metadata"} == set(KINDS)
