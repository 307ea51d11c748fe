"""What a gateway holds, as last seen: in lists, and one resource with all that was done to it."""

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from gateway.kinds import KIND_BY_PATH, Kind
from gateway.models import Resource
from portal.accounts.roles import Verb
from portal.changes.models import ChangeRequest, Delivery, Item
from portal.changes.states import State
from portal.drift.models import Drift
from portal.web.gateways.applies import applies_to
from portal.web.gateways.glance import row_of, rows_of
from portal.web.gateways.history import history_of
from portal.web.gateways.kinds import kinds_of
from portal.web.gateways.listing import visible_gateway
from portal.web.gateways.looked_for import LookedFor, choices_of
from portal.web.gateways.related import relations_of
from portal.web.pages import (
    Listed,
    PersonRequest,
    listed,
    page,
    wants_fragment,
)
from portal.web.targets import targets_of

SHOWN_CHANGES = 20


def _kind(path: str) -> Kind:
    if path not in KIND_BY_PATH:
        raise Http404(
            gettext("There is no kind of resource called %(path)s.")
            % {"path": path[:40]}
        )
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
        "list": Listed(rows_of(gateway, found.rows), found.older, found.newer),
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
        raise Http404(
            gettext("%(wanted)s %(resource_id)s is not known here.")
            % {"wanted": wanted.title, "resource_id": resource_id[:80]}
        )
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
    applies = (
        applies_to(gateway, resource) if resource and wanted.name == "route" else None
    )
    context = {
        "gateway": gateway,
        "kind": wanted,
        "id": resource_id,
        "resource": resource,
        "row": row_of(resource, list(applies.hosts) if applies else None)
        if resource
        else None,
        "applies": applies,
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
