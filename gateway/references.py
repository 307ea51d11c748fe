"""Which resource names which other one: our own graph of a gateway's documents. Pure.

The gateway's own guards read memory that lags, and some references it does not guard
at all (stream routes to upstreams, anything to certificates).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.kinds import KINDS
from gateway.redaction import dotted
from gateway.secret_fields import texts

Document = dict[str, Any]

# Kinds whose documents hold plugins, which may name upstreams and protos.
PLUGIN_HOLDERS = frozenset(
    {
        "route",
        "service",
        "plugin_config",
        "consumer",
        "consumer_group",
        "global_rule",
    }
)
# $secret://MANAGER/ID/what the manager holds (apisix/secret.lua).
SECRET = re.compile(r"\$secret://([^/]+/[^/]+)/.")
NAMED_BY_PLUGINS = frozenset({"upstream", "proto"})


def references_of(kind: str, document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield (field path, kind, id) for everything this document refers to."""
    for reference in KINDS[kind].references:
        value: Any = document
        for part in reference.path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield ".".join(reference.path), reference.kind, str(value)
    plugins = document.get("plugins")
    if not isinstance(plugins, dict):
        return
    for at, upstream_id in _weighted_upstreams(plugins.get("traffic-split")):
        yield f"plugins.traffic-split.{at}", "upstream", upstream_id
    transcode = plugins.get("grpc-transcode")
    if isinstance(transcode, dict) and isinstance(transcode.get("proto_id"), str | int):
        yield "plugins.grpc-transcode.proto_id", "proto", str(transcode["proto_id"])


def secrets_of(document: Document) -> Iterator[tuple[str, str]]:
    """Yield (id of a secret, field path) for every `$secret://…` in a document.

    No gateway guards these: what names a secret that is not there gets the text itself.
    """
    for path, text in texts(document):
        found = SECRET.match(text)
        if found and KINDS["secret"].accepts_id(found[1]):
            yield found[1], dotted(path)


def with_ids_as_text(kind: str, document: Document) -> Document:
    """Return the document with its references as text: 1 and "1" name one resource."""
    for reference in KINDS[kind].references:
        document = _with_id_as_text(document, reference.path)
    return document


def _with_id_as_text(document: Document, path: tuple[str, ...]) -> Document:
    name, *rest = path
    value = document.get(name)
    if rest and isinstance(value, dict):
        return {**document, name: _with_id_as_text(value, tuple(rest))}
    if rest or not isinstance(value, int) or isinstance(value, bool):
        return document
    return {**document, name: str(value)}


def _weighted_upstreams(split: Any) -> Iterator[tuple[str, str]]:
    rules = split.get("rules") if isinstance(split, dict) else None
    for i, rule in enumerate(rules if isinstance(rules, list) else []):
        weighted = rule.get("weighted_upstreams") if isinstance(rule, dict) else None
        for j, one in enumerate(weighted if isinstance(weighted, list) else []):
            if isinstance(one, dict) and isinstance(one.get("upstream_id"), str | int):
                at = f"rules.{i}.weighted_upstreams.{j}.upstream_id"
                yield at, str(one["upstream_id"])


def holders_of(kinds: Iterable[str]) -> list[str]:
    """Return the kinds whose documents may refer to one of these kinds."""
    wanted = set(kinds)
    return [
        name
        for name, kind in KINDS.items()
        if any(reference.kind in wanted for reference in kind.references)
        or (name in PLUGIN_HOLDERS and NAMED_BY_PLUGINS & wanted)
    ]


def referrers(
    kind: str, resource_id: str, *, among: Mapping[str, Mapping[str, Document]]
) -> Iterator[tuple[str, str]]:
    """Yield (kind, id) of everything that refers to a resource.

    `among` is {kind: {id: document}}, as `holders_of` names the kinds.
    """
    for holder, documents in among.items():
        for holder_id, document in documents.items():
            if any(
                (target, target_id) == (kind, resource_id)
                for _, target, target_id in references_of(holder, document)
            ):
                yield holder, holder_id
