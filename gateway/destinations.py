"""Where a document's secrets are sent to: a kept secret with a new address. Pure.

Whoever may change an address but not see a secret could have it sent to themselves.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from gateway.canonical import canonical, number_form
from gateway.redaction import any_index, dotted
from gateway.secret_fields import Document, EncryptFields, Path, secret_paths

# A name under which something says where it sends things.
DESTINATION = re.compile(
    r"(?:^|_)(?:uri|uris|url|urls|host|hosts|hostname|endpoint|endpoints|"
    r"endpoint_addrs?|node|nodes|addr|addrs|address|addresses|broker|brokers|"
    r"broker_list|nameserver_list|server|servers|discovery|port|ports|ldap_uri|domain|"
    r"provider|region|service_name|namespace|scheme)$"
)
# Where an upstream is, in itself and by reference.
UPSTREAM_FIELDS = ("nodes", "service_name", "discovery_type", "discovery_args")
REFERENCES = ("upstream_id", "service_id")
# Plugins whose secrets go to the upstream.
FOLLOW_UPSTREAM = ("proxy-rewrite",)
# Kinds that are an address and a secret themselves.
OWN_ADDRESS = ("secret", "plugin_metadata")

# {(path without indexes, value as JSON)}
Places = frozenset[tuple[tuple[str | None, ...], bytes]]


def secrets_to_new_destinations(
    kind: str, base: Document, wanted: Document, *, encrypt_fields: EncryptFields
) -> Iterator[tuple[str, str]]:
    """Yield (secret's path, destination's path) where a kept secret will go elsewhere.

    A secret is kept when `base` holds its value at the same path, whatever the index
    in an array. It goes where the addresses in its own plugin say: those of its own
    element of an array, and those outside of it. A client key and the headers that
    proxy-rewrite sets go to the upstream. What a condition (`vars`) compares with, and
    a certificate's key, go nowhere.
    """
    before: dict[tuple[tuple[str | None, ...], str], list[Places]] = {}
    for path, value in secret_paths(kind, base, encrypt_fields=encrypt_fields):
        before.setdefault((any_index(path), value), []).append(
            _places(kind, base, path)
        )
    for path, value in secret_paths(kind, wanted, encrypt_fields=encrypt_fields):
        known = before.get((any_index(path), value))
        if known is None:
            continue  # whoever gives a secret may say where it goes
        now = _places(kind, wanted, path)
        if now not in known:
            closest = min(known, key=lambda places: len(places ^ now))
            changed = min(
                (_readable(where) for where, _ in closest ^ now),
                key=lambda w: (len(w), w),
            )
            yield dotted(path), changed


def _places(kind: str, document: Document, path: Path) -> Places:
    """Return every address that the secret at this path is sent to."""
    found: Iterable[tuple[Path, Any]] = ()
    if path[0] == "plugins" and len(path) > 2:
        scope = path[:2]
        inside = _addresses(document["plugins"][path[1]], path[2:])
        found = [((*scope, *where), value) for where, value in inside]
        if path[1] in FOLLOW_UPSTREAM:
            found += _upstream(document)
    elif kind in OWN_ADDRESS:
        found = _addresses(document, path)
    elif "client_key" in path:
        found = _upstream(document)
    return frozenset(
        (any_index(where), canonical(number_form(_without_weights(value))))
        for where, value in found
    )


def _without_weights(nodes: Any) -> Any:
    """Return where nodes are: how much traffic each gets changes no address."""
    if isinstance(nodes, dict):
        return sorted(nodes)
    if isinstance(nodes, list):
        return [
            {name: one[name] for name in ("host", "port") if name in one}
            if isinstance(one, dict)
            else one
            for one in nodes
        ]
    return nodes


def _upstream(document: Document) -> Iterator[tuple[Path, Any]]:
    """Yield (path, value) of what says where requests go."""
    for name in (*REFERENCES, *UPSTREAM_FIELDS):
        if name in document:
            yield (name,), document[name]
    upstream = document.get("upstream")
    for name in UPSTREAM_FIELDS:
        if isinstance(upstream, dict) and name in upstream:
            yield ("upstream", name), upstream[name]


def _addresses(value: Any, towards: Path) -> Iterator[tuple[Path, Any]]:
    """Yield (path, value) under a destination's name.

    Of an array on the way to the secret only the secret's own element counts.
    """
    if isinstance(value, list):
        on_the_way = towards[0] if towards and isinstance(towards[0], int) else None
        for index, item in enumerate(value):
            if on_the_way is None or index == on_the_way:
                inside = towards[1:] if index == on_the_way else ()
                for path, found in _addresses(item, inside):
                    yield (index, *path), found
    elif isinstance(value, dict):
        for name, item in value.items():
            is_on_the_way = bool(towards) and towards[0] == name
            if DESTINATION.search(name) and not is_on_the_way:
                yield (name,), item
            else:
                for path, found in _addresses(
                    item, towards[1:] if is_on_the_way else ()
                ):
                    yield (name, *path), found


def _readable(where: tuple[str | None, ...]) -> str:
    return ".".join("*" if part is None else part for part in where)
