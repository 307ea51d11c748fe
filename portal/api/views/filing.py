"""What a request says beside its body, and how one that filed a change is answered."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from portal import callers
from portal.changes.propose import Proposed
from portal.wire import operation
from portal.wire.filing import one_key
from portal.wire.operation import Answer, Given


def given_by(request: Request, body: Any = None, **path: Any) -> Given:
    """Return what the request brings to an operation."""
    return Given(
        path=path,
        query=request.query_params,
        body=body,
        idempotency_key=request.headers.get("Idempotency-Key", ""),
        conversation=callers.conversation_of(request._request),
    )


def idempotency_key(request: Request, given: str | None) -> str:
    """Return the key from the header or the field. Raises Malformed if they differ."""
    return one_key(request.headers.get("Idempotency-Key", ""), given)


def filed_answer(proposed: Proposed, **more: Any) -> Response:
    """Answer 202 with the change; `more` is what else there is to tell."""
    return answered(operation.filed_answer(proposed, **more), 202)


def answered(answer: Answer, status: int) -> Response:
    """Answer, and say where the change is and whether it had been filed before."""
    headers = {}
    if answer.proposed is not None:
        headers["Location"] = f"/api/changes/{answer.proposed.change.number}"
        if answer.proposed.is_replay:
            headers["Idempotent-Replayed"] = "true"
    return Response(answer.body, status=status, headers=headers)
