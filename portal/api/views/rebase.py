"""Bring one's own change up to date with its gateway."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.roles import Verb
from portal.api.operation import filing, in_path
from portal.api.views.base import ApiView, checked
from portal.changes.rebase import rebase
from portal.wire.answers.changes import filed
from portal.wire.inputs.rebase import RebaseBody
from portal.wire.operations.changes import NUMBER, find


class RebaseChange(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}

    @filing(
        "rebaseChange",
        summary="Join one's own change with what is live now",
        description="Makes a new revision, to be reviewed anew, of a change that the gateway "
        "overtook. Where both changed the same it answers 409 with collisions "
        "{choice, base, wanted, live}: send choices, mine or theirs.",
        parameters=[in_path(NUMBER)],
        body=RebaseBody,
        body_example={"choices": {"items.0.plugins.limit-count.count": "mine"}},
    )
    def post(self, request: Request, number: int) -> Response:
        change = find(number, self.actor)
        body = checked(RebaseBody, request)
        rebase(change, actor=self.actor, choices=body.get("choices"))
        return Response(filed(find(number, self.actor)), status=202)
