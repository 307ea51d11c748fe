"""Every address that a gateway calls because of a document. Pure.

Nodes of upstreams, and in plugins, plugin metadata and secret managers whatever stands
under the name of an address: where logs go, who is asked whether a caller may pass.
Documents may hold anything, so nothing is trusted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gateway.redaction import dotted
from gateway.secret_fields import Document, Path

# A name under which a plugin says whom it calls.
CALLED = re.compile(
    r"(?:^|_)(?:uris?|urls?|hosts?|endpoints?|addrs?|address(?:es)?|nodes|servers?|"
    r"brokers?|broker_list|nameserver_list|discovery|proxy)$"
)
# What looks like it and is for the caller, a header or a probe.
NOT_CALLED = re.compile(
    r"redirect|callback|logout|^no_proxy$|^server_addr$|^(?:pass|upstream)_host$|^checks$"
)
# Plugins whose addresses are matched, rewritten or answered, not called.
CALL_NOBODY = frozenset(
    {
        "client-control",
        "cors",
        "echo",
        "fault-injection",
        "ip-restriction",
        "mocking",
        "proxy-rewrite",
        "real-ip",
        "redirect",
        "referer-restriction",
        "request-validation",
        "response-rewrite",
        "uri-blocker",
    }
)
HOST = re.compile(r"[^\s/?#@$,;]+")
URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class Outgoing:
    """One address. `scheme` is "" where none is said, `port` None where it is unusual."""

    path: str
    scheme: str
    host: str
    port: int | None


def outgoing(kind: str, document: Document) -> Iterator[Outgoing]:
    """Yield every address that this document makes a gateway call."""
    for path, upstream in own_upstreams(kind, document):
        yield from _of_upstream(upstream, path)
    plugins = document.get("plugins")
    for name, settings in (plugins if isinstance(plugins, dict) else {}).items():
        if name not in CALL_NOBODY:
            yield from _called(settings, ("plugins", name))
    if kind in ("plugin_metadata", "secret"):
        yield from _called(document, ())


def upstreams(kind: str, document: Document) -> Iterator[tuple[Path, Document]]:
    """Yield (path, upstream) of every upstream that stands in this document."""
    yield from own_upstreams(kind, document)
    plugins = document.get("plugins")
    split = plugins.get("traffic-split") if isinstance(plugins, dict) else None
    at = ("plugins", "traffic-split", "rules")
    for i, rule in _members(split, "rules"):
        for j, one in _members(rule, "weighted_upstreams"):
            upstream = one.get("upstream") if isinstance(one, dict) else None
            if isinstance(upstream, dict):
                yield (*at, i, "weighted_upstreams", j, "upstream"), upstream


def own_upstreams(kind: str, document: Document) -> Iterator[tuple[Path, Document]]:
    """Yield (path, upstream) of what is or has an upstream, its plugins left out."""
    if kind == "upstream":
        yield (), document
    elif isinstance(document.get("upstream"), dict):
        yield ("upstream",), document["upstream"]


def _members(holder: Any, name: str) -> Iterator[tuple[int, Any]]:
    value = holder.get(name) if isinstance(holder, dict) else None
    yield from enumerate(value if isinstance(value, list) else [])


def _of_upstream(upstream: Document, at: Path) -> Iterator[Outgoing]:
    scheme = upstream.get("scheme", "http")
    scheme = scheme if isinstance(scheme, str) else ""
    yield from _addresses(upstream.get("nodes"), (*at, "nodes"), scheme)
    # Other registries answer with addresses of their own; DNS is asked for this name.
    if upstream.get("discovery_type") == "dns":
        name = upstream.get("service_name")
        yield from _addresses(name, (*at, "service_name"), scheme)


def _called(value: Any, at: Path) -> Iterator[Outgoing]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _called(item, (*at, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            if NOT_CALLED.search(name):
                continue
            if isinstance(item, dict) and "nodes" in item and name == "upstream":
                yield from _of_upstream(item, (*at, name))
            elif CALLED.search(name):
                yield from _addresses(item, (*at, name), "")
            else:
                yield from _called(item, (*at, name))


def _addresses(value: Any, at: Path, scheme: str) -> Iterator[Outgoing]:
    """Yield the addresses in a text, a list of texts or objects, or {address: number}."""
    if isinstance(value, str):
        found = _parsed(value, scheme)
        if found is not None:
            yield Outgoing(dotted(at), *found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _addresses(item, (*at, index), scheme)
    elif isinstance(value, dict):
        if isinstance(value.get("host"), str):
            port = value.get("port")
            found = _parsed(value["host"], scheme)
            if found is not None:
                known = port if isinstance(port, int) else found[2]
                yield Outgoing(dotted((*at, "host")), *found[:2], known)
        elif all(isinstance(weight, int | float) for weight in value.values()):
            for name in value:
                found = _parsed(name, scheme)
                if found is not None:
                    yield Outgoing(dotted(at), *found)
        else:
            yield from _called(value, at)


def _parsed(text: str, scheme: str) -> tuple[str, str, int | None] | None:
    """Return (scheme, host, port); None for a path, a reference or a variable."""
    text = text.strip()
    if URL.match(text):
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        return (parts.scheme, host, port) if host and "$" not in host else None
    if not HOST.fullmatch(text):
        return None
    if text.count(":") > 1 and not text.startswith("["):
        return scheme, text, None  # an IPv6 address
    host, colon, port_text = text.rpartition(":")
    if colon and port_text.isdecimal() and len(port_text) < 6:
        return scheme, host.strip("[]"), int(port_text)
    return scheme, text.strip("[]"), None
