"""One gateway at a glance: is it well, what does it hold, what is under way."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from gateway.models import Gateway
from portal.accounts.models import PolicyChange, PolicyChangeQuerySet
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.freezes import frozen
from portal.changes.models import ChangeRequest
from portal.changes.offered import read_again
from portal.web.gateways.certificates import certificates_of, expiring
from portal.web.gateways.kinds import kinds_of
from portal.web.gateways.listing import visible_gateway
from portal.web.pages import PersonRequest, page

SHOWN_CHANGES = 6
SHOWN_CERTIFICATES = 4
SHOWN_POLICY = 5


@require_GET
@page
def gateway_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Show what somebody who comes to a gateway looks for first."""
    gateway = visible_gateway(request, slug)
    certificates = certificates_of([gateway], timezone.now())
    verbs = request.user.verbs_on(gateway)
    context = {
        "gateway": gateway,
        "kinds": kinds_of(gateway),
        "changes": ChangeRequest.objects.visible_to(request.user)
        .filter(gateway=gateway)
        .with_people()
        .order_by("-number")[:SHOWN_CHANGES],
        "frozen": frozen(gateway),
        "certificates": len(certificates),
        "expiring": expiring(certificates)[:SHOWN_CERTIFICATES],
        "policy": _waiting_policy(gateway)
        if verbs & {Verb.ADMINISTER, Verb.EXPORT}
        else (),
        "may_ask": Verb.ASK in verbs,
        "may_operate": Verb.OPERATE in verbs,
    }
    return render(request, "gateways/overview.html", context)


def _waiting_policy(gateway: Gateway) -> PolicyChangeQuerySet:
    return (
        PolicyChange.objects.open().filter(gateway=gateway).with_people()[:SHOWN_POLICY]
    )


@require_POST
@page
def read_schemas(request: PersonRequest, slug: str) -> HttpResponse:
    """Have what the gateway offers read again."""
    gateway = visible_gateway(request, slug)
    schemas = read_again(gateway, actor=present_actor(request))
    messages.success(
        request,
        gettext("Read %(kinds)s kinds and %(plugins)s plugins of APISIX %(version)s.")
        % {
            "kinds": len(schemas.kinds),
            "plugins": len(schemas.plugins),
            "version": schemas.version,
        },
    )
    return redirect("web:gateway", slug=slug)
