"""What one gateway holds, asked for on another."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import operation, path_id
from portal.api.views.base import ApiView, checked
from portal.api.views.filing import filed_answer, idempotency_key
from portal.callers import conversation_of
from portal.changes.promote import PromotionAsked, preview_promotion, promote
from portal.wire import examples
from portal.wire.answers.changes import previewed
from portal.wire.answers.promote import named
from portal.wire.answers.shapes import Filed, PromotionPreview
from portal.wire.inputs.promote import PromoteBody
from portal.wire.operation import ONE
from portal.wire.operations.changes import find

SLUG_PARAMETER = path_id("slug", "The target gateway, see listGateways.", "production")


class Promote(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}

    @operation(
        "promoteToGateway",
        summary="Ask for what another gateway holds",
        description="Files one change that brings resources of another gateway, or all that "
        "one of its applied changes touched, to this one. Hosts and nodes are mapped by the "
        "gateways' variables. With preview nothing is stored.",
        parameters=[SLUG_PARAMETER],
        body=PromoteBody,
        body_example={
            "from": "staging",
            "items": [{"kind": "route", "id": "conference"}],
            "reason": examples.REASON,
        },
        errors=(*ONE, 409, 422),
        status=202,
        answer=Filed,
        answer_words="Filed for review; not live yet.",
        answer_example=examples.FILED,
        also={200: (PromotionPreview, "With preview: what it would do.")},
        consequential=True,
    )
    def post(self, request: Request, slug: str) -> Response:
        body = checked(PromoteBody, request)
        number = body.get("change")
        asked = PromotionAsked(
            target=choose_gateway(slug, actor=self.actor),
            source=choose_gateway(body["from"], actor=self.actor, field="from"),
            picked=tuple((one["kind"], one["id"]) for one in body.get("items", ())),
            change=find(number, self.actor, field="change") if number else None,
            with_references=body.get("with_references", True),
            reason=body.get("reason", ""),
            title=body.get("title", ""),
            idempotency_key=idempotency_key(request, body.get("idempotency_key")),
            conversation=conversation_of(request._request),
        )
        if not body.get("preview"):
            return filed_answer(promote(asked, actor=self.actor))
        plan, brought = preview_promotion(asked, actor=self.actor)
        told = {"along": named(brought.along), "there": named(brought.there)}
        return Response(previewed(plan) | told)
