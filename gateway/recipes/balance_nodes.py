"""Several nodes share the requests, and those that fail are left out.

https://apisix.apache.org/docs/apisix/tutorials/health-check/
"""

import re
from typing import Any

from gateway.merge import merge_patch
from gateway.nodes import nodes_of
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, DoesNotFit, Work, bare
from gateway.recipes.settings import (
    Settings,
    WrongSettings,
    choice,
    flag,
    pairs,
    text,
    whole,
)
from gateway.recipes.versions import GROUP

NODE = re.compile(r"(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
TYPES: dict[str, Document] = {
    "turns": {"type": "roundrobin"},
    "least": {"type": "least_conn"},
    "sticky": {"type": "chash", "hash_on": "vars", "key": "remote_addr"},
}
# What an upstream of its own does not say of itself.
NAMES = ("name", "desc", "labels")


def make(settings: Settings, work: Work) -> None:
    present, shared = _present(work)
    before: Document = bare(present or {})
    after = merge_patch(before, _wanted(settings, before))
    if "nodes" in settings:
        after["nodes"] = _nodes(settings["nodes"], before.get("nodes"))
        for name in ("service_name", "discovery_type", "discovery_args"):
            after.pop(name, None)
    elif not after.get("nodes") and not after.get("service_name"):
        raise WrongSettings(("nodes", "It is missing: the route has no nodes yet."))
    if settings["where"] == "shared" and shared:
        _write_shared(work, shared, after)
    else:
        if shared:
            work.note(
                f"So far the route goes where {' '.join(shared)} says. It gets an upstream "
                "of its own, a copy with this change in it; other routes stay as they are."
            )
            work.refuse_secrets(after, "the upstream")
            after = {name: v for name, v in after.items() if name not in NAMES}
        work.document["upstream"] = after
        work.document.pop("upstream_id", None)
    _tell(settings, after, work)


def _present(work: Work) -> tuple[Document | None, tuple[str, str] | None]:
    """Return the upstream in effect, and (kind, id) of whose it is if not the route's."""
    now = work.now
    if now.document.get("upstream_id") is None and isinstance(
        now.document.get("upstream"), dict
    ):
        return now.document["upstream"], None
    for kind, holder in (
        ("route", now.document),
        ("service", _service(work) or {}),
    ):
        if holder.get("upstream_id") is not None:
            upstream_id = str(holder["upstream_id"])
            found = now.find("upstream", upstream_id)
            if found is None:
                raise DoesNotFit(
                    f"The {kind} names upstream {upstream_id}, which the gateway does not "
                    "hold. Mend that first."
                )
            return dict(found), ("upstream", upstream_id)
        if isinstance(holder.get("upstream"), dict):
            return holder["upstream"], ("service", str(now.document["service_id"]))
    return None, None


def _service(work: Work) -> Document | None:
    service_id = work.now.document.get("service_id")
    found = None if service_id is None else work.now.find("service", str(service_id))
    return None if found is None else dict(found)


def _write_shared(work: Work, shared: tuple[str, str], after: Document) -> None:
    kind, resource_id = shared
    work.note(
        f"It changes {kind} {resource_id}: everything else that goes there changes too."
    )
    holder = dict(work.now.find(kind, resource_id) or {})
    whole = {"id": resource_id} | after
    work.write(
        kind, resource_id, whole if kind == "upstream" else holder | {"upstream": after}
    )


def _wanted(settings: Settings, before: Document) -> Document:
    wanted: Document = {}
    if "how" in settings:
        wanted |= TYPES[settings["how"]]
    elif "type" not in before:
        wanted |= TYPES["turns"]
    if settings["health_checks"]:
        wanted["checks"] = _checks(settings, before.get("scheme", "http"))
    return wanted


def _checks(settings: Settings, scheme: Any) -> Document:
    kind = scheme if scheme in ("http", "https") else "tcp"
    asked: Document = {"http_path": settings["path"]} if kind != "tcp" else {}
    failures: Document = {"tcp_failures": 3, "timeouts": 3}
    if kind != "tcp":
        failures["http_failures"] = 3
    every = settings["every"]
    return {
        "active": {
            "type": kind,
            **asked,
            "healthy": {"interval": every, "successes": 2},
            "unhealthy": {"interval": every, **failures},
        }
    }


def _nodes(wanted: dict[str, int], before: Any) -> Any:
    """Return the nodes in the form they have; what is known of one stays."""
    wrong = []
    for address in wanted:
        found = NODE.fullmatch(address)
        if found is None or not 0 < int(found[1]) < 65536:
            wrong.append(
                (
                    f"nodes.{address[:80]}",
                    "It is no host and port. Give one such as 10.0.0.7:8080.",
                )
            )
    if wrong:
        raise WrongSettings(*wrong)
    if not isinstance(before, list):
        return dict(wanted)
    nodes = []
    known = {
        node.address: one
        for node, one in zip(nodes_of({"nodes": before}), before, strict=True)
    }
    for address, weight in wanted.items():
        host, _, port = address.rpartition(":")
        told = known.get(address, {"host": host, "port": int(port)})
        nodes.append(told | {"weight": weight})
    return nodes


def _tell(settings: Settings, after: Document, work: Work) -> None:
    if "nodes" in settings:
        named = list(settings["nodes"])
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        work.sets(f"Requests are shared among {', '.join(named[:5])}{more} by weight.")
    if settings["health_checks"]:
        kind = after["checks"]["active"]["type"]
        asked = (
            "is connected to" if kind == "tcp" else f"is asked for {settings['path']}"
        )
        work.sets(
            f"Each node {asked} every {settings['every']} s. One that fails three times "
            "gets no requests until it answers twice."
        )
        if kind != "tcp":
            work.then(
                f"Each node must answer {settings['path']} with 200 or 302 when it is well."
            )
    work.then("The gateway must reach every node.")


RECIPE = Recipe(
    name="balance-nodes",
    title="Balance over nodes",
    description="Several servers share the requests; those that fail are left out.",
    group=GROUP,
    writes=("route", "upstream", "service"),
    properties={
        "nodes": pairs(
            "Nodes",
            "All of them, as host:port and weight. Left out: those it has now.",
            text("Address", "Host and port.", maxLength=260),
            whole("Weight", "Its share.", least=0, most=10_000),
            examples=[{"10.0.0.7:8080": 1, "10.0.0.8:8080": 1}],
        ),
        "how": choice(
            "How",
            "Left out: as now, or in turns.",
            {
                "turns": "In turns, by weight",
                "least": "To the one with the fewest open connections",
                "sticky": "Each caller's address stays with its node",
            },
        ),
        "health_checks": flag(
            "Check that nodes are well",
            "The gateway asks each node again and again.",
            default=True,
        ),
        "path": text(
            "Path to check",
            "What a node that is well answers.",
            default="/",
            example="/healthz",
            pattern=r"^/[^\s]*$",
        ),
        "every": whole(
            "Seconds between checks", "For each node.", least=1, most=3600, default=5
        ),
        "where": choice(
            "Where",
            "For a route that shares its upstream with others.",
            {
                "route": "For this route alone",
                "shared": "For all that share the upstream",
            },
            default="route",
        ),
    },
    make=make,
    example={"nodes": {"10.0.0.7:8080": 1, "10.0.0.8:8080": 1}, "path": "/healthz"},
)
