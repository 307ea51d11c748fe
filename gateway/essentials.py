"""What most people want to say of a route, read from its document and put into it. Pure.

What is put back as it was read leaves the document exactly as it is, whatever it holds.
"""

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from gateway.effective import hosts_of, texts
from gateway.merge import REPLACED_BY_URL, MergeError, expand_upstream_url

Document = dict[str, Any]

# `upstream shop`, `service shop`: what is there already.
NAMED = re.compile(r"(upstream|service) (\S+)")


@dataclass(frozen=True)
class Essentials:
    """`goes_to` holds addresses, or `upstream ID` or `service ID`; "" where neither says it."""

    uris: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    goes_to: str = ""
    name: str = ""


def essentials_of(document: Document) -> Essentials:
    """Return what a route says of these."""
    name = document.get("name")
    return Essentials(
        uris=tuple(texts(document.get("uris")) or texts(document.get("uri"))),
        hosts=tuple(hosts_of(document)),
        methods=tuple(texts(document.get("methods"))),
        goes_to=_goes_to(document),
        name=name if isinstance(name, str) else "",
    )


def with_essentials(document: Document, wanted: Essentials) -> Document:
    """Return a copy that says what is wanted. Raises MergeError, which names the field."""
    held, made = essentials_of(document), deepcopy(document)
    if wanted.uris != held.uris:
        _one_or_several(made, "uri", "uris", wanted.uris)
    if wanted.hosts != held.hosts:
        _one_or_several(made, "host", "hosts", wanted.hosts)
    if wanted.methods != held.methods:
        _set(made, "methods", list(wanted.methods))
    if wanted.name != held.name:
        _set(made, "name", wanted.name)
    if wanted.goes_to != held.goes_to:
        _send_to(made, wanted.goes_to)
    return made


def _goes_to(document: Document) -> str:
    for name, words in (("upstream_id", "upstream"), ("service_id", "service")):
        named = document.get(name)
        if named is not None and not (name == "service_id" and "upstream" in document):
            return f"{words} {named}"
    upstream = document.get("upstream")
    nodes = upstream.get("nodes") if isinstance(upstream, dict) else None
    if not isinstance(upstream, dict) or not isinstance(nodes, dict):
        return ""
    # Other weights are for other forms.
    if not nodes or any(weight != 1 or weight is True for weight in nodes.values()):
        return ""
    scheme = upstream.get("scheme", "http")
    return " ".join(f"{scheme}://{address}" for address in nodes)


def _send_to(document: Document, goes_to: str) -> None:
    if named := NAMED.fullmatch(goes_to.strip()):
        kind, resource_id = named.groups()
        document[f"{kind}_id"] = resource_id
        document.pop("upstream", None)
        if kind == "service":
            document.pop("upstream_id", None)
        return
    upstream = document.get("upstream")
    kept = upstream if isinstance(upstream, dict) else {}
    kept = {name: value for name, value in kept.items() if name not in REPLACED_BY_URL}
    document["upstream"] = {
        "type": "roundrobin",
        **kept,
        **_addressed(goes_to.split()),
    }
    document.pop("upstream_id", None)


def _addressed(urls: list[str]) -> Document:
    """Return scheme and nodes for addresses. Raises MergeError."""
    schemes: dict[str, None] = {}
    nodes: Document = {}
    for url in urls:
        expanded = expand_upstream_url({"url": url}, field="upstream")
        schemes[expanded["scheme"]] = None
        nodes |= expanded["nodes"]
    if len(schemes) > 1:
        raise MergeError(
            f"All servers of a route speak one protocol; these speak {' and '.join(schemes)}. "
            "Give them one.",
            field="upstream",
        )
    return {"scheme": next(iter(schemes), "http"), "nodes": nodes}


def _one_or_several(
    document: Document, one: str, several: str, values: tuple[str, ...]
) -> None:
    document.pop(one, None)
    document.pop(several, None)
    if len(values) == 1:
        document[one] = values[0]
    elif values:
        document[several] = list(values)


def _set(document: Document, name: str, value: Any) -> None:
    if value:
        document[name] = value
    else:
        document.pop(name, None)
