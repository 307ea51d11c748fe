"""What well-known fields are called, and how their values are said. Pure data.

Sources: https://apisix.apache.org/docs/apisix/admin-api/ and the page of each plugin,
https://apisix.apache.org/docs/apisix/plugins/limit-count/ and its neighbours. A field
that is not here keeps its own name; a value that is not here is shown as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Words:
    """A field's name for people, the unit of its numbers, words for some values."""

    label: str
    unit: str = ""
    values: Mapping[Any, str] = field(default_factory=dict)
    # A list whose order means nothing: it is told by what comes and goes.
    is_set: bool = False
    # What it is called where it comes or goes, if that means more than its name says.
    comes: str = ""
    goes: str = ""

    def said(self, value: Any) -> str | None:
        """Return the word for a value, if it has one of its own."""
        # 1 is True and 0 is False to a dictionary, but not to a gateway.
        for known, word in self.values.items():
            if known == value and type(known) is type(value):
                return word
        return None


SWITCH = {True: "on", False: "off"}
REQUESTS, TARGET, OWN = "Which requests", "Where they go", "About it"

# A route without the field answers every method.
METHODS = Words(
    "Methods",
    is_set=True,
    comes="Only these methods",
    goes="Any method, no more only",
)

# By the dotted path in a route, service or stream route. What an upstream holds stands
# there without `upstream.`, too: see `words_for`.
FIELDS: Mapping[str, tuple[str, Words]] = {
    "uri": (REQUESTS, Words("Path")),
    "uris": (REQUESTS, Words("Paths", is_set=True)),
    "host": (REQUESTS, Words("Host")),
    "hosts": (REQUESTS, Words("Hosts", is_set=True)),
    "methods": (REQUESTS, METHODS),
    "remote_addr": (REQUESTS, Words("Client address")),
    "remote_addrs": (REQUESTS, Words("Client addresses", is_set=True)),
    "vars": (REQUESTS, Words("Only if")),
    "filter_func": (REQUESTS, Words("Only if its function says so")),
    "priority": (REQUESTS, Words("Priority")),
    "server_addr": (REQUESTS, Words("Server address")),
    "server_port": (REQUESTS, Words("Server port")),
    "sni": (REQUESTS, Words("Server name")),
    "snis": (REQUESTS, Words("Server names", is_set=True)),
    "enable_websocket": (TARGET, Words("WebSocket", values=SWITCH)),
    "upstream_id": (TARGET, Words("Upstream")),
    "service_id": (TARGET, Words("Service")),
    "timeout.connect": (TARGET, Words("Time to connect", "s")),
    "timeout.send": (TARGET, Words("Time to send", "s")),
    "timeout.read": (TARGET, Words("Time to answer", "s")),
    "upstream.type": (TARGET, Words("Balancing")),
    "upstream.scheme": (TARGET, Words("Scheme")),
    "upstream.key": (TARGET, Words("Balanced by")),
    "upstream.hash_on": (TARGET, Words("Balanced by what of")),
    "upstream.retries": (TARGET, Words("Retries")),
    "upstream.retry_timeout": (TARGET, Words("Time to retry", "s")),
    "upstream.pass_host": (
        TARGET,
        Words(
            "Host header",
            values={
                "pass": "as the client sent it",
                "node": "of the node",
                "rewrite": "rewritten",
            },
        ),
    ),
    "upstream.upstream_host": (TARGET, Words("Host header sent")),
    "upstream.service_name": (TARGET, Words("Service in the registry")),
    "upstream.discovery_type": (TARGET, Words("Registry")),
    "upstream.timeout.connect": (TARGET, Words("Time to connect", "s")),
    "upstream.timeout.send": (TARGET, Words("Time to send", "s")),
    "upstream.timeout.read": (TARGET, Words("Time to answer", "s")),
    "plugin_config_id": ("Plugins", Words("Plugin config")),
    "status": (OWN, Words("Switched", values={1: "on", 0: "off"})),
    "name": (OWN, Words("Name")),
    "desc": (OWN, Words("Description")),
    "id": (OWN, Words("Id")),
}
# The same by plugin, and the dotted path in its configuration.
PLUGINS: Mapping[str, Mapping[str, Words]] = {
    "limit-count": {
        "count": Words("Requests allowed"),
        "time_window": Words("Counted over", "s"),
        "key": Words("Counted by"),
        "policy": Words("Counted in"),
        "rejected_code": Words("Answer beyond it"),
        "rejected_msg": Words("Words beyond it"),
    },
    "limit-req": {
        "rate": Words("Requests allowed", "per second"),
        "burst": Words("Delayed beyond that", "per second"),
        "key": Words("Counted by"),
        "rejected_code": Words("Answer beyond it"),
    },
    "limit-conn": {
        "conn": Words("Requests at once"),
        "burst": Words("Delayed beyond that"),
        "default_conn_delay": Words("Usual length of a request", "s"),
        "key": Words("Counted by"),
        "rejected_code": Words("Answer beyond it"),
    },
    "ip-restriction": {
        "whitelist": Words("Only from", is_set=True),
        "blacklist": Words("Never from", is_set=True),
    },
    "consumer-restriction": {
        "whitelist": Words("Only for", is_set=True),
        "blacklist": Words("Never for", is_set=True),
    },
    "cors": {
        "allow_origins": Words("Origins"),
        "allow_methods": Words("Methods"),
        "allow_headers": Words("Headers"),
        "expose_headers": Words("Headers shown"),
        "allow_credential": Words("With credentials", values=SWITCH),
        "max_age": Words("Kept for", "s"),
    },
    "proxy-rewrite": {
        "uri": Words("Path sent"),
        "regex_uri": Words("Path sent, by pattern"),
        "host": Words("Host sent"),
        "method": Words("Method sent"),
    },
    "redirect": {
        "http_to_https": Words("From HTTP to HTTPS", values=SWITCH),
        "uri": Words("To"),
        "ret_code": Words("Answer"),
    },
    "client-control": {"max_body_size": Words("Largest body", "bytes")},
    "proxy-cache": {"cache_ttl": Words("Kept for", "s")},
    "api-breaker": {
        "break_response_code": Words("Answer while broken"),
        "max_breaker_sec": Words("Broken at most", "s"),
    },
    "fault-injection": {
        "abort.http_status": Words("Refused with"),
        "abort.percentage": Words("Refused", "%"),
        "delay.duration": Words("Delayed by", "s"),
        "delay.percentage": Words("Delayed", "%"),
    },
}


def words_for(path: tuple[str | int, ...]) -> tuple[str, Words]:
    """Return the group of a field and its words; its own name where none are known.

    `path` leads through a document: see `Difference`.
    """
    parts = [str(part) for part in path]
    if parts[:1] == ["plugins"] and len(parts) > 1:
        name, dotted = parts[1], ".".join(parts[2:])
        if dotted == "_meta.disable":
            return name, Words("Switched", values={True: "off", False: "on"})
        known = PLUGINS.get(name, {}).get(dotted)
        return name, known or Words(" ".join(parts[2:]))
    if parts[-2:-1] == ["nodes"] and parts[:-2] in ([], ["upstream"]):
        return TARGET, Words(f"Node {parts[-1]}")
    if parts[:1] == ["labels"] and len(parts) == 2:
        return OWN, Words(f"Label {parts[1]}")
    dotted = ".".join(parts)
    if known_field := FIELDS.get(dotted) or FIELDS.get(f"upstream.{dotted}"):
        return known_field
    group = TARGET if parts[:1] in (["upstream"], ["nodes"]) else "Also"
    return group, Words(" ".join(parts[parts[0] == "upstream" :]) or "everything")
