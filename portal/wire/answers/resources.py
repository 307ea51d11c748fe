"""What programs are told of a gateway's resources, from the mirror."""

from typing import Any
from urllib.parse import quote

from django.conf import settings

from gateway.effective import Effective, effective
from gateway.kinds import KINDS
from gateway.models import Gateway, Resource
from gateway.visible import visible
from portal.wire.answers.fit import fit

SUMMARY_ROOM, PART_ROOM, PLUGINS_ROOM = 3_000, 6_000, 25_000
PLUGINS_LIMIT = 100
# Of a document's own fields, what tells one resource from another in a list.
SUMMARY_FIELDS = (
    "name",
    "desc",
    "uri",
    "uris",
    "host",
    "hosts",
    "methods",
    "status",
    "priority",
    "labels",
    "sni",
    "snis",
    "username",
    "group_id",
    "service_id",
    "upstream_id",
    "plugin_config_id",
    "server_addr",
    "server_port",
    "scheme",
    "type",
)


def resource_link(gateway: Gateway, kind: str, resource_id: str) -> str:
    """Return the portal's page of one resource."""
    return (
        f"{settings.PUBLIC_URL}/gateways/{gateway.slug}/{KINDS[kind].path}/"
        f"{quote(resource_id, safe='/')}"
    )


def summary(row: Resource) -> dict[str, Any]:
    """Return one line of a list: what it takes, where it goes, which plugins it has."""
    document = row.document
    told: dict[str, Any] = {"id": row.resource_id}
    told |= {name: document[name] for name in SUMMARY_FIELDS if name in document}
    if target := _target(document):
        told["target"] = target
    plugins = document.get("plugins")
    if isinstance(plugins, dict):
        told["plugins"] = sorted(map(str, plugins))
    shorter, was_cut = fit(told, SUMMARY_ROOM)
    if was_cut:
        return {"id": row.resource_id, **(shorter if isinstance(shorter, dict) else {})}
    return told


def _target(document: dict[str, Any]) -> str:
    """Say in a few words where requests go."""
    if (upstream_id := document.get("upstream_id")) is not None:
        return f"upstream {upstream_id}"
    upstream = document.get("upstream", document)
    if isinstance(upstream, dict) and (nodes := _nodes(upstream)):
        scheme = upstream.get("scheme", "http")
        more = f" and {len(nodes) - 3} more" if len(nodes) > 3 else ""
        return visible(f"{scheme}://{', '.join(nodes[:3])}{more}")
    if isinstance(upstream, dict) and upstream.get("service_name"):
        return visible(
            f"{upstream['service_name']} by {upstream.get('discovery_type')}"
        )
    if (service_id := document.get("service_id")) is not None:
        return f"service {service_id}"
    return ""


def _nodes(upstream: dict[str, Any]) -> list[str]:
    nodes = upstream.get("nodes")
    if isinstance(nodes, dict):
        return [str(node) for node in nodes]
    if isinstance(nodes, list):
        return [
            f"{node.get('host')}:{node['port']}"
            if "port" in node
            else str(node.get("host"))
            for node in nodes
            if isinstance(node, dict)
        ]
    return []


def resource(row: Resource, gateway: Gateway) -> dict[str, Any]:
    """Return one resource with its whole document, cut if it is huge."""
    document, was_cut = fit(row.document)
    link = resource_link(gateway, row.kind, row.resource_id)
    told: dict[str, Any] = {
        "kind": row.kind,
        "id": row.resource_id,
        "document": document,
        "url": link,
    }
    if was_cut:
        told["note"] = f"The document is too long for one answer; all of it: {link}"
    return told


def effective_of(row: Resource, gateway: Gateway) -> tuple[dict[str, Any], bool]:
    """Return what applies to the route's requests, and whether it was cut.

    Up to four queries: service, plugin config, upstream.
    """

    def find(kind: str, resource_id: str) -> dict[str, Any] | None:
        found = (
            Resource.objects.filter(gateway=gateway, kind=kind, resource_id=resource_id)
            .values_list("document", flat=True)
            .first()
        )
        return found if isinstance(found, dict) else None

    found: Effective = effective(row.document, find)
    plugins = sorted(found.plugins.items())[:PLUGINS_LIMIT]
    # Names and origins are told whole; settings share the room there is.
    room = max(200, PLUGINS_ROOM // max(1, len(plugins)))
    told: dict[str, Any] = {
        "upstream_from": found.upstream_from,
        "missing": list(found.missing),
    }
    cuts = [len(found.plugins) > PLUGINS_LIMIT]
    told["hosts"], was_cut = fit(list(found.hosts), PART_ROOM)
    cuts.append(was_cut)
    told["upstream"], was_cut = fit(found.upstream, PART_ROOM)
    cuts.append(was_cut)
    told["plugins"] = []
    for name, (settings_, origin) in plugins:
        shown, was_cut = fit(settings_, room)
        cuts.append(was_cut)
        told["plugins"].append({"name": name, "from": origin, "settings": shown})
    return told, any(cuts)
