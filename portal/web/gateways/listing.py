"""The gateways somebody may see."""

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from gateway.models import Gateway, Resource
from portal.accounts.errors import NotAllowed
from portal.accounts.roles import Verb
from portal.changes.models import ChangeRequest
from portal.drift.models import Drift
from portal.web.pages import Listed, PersonRequest, listed, page


def visible_gateway(request: PersonRequest, slug: str) -> Gateway:
    """Return a gateway that this person may read, its `open_drifts` counted, else 404.

    Raises NotAllowed for one that is retired.
    """
    drifts = Drift.objects.open().filter(gateway=OuterRef("pk")).order_by()
    counted = drifts.values("gateway").annotate(count=Count("pk")).values("count")
    gateway = (
        request.user.gateways(Verb.READ)
        .filter(slug=slug)
        .annotate(open_drifts=Coalesce(Subquery(counted), 0))
        .first()
    )
    if gateway is not None:
        return gateway
    retired = get_object_or_404(Gateway.objects.exclude(retired_at=None), slug=slug)
    if request.user.may(Verb.READ, retired):
        raise NotAllowed(retired.out_of_service)
    raise Http404(gettext("There is no such gateway that you may see."))


@require_GET
@page
def gateways_page(request: PersonRequest) -> HttpResponse:
    """List the gateways this person may see, and whether they are well."""
    found = listed(request.user.gateways(), request, "slug", ascending=True)
    counts = dict(
        Resource.objects.filter(gateway__in=[g.pk for g in found.rows])
        .order_by()
        .values_list("gateway")
        .annotate(count=Count("pk"))
    )
    open_changes = dict(
        ChangeRequest.objects.visible_to(request.user)
        .open()
        .filter(gateway__in=[g.pk for g in found.rows])
        .order_by()
        .values_list("gateway")
        .annotate(count=Count("pk"))
    )
    drifts = Drift.objects.open().by_gateway(found.rows)
    rows = [
        {
            "gateway": gateway,
            "drifts": drifts.get(gateway.pk, 0),
            "resources": counts.get(gateway.pk, 0),
            "open_changes": open_changes.get(gateway.pk, 0),
        }
        for gateway in found.rows
    ]
    context = {
        "list": Listed(rows, found.older, found.newer),
        "tells": request.user.may_anywhere(Verb.ADMINISTER),
    }
    return render(request, "gateways/list.html", context)
