"""What a gateway holds, as last seen: in lists, and one resource with all that was done to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from gateway.effective import hosts_of, texts
from gateway.kinds import KIND_BY_PATH, Kind
from gateway.models import Resource
from gateway.owners import owner_of
from portal.accounts.roles import Verb
from portal.changes.models import ChangeRequest, Delivery, Item
from portal.changes.states import State
from portal.drift.models import Drift
from portal.web.applies import applies_to
from portal.web.gateways import visible_gateway
from portal.web.history import history_of
from portal.web.kinds import kinds_of
from portal.web.looked_for import LookedFor, choices_of
from portal.web.pages import (
    Listed,
    PersonRequest,
    listed,
    page,
    wants_fragment,
)
from portal.web.related import relations_of
from portal.web.targets import targets_of

SHOWN_CHANGES = 20
LISTED_AT_MOST = 4


@dataclass(frozen=True)
class Row:
    """A resource in a list: what one looks for in a glance."""

    id: str
    name: str
    methods: list[str]
    addresses: list[str]
    target: str
    plugins: list[str]
    is_off: bool
    owner: str
    has_hosts: bool
    resource: Resource


def row_of(resource: Resource) -> Row:
    """Return the glance of a resource; documents may hold anything, so nothing is trusted."""
    document = resource.document if isinstance(resource.document, dict) else {}
    hosts = hosts_of(document) or texts(document.get("snis") or document.get("sni"))
    uris = texts(document.get("uris")) or texts(document.get("uri"))
    addresses = (
        [f"{host}{uri}" for host in hosts for uri in uris]
        if uris and hosts
        else uris or hosts
    )
    plugins, owner = document.get("plugins"), owner_of(document)
    return Row(
        id=resource.resource_id,
        name=_text(document.get("name")) or _text(document.get("desc")),
        methods=texts(document.get("methods")),
        addresses=_cut(addresses),
        target=_target(document),
        plugins=_cut(sorted(plugins)) if isinstance(plugins, dict) else [],
        is_off=document.get("status") == 0,
        owner=owner.title if owner else "",
        has_hosts=bool(hosts),
        resource=resource,
    )


def _cut(values: list[str]) -> list[str]:
    more = len(values) - LISTED_AT_MOST
    return [*values[:LISTED_AT_MOST], f"+{more}"] if more > 0 else values


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _target(document: Mapping[str, Any]) -> str:
    upstream = document.get("upstream")
    holder = upstream if isinstance(upstream, dict) else document
    nodes = holder.get("nodes")
    if isinstance(nodes, dict) and nodes:
        return ", ".join(_cut(list(nodes)))
    if isinstance(nodes, list) and nodes:
        return ", ".join(
            _cut(
                [
                    f"{node.get('host')}:{node.get('port', '')}".rstrip(":")
                    for node in nodes
                    if isinstance(node, dict)
                ]
            )
        )
    for name, title in (("upstream_id", "upstream"), ("service_id", "service")):
        if document.get(name) is not None:
            return f"{title} {document[name]}"
    return _text(holder.get("service_name"))


def _kind(path: str) -> Kind:
    if path not in KIND_BY_PATH:
        raise Http404(f"There is no kind of resource called {path[:40]}.")
    return KIND_BY_PATH[path]


@require_GET
@page
def resources_page(request: PersonRequest, slug: str, kind: str) -> HttpResponse:
    """List the resources of one kind, from the mirror."""
    gateway, wanted = visible_gateway(request, slug), _kind(kind)
    looked_for = LookedFor.of(request)
    resources = Resource.objects.filter(gateway=gateway, kind=wanted.name)
    found = listed(
        looked_for.among(resources.defer("sealed", "search"), gateway, wanted),
        request,
        looked_for.key,
        ascending=True,
        size=50,
    )
    context = {
        "gateway": gateway,
        "kind": wanted,
        "looked_for": looked_for,
        "list": Listed([row_of(one) for one in found.rows], found.older, found.newer),
        "may_ask": request.user.may(Verb.ASK, gateway),
    }
    if wants_fragment(request):
        return render(request, "gateways/_resources.html", context)
    context |= {
        "kinds": kinds_of(gateway, wanted),
        "fields": looked_for.fields(choices_of(gateway, wanted)),
    }
    return render(request, "gateways/resources.html", context)


@require_GET
@page
def resource_page(
    request: PersonRequest, slug: str, kind: str, resource_id: str
) -> HttpResponse:
    """Show one resource: its document, what applies, what was done to it."""
    gateway, wanted = visible_gateway(request, slug), _kind(kind)
    resource = (
        Resource.objects.filter(
            gateway=gateway, kind=wanted.name, resource_id=resource_id
        )
        .defer("sealed")
        .first()
    )
    touching = Item.objects.filter(
        kind=wanted.name, resource_id=resource_id, revision__change__gateway=gateway
    )
    changes = list(
        ChangeRequest.objects.visible_to(request.user)
        .filter(pk__in=touching.values("revision__change"))
        .with_people()[:SHOWN_CHANGES]
    )
    drift = Drift.objects.open().of_resource(gateway, wanted.name, resource_id).first()
    if resource is None and not changes and drift is None:
        raise Http404(f"{wanted.title} {resource_id[:80]} is not known here.")
    delivered = (
        Delivery.objects.filter(
            gateway=gateway,
            state="verified",
            revision__items__kind=wanted.name,
            revision__items__resource_id=resource_id,
        )
        .select_related("revision__change")
        .order_by("-finished_at")
        .first()
    )
    context = {
        "gateway": gateway,
        "kind": wanted,
        "id": resource_id,
        "resource": resource,
        "row": row_of(resource) if resource else None,
        "applies": applies_to(gateway, resource)
        if resource and wanted.name == "route"
        else None,
        "relations": relations_of(gateway, wanted, resource_id, resource),
        "history": history_of(
            gateway, wanted.name, resource_id, request.GET.get("before", "")
        ),
        "changes": changes,
        "open": [one for one in changes if one.is_open and one.state != State.DRAFT],
        "delivered": delivered,
        "drift": drift,
        "may_ask": request.user.may(Verb.ASK, gateway),
        "targets": targets_of(request.user, gateway) if resource else [],
        "promoted": urlencode({"pick": f"{wanted.name}/{resource_id}"}),
    }
    return render(request, "gateways/resource.html", context)
