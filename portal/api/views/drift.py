"""Drift: what somebody did to a gateway outside of Gatehouse, and asking to undo it."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actor import Actor
from portal.accounts.errors import NotPresent
from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import filing, operation, path_id
from portal.api.views.base import ApiView, checked
from portal.api.views.filing import filed_answer
from portal.drift.errors import NoSuchDrift
from portal.drift.models import Drift, DriftState
from portal.drift.resolve import revert
from portal.wire import examples
from portal.wire.answers.drift import DriftPage, told
from portal.wire.answers.fit import page_of
from portal.wire.inputs.drift import DriftsQuery, ResolveBody
from portal.wire.inputs.query import Query, page_size
from portal.wire.operation import ONE
from portal.wire.operations.changes import LARGEST
from portal.wire.paging import make_cursor, read_cursor

SLUG_PARAMETER = path_id("slug", "The gateway's slug, see listGateways.", "default")
DRIFT = {
    "id": 7,
    "kind": "route",
    "resource_id": examples.ROUTE_ID,
    "what": "altered",
    "diff": [
        {
            "path": "uri",
            "op": "change",
            "words": "uri: /speaker/* → /*",
            "before": "/speaker/*",
            "after": "/*",
        }
    ],
    "state": "open",
    "owner": "events",
    "first_seen": examples.AS_OF,
    "last_seen": examples.AS_OF,
    "change": None,
    "url": "https://gatehouse.example.com/gateways/default/drift/7/",
}


class Drifts(ApiView):
    @operation(
        "listDrift",
        summary="List what was changed outside of Gatehouse",
        description="Resources of a gateway that are not as they were last approved or accepted, "
        "newest first: what was done, field by field, and whether anybody resolved it.",
        parameters=[SLUG_PARAMETER, DriftsQuery],
        errors=ONE,
        answer=DriftPage,
        answer_words="A page of drifts.",
        answer_example=examples.page(DRIFT, gateway="default"),
        consequential=False,
    )
    def get(self, request: Request, slug: str) -> Response:
        query = DriftsQuery.of(request.query_params)
        after = read_cursor("drift", query.get("cursor"))
        gateway = choose_gateway(slug, actor=self.actor)
        rows = Drift.objects.shown().filter(gateway=gateway).order_by("-pk")
        if (state := query.get("state", DriftState.OPEN)) != "all":
            rows = rows.filter(state=state)
        if after is not None:
            rows = rows.filter(pk__lt=after)
        limit = page_size(query)
        results, last = page_of(
            rows[: limit + 1], limit=limit, shape=told, key=lambda drift: drift.pk
        )
        return Response(
            {
                "gateway": gateway.slug,
                "results": results,
                "next": make_cursor("drift", last),
                "as_of": gateway.mirrored_at,
            }
        )


class OneDrift(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}

    @filing(
        "resolveDrift",
        summary="Ask to undo what was changed outside of Gatehouse",
        description="revert files a change that restores what was approved; it is reviewed like "
        "any other. adopt and ignore are refused: only a person in the portal decides that.",
        parameters=[SLUG_PARAMETER, path_id("id", "The drift's id.", 7, type=int)],
        body=ResolveBody,
        body_example={"action": "revert", "reason": "Nobody approved it."},
    )
    def post(self, request: Request, slug: str, id: int) -> Response:
        Query.of(request.query_params)
        drift = find(slug, id, self.actor)
        body = checked(ResolveBody, request)
        if body["action"] != "revert":
            raise NotPresent(
                f"Only a person signed in to the portal can {body['action']} a drift: "
                f"{told(drift)['url']}. A program may ask to revert it.",
                field="action",
            )
        return filed_answer(revert(drift, reason=body["reason"], actor=self.actor))


def find(slug: str, id: int, actor: Actor) -> Drift:
    """Return the drift if the actor may see its gateway. Raises NotVisible, NoSuchDrift."""
    gateway = choose_gateway(slug, actor=actor)
    rows = Drift.objects.shown().filter(gateway=gateway)
    drift = rows.filter(pk=id).first() if id <= LARGEST else None
    if drift is None:
        raise NoSuchDrift(
            f"Gateway {gateway.slug} has no drift {id}. Look it up in listDrift.",
            field="id",
        )
    return drift
