"""Where the gateway would send a request on to, and as what. Pure.

`traffic-split` may choose between several upstreams by weight, which only a real
request decides: then each is told with its share. Facts:
https://apisix.apache.org/docs/apisix/plugins/traffic-split/ and
https://apisix.apache.org/docs/apisix/admin-api/#upstream
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.effective import Document, Effective, Find
from gateway.nodes import Node, nodes_of
from gateway.rewriting import proxied_target, variables_in
from gateway.router.match import Request
from gateway.router.vars import InvalidVars, Lookup, compile_vars

# Variables that the request alone decides; with a value or without.
OF_REQUEST = ("arg_", "http_", "cookie_", "uri_param_", "args", "query_string")

# (plugin, its settings), in order of running
Running = Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Target:
    """One upstream. `weight` is its share against other targets; `host` is the Host
    header, "" when each node is sent its own name; `discovery` names who knows the
    nodes when the document does not. Without nodes and discovery it leads nowhere.
    """

    origin: str
    scheme: str
    balancer: str
    nodes: tuple[Node, ...]
    host: str
    discovery: str = ""
    weight: int = 1


@dataclass(frozen=True)
class Proxied:
    """What is sent on. `path` includes the query; it is "" when only run time can tell."""

    method: str
    path: str
    targets: tuple[Target, ...]
    notes: tuple[str, ...]


def proxied(
    request: Request, running: Running, found: Effective, find: Find, lookup: Lookup
) -> Proxied:
    """Return where a request goes once these plugins have run before the upstream."""
    notes: list[str] = []
    method = request.method
    host = request.headers.get("host", request.host)
    query = request.raw_query or ""
    path = (request.raw_path or request.path) + (f"?{query}" if query else "")
    for name, settings in running:
        if name == "proxy-rewrite" and isinstance(settings, Mapping):
            method = settings.get("method") or method
            host = settings.get("host") or host
            path = _rewritten(settings, lookup, query)
    if not path:
        notes.append("proxy-rewrite makes a path of what is known only at run time.")
    targets: list[Target] = []
    for upstream, origin, weight in _chosen(running, found, find, lookup):
        target = _target(upstream or {}, origin, weight, host)
        targets.append(target)
        if not target.nodes and not target.discovery:
            notes.append(_nowhere(upstream, origin))
    if len(targets) > 1:
        notes.append(
            f"traffic-split chooses between {len(targets)} upstreams by weight, request by "
            "request."
        )
    return Proxied(method, path, tuple(targets), tuple(dict.fromkeys(notes)))


def _nowhere(upstream: Document | None, origin: str) -> str:
    """Say what the gateway answers when it has nobody to ask."""
    if upstream is not None:
        words, status = f"The upstream of {origin} has no node", 503
    elif origin:
        words, status = f"{origin} is not there", 502
    else:
        words, status = "There is no upstream", 503
    return f"{words}: the gateway answers {status} unless a plugin answers first."


def _rewritten(settings: Mapping[str, Any], lookup: Lookup, query: str) -> str:
    named = variables_in(str(settings.get("uri") or ""))
    if all(name.startswith(OF_REQUEST) or lookup(name) is not None for name in named):
        return proxied_target(settings, lookup, query)[0]
    return ""


def _chosen(
    running: Running, found: Effective, find: Find, lookup: Lookup
) -> Iterator[tuple[Document | None, str, int]]:
    """Yield (upstream, where it is from, weight) of every upstream that may be asked."""
    for share in _shares(running, lookup) or [{}]:
        weight = share.get("weight", 1)
        upstream_id = share.get("upstream_id")
        if isinstance(share.get("upstream"), Mapping):
            yield share["upstream"], "traffic-split", weight
        elif upstream_id is not None:
            origin = f"upstream {upstream_id}, named by traffic-split"
            yield find("upstream", str(upstream_id)), origin, weight
        else:
            yield found.upstream, found.upstream_from, weight


def _shares(running: Running, lookup: Lookup) -> list[Mapping[str, Any]]:
    """Return what the last `traffic-split` that runs chooses from; [] when nothing."""
    for name, settings in reversed(running):
        if name == "traffic-split" and isinstance(settings, Mapping):
            for rule in settings.get("rules") or ():
                if _accepts(rule.get("match"), lookup):
                    shares = rule.get("weighted_upstreams") or ()
                    return [share for share in shares if share.get("weight", 1) > 0]
    return []


def _accepts(conditions: Any, lookup: Lookup) -> bool:
    try:
        return not conditions or any(
            compile_vars(one.get("vars"))(lookup) for one in conditions
        )
    except InvalidVars:
        return False


def _target(upstream: Document, origin: str, weight: int, host: str) -> Target:
    how = upstream.get("pass_host", "pass")
    if how == "rewrite":
        host = upstream.get("upstream_host") or host
    service = upstream.get("service_name")
    return Target(
        origin=origin,
        scheme=upstream.get("scheme", "http"),
        balancer=upstream.get("type", "roundrobin"),
        nodes=tuple(nodes_of(upstream)),
        host="" if how == "node" else host,
        discovery=f"{service} by {upstream.get('discovery_type')}" if service else "",
        weight=weight,
    )
