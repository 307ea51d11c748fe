"""Ask to undo an applied change."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.roles import Verb
from portal.api.operation import filing, in_path
from portal.api.views.base import ApiView, checked
from portal.api.views.filing import filed_answer, idempotency_key
from portal.callers import conversation_of
from portal.changes.rollback import rollback
from portal.wire.inputs.rollback import RollbackBody
from portal.wire.operations.changes import NUMBER, find


class RollbackChange(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}

    @filing(
        "rollbackChange",
        summary="Ask to undo an applied change",
        description="Files a change that restores what an applied one replaced. It is reviewed and "
        "delivered like any other. Refused with reasons where somebody wrote to the same since.",
        parameters=[in_path(NUMBER)],
        body=RollbackBody,
        body_example={"reason": "The speakers' page fails since."},
    )
    def post(self, request: Request, number: int) -> Response:
        change = find(number, self.actor)
        body = checked(RollbackBody, request)
        return filed_answer(
            rollback(
                change,
                reason=body["reason"],
                actor=self.actor,
                idempotency_key=idempotency_key(request, body.get("idempotency_key")),
                conversation=conversation_of(request._request),
            )
        )
