"""The signed heads of the ledger: to take away and keep elsewhere."""

from datetime import date

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from portal.audit.heads import public_pem
from portal.audit.models import AuditHead, SigningKey
from portal.web.pages import PersonRequest, listed, page


@require_GET
@page
def heads_page(request: PersonRequest) -> HttpResponse:
    """List the heads, newest first, and the keys that signed them."""
    keys = [(key, public_pem(key)) for key in SigningKey.objects.order_by("-pk")]
    heads = AuditHead.objects.select_related("key")
    context = {"list": listed(heads, request, "id"), "keys": keys}
    return render(request, "audit/heads.html", context)


@require_GET
@page
def head_file(request: PersonRequest, day: str) -> HttpResponse:
    """Answer one head as the file that is kept elsewhere."""
    try:
        asked = date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    head = get_object_or_404(AuditHead.objects.select_related("key"), day=asked)
    name = f"audit-head-{head.day}.json"
    return JsonResponse(
        head.told(),
        json_dumps_params={"indent": 2},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
