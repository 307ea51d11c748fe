"""How the delivery of a change fares, as its open page asks again and again."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET
from django_htmx.http import trigger_client_event

from portal.changes.models import Delivery, DeliveryState
from portal.web.changes.change import visible_change
from portal.web.changes.delivered import delivered_of, mark_of
from portal.web.pages import PersonRequest, page, wants_fragment

# What the rest of the page listens for.
ENDED = "delivery-ended"


@require_GET
@page
def delivery_part(request: PersonRequest, number: int) -> HttpResponse:
    """Answer with how the items fare now, or that nothing is new; else show the page.

    Once the delivery is not being written any more the whole page has news.
    """
    change = visible_change(request, number)
    if not wants_fragment(request):
        return redirect(change)
    delivery = (
        Delivery.objects.filter(revision__change=change)
        .select_related("revision")
        .order_by("-pk")
        .first()
    )
    if delivery is None or delivery.state != DeliveryState.SENDING:
        return trigger_client_event(HttpResponse(status=204), ENDED)
    mark = mark_of(delivery)
    seen, _, heard = request.GET.get("seen", "").partition(".")
    if seen == mark:
        return HttpResponse(status=204)
    delivered = delivered_of(delivery, request, mark)
    context = {
        "change": change,
        "delivered": delivered,
        "is_heard": heard == delivered.heard_mark,
    }
    return render(request, "changes/_delivery_news.html", context)
