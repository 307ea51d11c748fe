"""What makes a document acceptable, kind by kind, in the order APISIX looks.

The schema first, then rules that a schema cannot say, then references, then plugins.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.sandbox import certificates, dialect, expressions, lua, protobuf
from gateway.sandbox.answers import Refused
from gateway.sandbox.plugin_checks import (
    check_credential_plugins,
    check_global_rule,
    check_groups,
    check_identities,
    check_plugins,
    check_stream_plugins,
)
from gateway.sandbox.references import (
    require,
    require_client_certificate,
    require_superior,
)
from gateway.sandbox.schemas import (
    HASH_KEY_OF_HEADER,
    HASH_KEY_OF_VARS,
    KIND_SCHEMAS,
    PLUGINS,
    SECRET_SCHEMAS,
    UPSTREAM,
)
from gateway.sandbox.store import Document, Store


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A document on its way in.

    `own_id` is the id it is about to have (for a credential with its consumer);
    `lag` is how many seconds behind the store the gateway's memory is;
    `references` is False for a dry run, which looks at no other resource.
    """

    document: Document
    own_id: str | None
    lag: float = 0.0
    references: bool = True


def check(kind: str, candidate: Candidate, store: Store) -> None:
    """Check a document of any kind but plugin_metadata. Raises Refused."""
    document = candidate.document
    schema = KIND_SCHEMAS.get(kind)
    if kind == "route":
        _refuse_twins(document)
    if kind == "secret":
        manager = str(candidate.own_id).partition("/")[0]
        if manager not in SECRET_SCHEMAS:
            raise Refused(f"invalid secret manager: {manager}")
        schema = SECRET_SCHEMAS[manager]
    if schema is not None:
        check_schema(schema, document)
    special = _SPECIAL.get(kind)
    if special is not None:
        special(candidate, store)
    if candidate.references:
        check_groups(store, document)


def check_schema(schema: dialect.Schema, document: Any) -> None:
    """Check against one schema without touching the document. Raises Refused."""
    failure = dialect.check(schema, copy.deepcopy(document))
    if failure is not None:
        raise Refused(f"invalid configuration: {failure}")


def check_metadata(name: str | None, document: Document) -> None:
    """Check the metadata of a plugin. Raises Refused."""
    if name is None:
        raise Refused("missing plugin name")
    plugin = PLUGINS.get(name)
    if plugin is None:
        raise Refused("invalid plugin name")
    failure = plugin.metadata_failure(document)
    if failure is not None:
        raise Refused(f"invalid configuration: {failure}")


def _refuse_twins(document: Document) -> None:
    for one, many in (("host", "hosts"), ("remote_addr", "remote_addrs")):
        if one in document and many in document:
            raise Refused(f"only one of {one} or {many} is allowed")


def _route(candidate: Candidate, store: Store) -> None:
    document = candidate.document
    _inline_upstream(candidate, store)
    _require(candidate, store, "upstream_id", "service_id", "plugin_config_id")
    if "plugins" in document:
        check_plugins(document["plugins"])
    failure = expressions.failure(document.get("vars"))
    if failure is not None:
        raise Refused(f"failed to validate the 'vars' expression: {failure}")
    if "filter_func" in document:
        kind = _load("filter_func", "return " + document["filter_func"])
        if kind not in ("function", "unknown"):
            raise Refused("'filter_func' should be a function")
    _script(document)


def _service(candidate: Candidate, store: Store) -> None:
    document = candidate.document
    _inline_upstream(candidate, store)
    _require(candidate, store, "upstream_id")
    if "plugins" in document:
        check_plugins(document["plugins"])
    _script(document)


def _consumer(candidate: Candidate, store: Store) -> None:
    document = candidate.document
    if candidate.own_id is not None and candidate.own_id != document["username"]:
        raise Refused("wrong username")
    if "plugins" in document:
        _consumer_plugins(check_plugins_of_consumer, document["plugins"])
        if candidate.references:
            check_identities(
                store, document, candidate.lag, consumer=document["username"]
            )
    _require(candidate, store, "group_id")


def check_plugins_of_consumer(plugins: Any) -> None:
    """Check the plugins of a consumer. Raises Refused."""
    check_plugins(plugins, of_consumer=True)


def _credential(candidate: Candidate, store: Store) -> None:
    document = candidate.document
    if "plugins" in document:
        _consumer_plugins(check_plugins_of_consumer, document["plugins"])
        check_credential_plugins(document["plugins"])
        if candidate.references:
            check_identities(
                store, document, candidate.lag, credential=candidate.own_id
            )


def _consumer_plugins(rule: Callable[[Any], None], plugins: Any) -> None:
    try:
        rule(plugins)
    except Refused as refusal:
        raise Refused(f"invalid plugins configuration: {refusal}") from None


def _plugin_set(candidate: Candidate, store: Store) -> None:
    check_plugins(candidate.document["plugins"])


def _global_rule(candidate: Candidate, store: Store) -> None:
    check_plugins(candidate.document["plugins"])
    if candidate.references:
        check_global_rule(
            store, str(candidate.own_id), candidate.document, candidate.lag
        )


def _upstream(candidate: Candidate, store: Store) -> None:
    check_upstream(candidate, candidate.document, store)


def _ssl(candidate: Candidate, store: Store) -> None:
    failure = certificates.failure(candidate.document)
    if failure is not None:
        raise Refused(failure)


def _stream_route(candidate: Candidate, store: Store) -> None:
    document = candidate.document
    _inline_upstream(candidate, store)
    _require(candidate, store, "upstream_id", "service_id")
    if candidate.references:
        require_superior(store, candidate.own_id, document)
    if "plugins" in document:
        check_stream_plugins(document["plugins"])
    if "protocol" in document:
        # The protocols of xRPC are modules that a gateway must be built with.
        raise Refused(f"unknown protocol [{document['protocol']['name']}]")


def _proto(candidate: Candidate, store: Store) -> None:
    failure = protobuf.failure(candidate.document["content"])
    if failure is not None:
        raise Refused(f"invalid content: {failure}")


_SPECIAL: dict[str, Callable[[Candidate, Store], None]] = {
    "route": _route,
    "service": _service,
    "consumer": _consumer,
    "credential": _credential,
    "consumer_group": _plugin_set,
    "plugin_config": _plugin_set,
    "global_rule": _global_rule,
    "upstream": _upstream,
    "ssl": _ssl,
    "stream_route": _stream_route,
    "proto": _proto,
}


def check_upstream(candidate: Candidate, upstream: Document, store: Store) -> None:
    """Check what an upstream's schema cannot say. Raises Refused."""
    check_schema(UPSTREAM, upstream)
    if isinstance(upstream.get("nodes"), dict):
        for address in upstream["nodes"]:
            port = _port(address)
            if port is not None and not 1 <= port <= 65535:
                raise Refused(f"invalid port {port}")
    if candidate.references:
        require_client_certificate(store, upstream)
    if upstream.get("pass_host") == "rewrite" and not upstream.get("upstream_host"):
        raise Refused("`upstream_host` can't be empty when `pass_host` is `rewrite`")
    failure = certificates.tls_failure(upstream.get("tls") or {})
    if failure is not None:
        raise Refused(failure)
    if upstream.get("type") == "chash":
        _check_hash_key(upstream)


def _check_hash_key(upstream: Document) -> None:
    hash_on = upstream.get("hash_on", "vars")
    if hash_on == "consumer":
        return
    if "key" not in upstream:
        raise Refused("missing key")
    if hash_on == "vars":
        check_schema(HASH_KEY_OF_VARS, upstream["key"])
    elif hash_on in ("header", "cookie"):
        check_schema(HASH_KEY_OF_HEADER, upstream["key"])


def _port(address: str) -> int | None:
    _, colon, port = address.rpartition(":")
    return int(port) if colon and port.isdigit() and not address.endswith("]") else None


def _inline_upstream(candidate: Candidate, store: Store) -> None:
    upstream = candidate.document.get("upstream")
    if isinstance(upstream, dict):
        check_upstream(candidate, upstream, store)


def _require(candidate: Candidate, store: Store, *fields: str) -> None:
    if candidate.references:
        require(store, candidate.document, *fields)


def _script(document: Document) -> None:
    if "script" not in document:
        return
    if _load("script", document["script"]) not in ("table", "unknown"):
        raise Refused("'script' should be a Lua object")


def _load(field: str, source: str) -> str:
    try:
        return lua.load(source)
    except lua.LoadError as error:
        raise Refused(f"failed to load '{field}' string: {error}") from error
