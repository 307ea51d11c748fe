"""The two OpenAPI documents: what a chat client reads, and the whole REST API.

The plugin's document is a subset made small: OpenAI allows 30 operations, and a model
reads every word of it (https://developers.openai.com/api/docs/actions/production).
"""

from collections.abc import Iterator
from functools import lru_cache
from threading import Lock
from typing import Any

import orjson
import yaml
from django.urls import URLPattern
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from portal.api import rest_urls
from portal.api.signing_in import SECURITY, oauth_scheme
from portal.wire.operations import WORDS_FOR_MODELS
from portal.wire.schema import Document, made_small

# drf-spectacular's settings are patched for the whole process while it generates.
_generating = Lock()

VERSION = "1.0.0"
WHOLE_WORDS = (
    "The whole REST API of Gatehouse, the change desk for Apache APISIX. Send a personal token "
    "as Authorization: Bearer. Errors are problem+json (RFC 9457). Writes file a change and "
    "answer 202; send an Idempotency-Key header (or the field) to be safe when you repeat one. "
    "Lists go on with cursor."
)


def plugin_document(public_url: str) -> Document:
    """Return the OpenAPI document that chat clients and other agents read."""
    made = _generated(
        rest_urls.plugin,
        title="Gatehouse",
        words=WORDS_FOR_MODELS,
        public_url=public_url,
    )
    made_small(made["components"]["schemas"])
    return finished(made)


def whole_document(public_url: str) -> Document:
    """Return the OpenAPI document of everything below /api/."""
    made = finished(
        _generated(
            rest_urls.urlpatterns,
            title="Gatehouse REST API",
            words=WHOLE_WORDS,
            public_url=public_url,
        )
    )
    # A GPT Action takes one way to sign in, so the plugin's document names one.
    made["components"]["securitySchemes"]["oauth"] = oauth_scheme(public_url)
    made["security"].append({"oauth": []})
    return made


@lru_cache(maxsize=4)
def plugin_json(public_url: str) -> bytes:
    """Return the plugin's document as compact JSON."""
    return orjson.dumps(plugin_document(public_url))


@lru_cache(maxsize=4)
def plugin_yaml(public_url: str) -> bytes:
    """Return the plugin's document as YAML."""
    return as_yaml(plugin_document(public_url))


@lru_cache(maxsize=4)
def whole_yaml(public_url: str) -> bytes:
    """Return the whole API's document as YAML."""
    return as_yaml(whole_document(public_url))


def _generated(
    patterns: list[URLPattern], *, title: str, words: str, public_url: str
) -> Document:
    patch = patched_settings(
        {
            "TITLE": title,
            "DESCRIPTION": words,
            "VERSION": VERSION,
            "SERVERS": [{"url": public_url}],
            "OAS_VERSION": "3.1.0",
        }
    )
    with _generating, patch:
        made: Document = SchemaGenerator(patterns=patterns).get_schema(
            request=None, public=True
        )
    return made


def finished(document: Document) -> Document:
    """Return the document with what repeats in it said once, and nothing unused."""
    made: Document = _without_marks(document)
    made["security"] = [{SECURITY: []}]
    refusals: Document = {}
    for operation in operations_of(made):
        operation.pop("security", None)
        operation.pop("tags", None)
        for status, response in operation["responses"].items():
            if status >= "400":
                name = f"E{status}"
                refusals[name] = response
                operation["responses"][status] = {
                    "$ref": f"#/components/responses/{name}"
                }
    made["components"]["responses"] = dict(sorted(refusals.items()))
    _prune(made)
    return made


def _without_marks(value: Any) -> Any:
    """Return a copy without drf-spectacular's own marks on enumerations."""
    if isinstance(value, dict):
        return {
            key: _without_marks(one)
            for key, one in value.items()
            # An example's summary only repeats its name.
            if key != "x-spec-enum-id" and not (key == "summary" and "value" in value)
        }
    if isinstance(value, list):
        return [_without_marks(one) for one in value]
    return value


def operations_of(document: Document) -> Iterator[Document]:
    """Yield every operation of a document."""
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in {"get", "put", "post", "patch", "delete"}:
                yield operation


def _prune(document: Document) -> None:
    """Drop components that nothing refers to, and what only those refer to."""
    schemas = document["components"].get("schemas", {})
    used: set[str] = set()
    waiting = list(
        _references([document["paths"], document["components"]["responses"]])
    )
    while waiting:
        name = waiting.pop()
        if name in schemas and name not in used:
            used.add(name)
            waiting += _references(schemas[name])
    document["components"]["schemas"] = {
        name: schema for name, schema in schemas.items() if name in used
    }


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "$ref" and isinstance(one, str):
                yield one.rpartition("/")[2]
            else:
                yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def as_yaml(document: Document) -> bytes:
    """Return the document as YAML, its keys in order."""
    return yaml.dump(
        document,
        Dumper=_PlainDumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    ).encode()


class _PlainDumper(yaml.SafeDumper):
    """YAML without anchors: some readers of plugin documents do not know them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
