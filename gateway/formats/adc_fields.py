"""Which fields ADC has for each kind, and how APISIX calls them. Pure.

Facts: `libs/sdk/src/core/schema.ts` and `libs/backend-apisix/src/transformer.ts` of
https://github.com/api7/adc, 0.28. Fields not named here cannot be said in its file.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from gateway.formats.contents import Document, made_id

DESCRIBED = {"name": "name", "description": "desc", "labels": "labels"}
UPSTREAM = DESCRIBED | {
    name: name
    for name in (
        "type",
        "hash_on",
        "key",
        "checks",
        "nodes",
        "scheme",
        "retries",
        "retry_timeout",
        "timeout",
        "tls",
        "keepalive_pool",
        "pass_host",
        "upstream_host",
        "service_name",
        "discovery_type",
        "discovery_args",
    )
}

# {kind: {ADC's name of a field: APISIX's}}, without what is nested.
FIELDS: dict[str, dict[str, str]] = {
    "upstream": UPSTREAM,
    "service": DESCRIBED | {"plugins": "plugins", "hosts": "hosts"},
    "route": DESCRIBED
    | {
        name: name
        for name in (
            "uris",
            "hosts",
            "methods",
            "remote_addrs",
            "vars",
            "filter_func",
            "priority",
            "timeout",
            "enable_websocket",
            "plugins",
        )
    },
    "stream_route": DESCRIBED
    | {
        name: name
        for name in ("plugins", "remote_addr", "server_addr", "server_port", "sni")
    },
    "consumer": {
        "username": "username",
        "description": "desc",
        "labels": "labels",
        "plugins": "plugins",
    },
    "credential": DESCRIBED,
    "ssl": {
        name: name for name in ("labels", "type", "snis", "client", "ssl_protocols")
    },
}
# What else the documents of a kind hold that ADC says in a way of its own.
SAID_OTHERWISE = {
    "service": {"upstream", "upstream_id"},
    "route": {"service_id", "upstream", "upstream_id", "plugin_config_id"},
    "stream_route": {"service_id", "upstream", "upstream_id"},
    "credential": {"plugins"},
    "ssl": {"cert", "key", "certs", "keys"},
    "global_rule": {"plugins"},
}
# ADC has lists only; APISIX has a field for one as well.
SINGLE = {
    "route": {"uri": "uris", "host": "hosts", "remote_addr": "remote_addrs"},
    "ssl": {"sni": "snis"},
}
OWN_UPSTREAM = ("upstream", "upstream_id")
CREDENTIALS = ("key-auth", "basic-auth", "jwt-auth", "hmac-auth")
# Marks of ADC's own, as labels of what it keeps.
NAME_LABEL = "__ADC_NAME"
SERVICE_LABEL = "__ADC_UPSTREAM_SERVICE_ID"
# ADC's name for the headers of a health check, which changed with its releases.
CHECK_HEADERS = ("http_req_headers", "http_request_headers")


def sayable(kind: str) -> set[str]:
    """Return the fields of a kind's documents that ADC's file can say."""
    return (
        set(FIELDS.get(kind, {}).values())
        | SAID_OTHERWISE.get(kind, set())
        | SINGLE.get(kind, {}).keys()
    )


def adc_id(*names: str) -> str:
    """Return the id that ADC gives to a resource that has a name only."""
    told = ".".join(names).encode()
    return hashlib.sha1(told, usedforsecurity=False).hexdigest()


def wrapper_name(kind: str, resource_id: str) -> str:
    """Return the name of the service made for a route that has none."""
    return f"{kind} {resource_id}"


def wrapper_id(kind: str, resource_id: str) -> str:
    """Return the id of that service."""
    return made_id("service", {"name": wrapper_name(kind, resource_id)})


def with_lists(kind: str, document: Document) -> Document:
    """Return the document with lists where it has a field for one."""
    told = dict(document)
    for single, several in SINGLE.get(kind, {}).items():
        if single in told and several not in told:
            told[several] = [told.pop(single)]
    return told


def listed_nodes(upstream: Mapping[str, Any]) -> list[Document] | None:
    """Return an upstream's nodes as ADC lists them; None for what it cannot say."""
    nodes = upstream.get("nodes")
    usual = {"https": 443, "grpcs": 443}.get(str(upstream.get("scheme")), 80)
    if isinstance(nodes, dict):
        listed = [
            {**_address(text, usual), "weight": weight}
            for text, weight in sorted(nodes.items())
        ]
    elif isinstance(nodes, list):
        listed = [
            {"port": usual, **node} if isinstance(node, dict) else {} for node in nodes
        ]
    else:
        return None
    return listed if all(_is_node(node) for node in listed) else None


def _address(text: str, usual: int) -> Document:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or host.endswith(":"):
        return {"host": text, "port": usual}
    return {"host": host, "port": int(port)}


def _is_node(node: Document) -> bool:
    return (
        isinstance(node.get("host"), str)
        and isinstance(node.get("port"), int)
        and isinstance(node.get("weight"), int)
        and node.keys() <= {"host", "port", "weight", "priority", "metadata"}
    )
