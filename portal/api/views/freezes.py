"""Freezes: when nothing is delivered to a gateway."""

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import operation
from portal.api.views.base import ApiView
from portal.api.views.drift import SLUG_PARAMETER
from portal.changes.models import Freeze
from portal.wire import examples
from portal.wire.answers.fit import page_of
from portal.wire.answers.freezes import FreezePage, told
from portal.wire.inputs.query import PageQuery, page_size
from portal.wire.operation import ONE
from portal.wire.paging import make_cursor, read_cursor


class Freezes(ApiView):
    @operation(
        "listFreezes",
        summary="List when nothing is delivered to a gateway",
        description="Freezes that hold now or will: whatever is approved waits for their end. "
        "Each with its next windows. Only people begin, end or set one aside, in the portal.",
        parameters=[SLUG_PARAMETER, PageQuery],
        errors=ONE,
        answer=FreezePage,
        answer_words="A page of freezes, the newest first.",
        answer_example=examples.page(
            {
                "id": 3,
                "reach": "all gateways",
                "reason": "Nobody is in over the holidays.",
                "holds_now": False,
                "cron": "",
                "time_zone": "Europe/Berlin",
                "windows": [
                    {"start": "2026-12-23T17:00:00Z", "end": "2027-01-04T07:00:00Z"}
                ],
                "made_by": "admin",
            },
            gateway="default",
        ),
        consequential=False,
    )
    def get(self, request: Request, slug: str) -> Response:
        query = PageQuery.of(request.query_params)
        after = read_cursor("freezes", query.get("cursor"))
        gateway = choose_gateway(slug, actor=self.actor)
        rows = Freeze.objects.in_force().on(gateway).order_by("-pk")
        if after is not None:
            rows = rows.filter(pk__lt=after)
        limit = page_size(query)
        results, last = page_of(
            rows.select_related("gateway", "made_by")[: limit + 1],
            limit=limit,
            shape=told,
            key=lambda freeze: freeze.pk,
        )
        return Response(
            {
                "gateway": gateway.slug,
                "results": results,
                "next": make_cursor("freezes", last),
                "as_of": None,
            }
        )
