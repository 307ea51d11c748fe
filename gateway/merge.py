"""Merge a partial document into a live one: RFC 7396, with APISIX's exceptions. Pure.

- `upstream.url` is expanded and replaces nodes, scheme, service_name, discovery_type;
- `nodes` is replaced whole: merging would keep nodes that somebody wanted gone;
- giving one of uri|uris, host|hosts, remote_addr|remote_addrs removes its twin, of
  which APISIX allows only one.
"""

import copy
import re
from typing import Any
from urllib.parse import urlsplit

from gateway.words import quoted

Document = dict[str, Any]

TWINS = {"uri": "uris", "host": "hosts", "remote_addr": "remote_addrs"}
TWINS |= {plural: single for single, plural in TWINS.items()}
REPLACED_BY_URL = ("nodes", "scheme", "service_name", "discovery_type")
# None: a stream upstream, whose port nobody can guess.
DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "grpc": 80,
    "grpcs": 443,
    "tcp": None,
    "tls": None,
    "udp": None,
}
# What the gateway takes for a host of a node.
HOST = re.compile(r"[0-9a-zA-Z\-._]+|\[[0-9a-fA-F:.]+\]")
# Far more than any document needs, far less than what exhausts a recursion.
DEPTH_LIMIT = 100
SHOWN = 80


class MergeError(ValueError):
    """The partial document makes no sense; `field` names where."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


def merge(kind: str, live: Document, patch: Document) -> Document:
    """Return the live document with the patch merged in; neither is changed.

    Raises MergeError.
    """
    _check_depth(patch)
    patch = copy.deepcopy(patch)
    merged = copy.deepcopy(live)
    if kind == "upstream":
        patch = expand_upstream_url(patch, field="url")
        _make_room(merged, patch)
    upstream = patch.get("upstream")
    if isinstance(upstream, dict):
        patch["upstream"] = expand_upstream_url(upstream, field="upstream.url")
        if isinstance(merged.get("upstream"), dict):
            _make_room(merged["upstream"], patch["upstream"])
    for name, twin in TWINS.items():
        if patch.get(name) is not None and twin not in patch:
            merged.pop(twin, None)
    result = merge_patch(merged, patch)
    return result if isinstance(result, dict) else {}


def whole(kind: str, document: Document) -> Document:
    """Return a document that replaces the live one: as it is, a plain `url` expanded.

    Here null removes nothing: a gateway may hold one, and whoever sends back what was
    read means all of it. Raises MergeError.
    """
    _check_depth(document)
    document = copy.deepcopy(document)
    if kind == "upstream":
        return _with_nodes(document, field="url")
    if isinstance(document.get("upstream"), dict):
        document["upstream"] = _with_nodes(document["upstream"], field="upstream.url")
    return document


def _with_nodes(upstream: Document, *, field: str) -> Document:
    if "url" not in upstream:
        return upstream
    return {
        name: value
        for name, value in expand_upstream_url(upstream, field=field).items()
        if value is not None or name not in REPLACED_BY_URL
    }


def _check_depth(document: Document) -> None:
    if _is_deeper(document, DEPTH_LIMIT):
        raise MergeError(
            f"The document nests deeper than {DEPTH_LIMIT} levels. Make it flatter.",
            field="",
        )


def _make_room(live: Document, patch: Document) -> None:
    """Take from the live upstream what the patch replaces whole."""
    if "nodes" in patch:
        live.pop("nodes", None)
        if patch.get("nodes") is not None:
            # Nodes and discovery exclude each other.
            for name in ("service_name", "discovery_type"):
                if name not in patch:
                    live.pop(name, None)
    elif patch.get("service_name") is not None:
        live.pop("nodes", None)


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply RFC 7396: objects merge, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def expand_upstream_url(upstream: Document, *, field: str) -> Document:
    """Return the upstream with a plain `url` expanded into scheme and nodes.

    Raises MergeError for a URL that has a path, credentials or no host, or that stands
    beside what it replaces.
    """
    if "url" not in upstream:
        return upstream
    rest = {name: value for name, value in upstream.items() if name != "url"}
    clash = [name for name in REPLACED_BY_URL if rest.get(name) is not None]
    if clash:
        raise MergeError(
            f"Give either url or {', '.join(clash)}, not both.", field=field
        )
    scheme, host, port = _address_of(upstream["url"], field)
    expanded: Document = dict.fromkeys(REPLACED_BY_URL)
    expanded["scheme"] = scheme
    expanded["nodes"] = {f"{host}:{port}": 1}
    return {**rest, **expanded}


def _address_of(url: Any, field: str) -> tuple[str, str, int]:
    """Return scheme, host (an IPv6 one in brackets) and port. Raises MergeError."""
    mend = "Give scheme, host and port only, like http://10.0.0.7:8080."
    if not isinstance(url, str):
        raise MergeError(f"url must be a text. {mend}", field=field)
    url = url.strip()
    if "@" in url:
        # Not repeated: it may hold a password.
        raise MergeError(
            f"An upstream address holds no user or password. {mend}", field=field
        )
    shown = quoted(url, limit=SHOWN)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise MergeError(f"{shown} is no address. {mend}", field=field) from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise MergeError(
            f"{shown} is no address of a server: it must begin with "
            f"{', '.join(f'{name}://' for name in DEFAULT_PORTS)}. {mend}",
            field=field,
        )
    if parts.path not in ("", "/") or "?" in url or "#" in url:
        raise MergeError(
            f"An upstream is a server, it has no path. {mend} To change the path, use the "
            "plugin proxy-rewrite.",
            field=field,
        )
    host = f"[{host}]" if ":" in host else host
    # urlsplit drops line breaks and tabs amid a URL; we do not guess what was meant.
    if not HOST.fullmatch(host) or any(char.isspace() for char in url):
        raise MergeError(
            f"{shown} names no host that the gateway takes: letters, digits, '-', '.' "
            f"and '_', other scripts as xn--. {mend}",
            field=field,
        )
    if port is None:
        port = DEFAULT_PORTS[parts.scheme]
    if not port:
        raise MergeError(f"{shown} needs a port. {mend}", field=field)
    return parts.scheme, host, port


def _is_deeper(value: Any, levels: int) -> bool:
    """Say whether a value nests deeper; without recursion, which it could exhaust."""
    layer = [value]
    for _ in range(levels):
        layer = [
            item
            for one in layer
            if isinstance(one, dict | list)
            for item in (one.values() if isinstance(one, dict) else one)
        ]
        if not layer:
            return False
    return True
