"""Upstreams that would answer nobody, or late."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop

from gateway.hosts import Place, address_of, place_of
from gateway.live import Live
from gateway.outgoing import outgoing, upstreams
from gateway.redaction import dotted
from gateway.schemas import Schemas
from portal.changes.checks.parts import appeared, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan, PlannedItem

Document = dict[str, Any]

NO_NODE = Code(
    "no_node",
    Severity.WARNING,
    gettext_noop(
        "An upstream has no node, or only nodes of weight 0: requests would be answered 502 "
        "or 503."
    ),
)
NO_SPARE_NODE = Code(
    "no_spare_node",
    Severity.INFO,
    gettext_noop(
        "An upstream has one address alone, so nothing answers while that is down."
    ),
)
NO_HEALTH_CHECK = Code(
    "no_health_check",
    Severity.INFO,
    gettext_noop(
        "An upstream of several nodes has no health check, so one that is down gets its share."
    ),
)
NO_TIMEOUT = Code(
    "no_timeout",
    Severity.INFO,
    gettext_noop("An upstream names no time-outs, so a caller may wait for a minute."),
)


def no_node(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """The gateway accepts it all the same."""
    for index, item, _ in written(plan):
        for path in appeared(item, _without_nodes).values():
            yield NO_NODE.finding(
                index,
                "No node of this upstream takes requests, so nobody would be answered.",
                "Give at least one node a weight above 0.",
                path=path,
            )


def _without_nodes(kind: str, document: Document) -> Iterator[tuple[str, str]]:
    for path, upstream in upstreams(kind, document):
        weights = _weights(upstream.get("nodes"))
        if weights is not None and not any(weights):
            yield dotted(path), dotted((*path, "nodes"))


def _weights(nodes: Any) -> list[Any] | None:
    """Return the weights of the nodes, None where they are not named here."""
    if isinstance(nodes, dict):
        return list(nodes.values())
    if isinstance(nodes, list):
        return [node.get("weight") if isinstance(node, dict) else 1 for node in nodes]
    return None


def careless(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """What a new upstream leaves to chance; nothing where it is only tried out.

    APISIX checks the health of no upstream that has a single node
    (https://apisix.apache.org/docs/apisix/tutorials/health-check/).
    """
    for index, item, wanted in written(plan):
        if item.kind.name == "stream_route" or _is_on_trial(item, wanted):
            continue
        for path, upstream in appeared(item, _new_upstreams).items():
            weights = _weights(upstream.get("nodes")) or []
            if len(weights) > 1 and not upstream.get("checks"):
                yield NO_HEALTH_CHECK.finding(
                    index,
                    "A node that is down goes on getting its share of requests.",
                    "Add checks.active with an http_path that says whether it is well.",
                    path=_under(path, "checks"),
                )
            if len(weights) == 1 and _is_one_address(upstream):
                yield NO_SPARE_NODE.finding(
                    index,
                    "Everything goes to one address: nothing answers while that is down.",
                    "Add a second node, and checks.active once there are two.",
                    path=_under(path, "nodes"),
                )
            if not upstream.get("timeout") and not wanted.get("timeout"):
                yield NO_TIMEOUT.finding(
                    index,
                    "Callers wait for up to a minute when the upstream hangs.",
                    'Add timeout, in seconds: {"connect": 3, "send": 10, "read": 10}.',
                    path=_under(path, "timeout"),
                )


def _new_upstreams(kind: str, document: Document) -> Iterator[tuple[str, Document]]:
    for path, upstream in upstreams(kind, document):
        yield dotted(path), upstream


def _is_on_trial(item: PlannedItem, wanted: Document) -> bool:
    """Say whether all goes to the gateway's own machine: nobody relies on that."""
    places = [place_of(one.host) for one in outgoing(item.kind.name, wanted)]
    return bool(places) and all(place is Place.LOOPBACK for place in places)


def _is_one_address(upstream: Document) -> bool:
    """A name may stand for many."""
    hosts = [one.host for one in outgoing("upstream", {"nodes": upstream.get("nodes")})]
    return len(hosts) == 1 and address_of(hosts[0]) is not None


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


SUBJECT = Subject(
    title=gettext_noop("Upstreams"),
    matters=gettext_noop(
        "An upstream without nodes, spares, health checks or time-outs fails as soon as one server does."
    ),
    checks=(no_node, careless),
    codes=(NO_NODE, NO_SPARE_NODE, NO_HEALTH_CHECK, NO_TIMEOUT),
)
